/** The table of `bench scaling`, line by line, in thousands of tokens per second. */
import type { ScalingRow } from './scaling-bench.ts';
import type { Timing } from './step-bench.ts';

const WIDTH = 24;

/** The heading of the table. */
export function scalingHead(workers: number, hasPeer: boolean): string {
  const columns = [
    ...['micro-batches each', `${workers} workers`, `${workers} runs apart`, 'of it'],
    ...(hasPeer ? ['DDP over gloo', 'times as fast'] : []),
  ];
  return columns
    .map((name) => name.padEnd(WIDTH))
    .join('')
    .trimEnd();
}

/** One row of the table. */
export function scalingLine({ microBatchesEach, together, apart, ddp }: ScalingRow): string {
  const cells = [
    String(microBatchesEach),
    describe(together),
    describe(apart),
    (together.median / apart.median).toFixed(2),
    ...(ddp === undefined ? [] : [describe(ddp), (together.median / ddp.median).toFixed(2)]),
  ];
  return cells
    .map((cell) => cell.padEnd(WIDTH))
    .join('')
    .trimEnd();
}

function describe({ median, minimum, maximum }: Timing): string {
  const thousands = (tokens: number) => (tokens / 1000).toFixed(0);
  return `${thousands(median)} (${thousands(minimum)}…${thousands(maximum)})`;
}
