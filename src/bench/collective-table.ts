/** The table of `bench collective`, line by line. */
import { type CollectiveRow, GLOO, OURS } from './collective-bench.ts';
import { describeTiming } from './step-table.ts';

const WIDTH = 26;

/** The heading of the table. */
export function collectiveHead(hasPeer: boolean): string {
  const names = hasPeer ? [OURS, GLOO] : [OURS];
  const columns = names.map((name) => `${name}, ms`.padEnd(WIDTH)).join('');
  return `${'bytes'.padEnd(12)}${columns}${hasPeer ? 'times as fast' : ''}`.trimEnd();
}

/** One row of the table. */
export function collectiveLine({ bytes, timings }: CollectiveRow): string {
  const { [OURS]: ours, [GLOO]: gloo } = timings;
  const cells = [ours, gloo].flatMap((timing) =>
    timing ? [describeTiming(timing, 2).padEnd(WIDTH)] : [],
  );
  const ratio = gloo === undefined ? '' : (gloo.median / ours!.median).toFixed(2);
  return `${String(bytes).padEnd(12)}${cells.join('')}${ratio}`.trimEnd();
}
