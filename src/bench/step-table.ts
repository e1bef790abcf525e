/** The table of `bench step`, line by line. */
import {
  COMPILED,
  EAGER,
  PYTORCH,
  PYTORCH_COMPILED,
  type StepReport,
  type StepRow,
  speedOver,
  type Timing,
} from './step-bench.ts';
import { describeShape } from './step-shapes.ts';

const COLUMNS = [COMPILED, EAGER, PYTORCH, PYTORCH_COMPILED];
const WIDTH = 30;

/** The heading of the table. */
export function tableHead(hasPeer: boolean): string {
  const names = columnsOf(hasPeer).map((name) => `${name}, ms, peak MB`.padEnd(WIDTH));
  return `${'model'.padEnd(11)}${'shape'.padEnd(15)}threads  ${names.join('')}tokens/s  of peak`;
}

/** One row of the table. */
export function tableLine({ shape, threads, timings, peakBytes, ...row }: StepRow): string {
  const cells = COLUMNS.flatMap((name) => {
    const timing = timings[name];
    return timing === undefined
      ? []
      : [`${describeTiming(timing)} ${megabytes(peakBytes[name]!)}`.padEnd(WIDTH)];
  });
  const speed = Math.round(row.tokensPerSecond / 1e3);
  return `${shape.model.padEnd(11)}${describeShape(shape).padEnd(15)}${String(threads).padEnd(9)}${cells.join('')}${`${speed} k`.padEnd(10)}${Math.round(100 * row.shareOfPeak)} %`;
}

/** The lines below the table: speeds compared, and the machine's limits. */
export function tableFoot({ rows, limits, engine, pytorch }: StepReport): string[] {
  const ratios = COLUMNS.slice(1).flatMap((name) => {
    const ratio = speedOver(rows, name);
    if (ratio === undefined) return [];
    const [mean, minimum] = [ratio.mean.toFixed(2), ratio.minimum.toFixed(2)];
    return [`compiled against ${name}: ${mean}× (geometric mean), at least ${minimum}×`];
  });
  const machine = Object.entries(limits).map(([threads, { flopsPerSecond, bytesPerSecond }]) => {
    const [flops, bytes] = [flopsPerSecond, bytesPerSecond].map((rate) => Math.round(rate / 1e9));
    return `limits with ${threads} thread${threads === '1' ? '' : 's'}: ${flops} GFLOP/s, ${bytes} GB/s`;
  });
  const versions = [engine.engineVersion, engine.instructionSet, `Node ${engine.node}`];
  if (pytorch !== undefined) versions.push(`PyTorch ${pytorch}`);
  return [...ratios, ...machine, versions.join(', ')];
}

function columnsOf(hasPeer: boolean): string[] {
  return hasPeer ? COLUMNS : COLUMNS.slice(0, 2);
}

const megabytes = (bytes: number) => String(Math.round(bytes / 1e6));

/** "median (minimum … maximum)". */
export function describeTiming({ median, minimum, maximum }: Timing, decimals = 1): string {
  const [middle, least, most] = [median, minimum, maximum].map((ms) => ms.toFixed(decimals));
  return `${middle} (${least}…${most})`;
}
