/** The text of `bench faults`: one line after each fault, then the table of faults and causes. */
import type { FaultReport, InjectedFault } from './fault-bench.ts';
import { INJECTED, INJECTED_NAMES, type InjectedName } from './fault-kinds.ts';

const NAME_WIDTH = 20;
const TIMES_WIDTH = 22;

/** The line after one fault. */
export function injectedLine({ fault, slot, named, isRight, pauseMs }: InjectedFault): string {
  const whom = named.slots.length === 0 ? '' : ` (${named.slots.join(', ')})`;
  const pause = pauseMs === null ? 'the run ended' : `${seconds(pauseMs)} s without a step`;
  const verdict = isRight ? '' : '  ← another cause or worker';
  const injected = fault.endsWith('coordinator') ? fault : `${fault}, worker ${slot}`;
  return `${injected}: ${pause}; the log names: ${named.cause}${whom}${verdict}`;
}

/** The table of faults and causes. */
export function faultTable({ injected }: FaultReport): string[] {
  const head = `${'fault'.padEnd(NAME_WIDTH)}count   ${'without a step, s'.padEnd(TIMES_WIDTH)}the log names`;
  const rows = INJECTED_NAMES.flatMap((fault) => {
    const ofKind = injected.filter((one) => one.fault === fault);
    return ofKind.length === 0 ? [] : [rowOf(fault, ofKind)];
  });
  return [head, ...rows];
}

/** The last lines: whether all causes and states were right. */
export function faultVerdict({ injected, runs, steps, different }: FaultReport): string[] {
  const right = injected.filter(({ isRight }) => isRight).length;
  const share = ((100 * right) / injected.length).toFixed(0);
  return [
    'without a step: median, nine of ten within, at most',
    `${right} of ${injected.length} faults (${share} %) were named by their cause and worker`,
    different === 0
      ? `all ${runs} runs, ${steps} steps, ended in the state of undisturbed ones`
      : `${different} of ${runs} runs ended in ANOTHER state than undisturbed ones`,
  ];
}

function rowOf(fault: InjectedName, injected: readonly InjectedFault[]): string {
  const times = injected.flatMap(({ pauseMs }) => pauseMs ?? []).sort((a, b) => a - b);
  const at = (part: number) =>
    seconds(times[Math.min(times.length - 1, Math.floor(part * times.length))]!);
  const cells = times.length === 0 ? 'ends' : [at(0.5), at(0.9), at(1)].join(', ');
  return `${fault.padEnd(NAME_WIDTH)}${String(injected.length).padEnd(8)}${cells.padEnd(TIMES_WIDTH)}${causes(injected)}`;
}

function causes(injected: readonly InjectedFault[]): string {
  const counts = new Map<string, number>();
  for (const { named, isRight, fault } of injected) {
    const isSame = isRight || named.cause !== causeOf(fault);
    const text = isSame ? named.cause : `${named.cause} of another worker`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `${text} ${count}`).join(', ');
}

const causeOf = (fault: InjectedName) => INJECTED[fault].cause;

const seconds = (ms: number): string => (ms / 1000).toFixed(2);
