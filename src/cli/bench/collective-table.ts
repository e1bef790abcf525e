/** The table of `bench collective`, a line at a time. */
import { type CollectiveRow, GLOO, OURS } from './collective-bench.ts';
import type { Timing } from './step-bench.ts';

const WIDTH = 26;

export function collectiveHead(hasPeer: boolean): string {
  const names = hasPeer ? [OURS, GLOO] : [OURS];
  const columns = names.map((name) => `${name}, ms`.padEnd(WIDTH)).join('');
  return `${'bytes'.padEnd(12)}${columns}${hasPeer ? 'times as fast' : ''}`.trimEnd();
}

export function collectiveLine({ bytes, timings }: CollectiveRow): string {
  const { [OURS]: ours, [GLOO]: gloo } = timings;
  const cells = [ours, gloo].flatMap((timing) => (timing ? [describe(timing).padEnd(WIDTH)] : []));
  const ratio = gloo === undefined ? '' : (gloo.median / ours!.median).toFixed(2);
  return `${String(bytes).padEnd(12)}${cells.join('')}${ratio}`.trimEnd();
}

function describe({ median, minimum, maximum }: Timing): string {
  return `${median.toFixed(2)} (${minimum.toFixed(2)}…${maximum.toFixed(2)})`;
}
