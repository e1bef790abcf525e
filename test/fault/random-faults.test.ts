/**
 * Real processes under one random fault after the other: SIGKILL of one worker or of several, a short and a long
 * SIGSTOP, at any moment, also while the last one is being dealt with. In the end the state is that of an
 * undisturbed run. `npm run test:faults` strikes 200 times; LOCKSTEP_SEED names the faults.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedState, FakeRunProcess } from '../../src/cli/bench/faults/fake-run.ts';
import { randomStream } from '../../src/core/random.ts';

const FAULTS = Number(process.env.LOCKSTEP_FAULTS ?? 6);
const SEED = Number(process.env.LOCKSTEP_SEED ?? 1);
const SHORT_STOP_MS = 800;

const random = randomStream(SEED, 'synthetic');
let draws = 0;
const below = (count: number): number => Math.floor(random.uniform(draws++) * count);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (thrown) {
    // It has ended meanwhile.
    assert.equal((thrown as NodeJS.ErrnoException).code, 'ESRCH');
  }
}

const lastStep = (run: FakeRunProcess): number => {
  const line = run.lines.findLast(({ kind }) => kind === 'step');
  return line?.kind === 'step' ? line.step : -1;
};

async function strike(run: FakeRunProcess): Promise<string> {
  const pids = run.newestPids;
  const victim = pids[below(pids.length)]!;
  const kind = below(6);
  if (kind === 0) {
    for (const pid of pids) if (below(3) > 0) signal(pid, 'SIGKILL');
    return 'kill of several';
  }
  if (kind === 1) {
    signal(victim, 'SIGSTOP');
    await pause(SHORT_STOP_MS);
    signal(victim, 'SIGCONT');
    return 'short stop';
  }
  signal(victim, kind === 2 ? 'SIGSTOP' : 'SIGKILL');
  return kind === 2 ? 'stop' : 'kill';
}

test(`${FAULTS} random faults change no bit`, { timeout: 120_000 + FAULTS * 20_000 }, async (t) => {
  const run = new FakeRunProcess({
    ...{ workers: 3, totalSteps: 1_000_000, stepMs: 10, microBatches: 4, length: 200 },
    ...{ saveEverySteps: 5, healthyMs: 0, elasticity: { maxRestarts: 3, minWorkers: 1 } },
  });
  try {
    await run.line('step', ({ step }) => step >= 3);
    const struck = new Map<string, number>();
    for (let fault = 0; fault < FAULTS; fault++) {
      const kind = await strike(run);
      struck.set(kind, (struck.get(kind) ?? 0) + 1);
      // Every other fault strikes while the one before is being dealt with.
      await pause(below(2) * below(400));
      const before = lastStep(run);
      if (fault % 2 === 1) await run.line('step', ({ step }) => step >= before + 3);
    }
    const reached = lastStep(run);
    await run.line('step', ({ step }) => step >= reached + 3);
    run.process.kill('SIGTERM');
    assert.equal(await run.exit(), 143, run.stderr);
    const { outcome } = await run.line('outcome');
    assert.equal(outcome.stateHash, expectedState(run.run, outcome.step));
    await run.nothingIsLeft();
    t.diagnostic(`struck: ${JSON.stringify(Object.fromEntries(struck))}; ${recoveries(run)}`);
  } finally {
    await run.cleanUp();
  }
});

/** How long it took from a loss to the next finished step, from the run's own log. */
function recoveries(run: FakeRunProcess): string {
  const times = run.lines
    .flatMap((line) => (line.kind === 'status' ? [line.text] : []))
    .flatMap((text) => /was finished (\d+) ms after the loss/.exec(text)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(part * times.length))];
  return `${times.length} recoveries: median ${at(0.5)} ms, nine of ten within ${at(0.9)} ms, at most ${at(1)} ms`;
}
