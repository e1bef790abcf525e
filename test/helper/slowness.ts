/** How slow this machine is just now, so that deadlines of tests fit it. */

/** Of computing, what is measured: long enough for other processes to get their turns. */
const SAMPLE_CPU_MS = 40;
/** What a deadline must allow for however idle the machine seems to be when it is set. */
const LEAST = 2;

/**
 * Milliseconds on the clock for each millisecond of computing, at least 1: about 5 with ten busy processes on two cores.
 */
export function slowness(): number {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  let cpuMs = 0;
  while (cpuMs < SAMPLE_CPU_MS) {
    const { user, system } = process.cpuUsage(before);
    cpuMs = (user + system) / 1_000;
  }
  return Math.max(1, (performance.now() - startedMs) / cpuMs);
}

/** @param ms enough by far on an idle machine */
export const deadline = (ms: number): number => Math.ceil(ms * Math.max(LEAST, slowness()));
