/** The figures of `bench data` as Markdown. */
import { formatCount } from '../../core/format.ts';
import type { ImportRow } from './import-bench.ts';
import type { LengthRange } from './lengths.ts';
import { BUDGET, type PaddingRow } from './padding-bench.ts';
import type { PipelineReport } from './pipeline-bench.ts';
import type { PlanAnswer } from './plan-program.ts';

const ABSENT = 'not measured: no Python that has the module';

export function importTable(rows: readonly ImportRow[]): string {
  const megabytes = (sizeBytes: number, seconds: number) => (sizeBytes / 1e6 / seconds).toFixed(0);
  return table(
    [
      'file',
      'MB',
      'read, MB/s',
      'import, MB/s',
      'import, million values/s',
      'peak MB',
      'beside it',
      'MB/s',
    ],
    rows.map((row) => [
      row.format,
      (row.sizeBytes / 1e6).toFixed(0),
      megabytes(row.sizeBytes, row.readSeconds),
      megabytes(row.sizeBytes, row.importSeconds),
      (row.values / 1e6 / row.importSeconds).toFixed(1),
      (row.peakBytes / 1e6).toFixed(0),
      row.peer?.reader ?? ABSENT,
      row.peer === undefined ? '' : megabytes(row.sizeBytes, row.peer.seconds),
    ]),
  );
}

export function planTable(sequences: number, plan: PlanAnswer): string {
  return table(
    ['plan', 'first step, s', 'later steps, ms', 'peak MB'],
    [
      [
        `${formatCount(sequences)} sequences`,
        (plan.firstStepMs / 1000).toFixed(2),
        plan.laterStepMs.toFixed(3),
        (plan.peakBytes / 1e6).toFixed(0),
      ],
    ],
  );
}

export function paddingTable(
  sequences: number,
  { minimum, maximum }: LengthRange,
  rows: readonly PaddingRow[],
): string {
  const head = `batches of ${formatCount(sequences)} sequences of ${minimum}…${maximum} timesteps, budget ${BUDGET}`;
  return table(
    [head, 'padding', 'batches', 'largest batch, budgets', 'other neighbours each epoch'],
    rows.map(({ rule, padding, batches, largest, mixes }) => [
      rule,
      percent(padding),
      String(batches),
      largest.toFixed(2),
      mixes ? 'yes' : 'no',
    ]),
  );
}

export function pipelineTable(sequences: number, report: PipelineReport): string {
  const { model, lockstep, formulations, waiting, peer } = report;
  const speed = ({ median, minimum, maximum }: PipelineReport['lockstep']) =>
    [median, minimum, maximum].map((tokens) => (tokens / 1000).toFixed(0));
  const line = (name: string, timing: PipelineReport['lockstep'], wait: string) => {
    const [median, least, most] = speed(timing);
    return [name, `${median} (${least} … ${most})`, wait];
  };
  const rows = [line(`Lockstep train, 1 worker: ${formulations}`, lockstep, percent(waiting))];
  if (peer === undefined) rows.push(['PyTorch', ABSENT, '']);
  else {
    const ratio = lockstep.median / peer.tokensPerSecond.median;
    rows.push(line(`PyTorch ${peer.version}, sorted batches`, peer.tokensPerSecond, ''));
    rows.push(['Lockstep ÷ PyTorch', ratio.toFixed(2), '']);
  }
  const head = `${model} network, ${formatCount(sequences)} sequences, one thread`;
  return table([head, 'thousand real tokens/s: median (least … most)', 'waits for data'], rows);
}

export function waitTable(waiting: number): string {
  return table(['quickstart', 'waits for data'], [['pretraining, 2 workers', percent(waiting)]]);
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')));
  return [line(head), rule, ...rows.map(line), ''].join('\n');
}
