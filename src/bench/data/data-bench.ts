/** `lockstep bench data`: imports, the plan of a large dataset, padding, the whole pipeline, and waiting for data. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import type { BenchModel } from '../step-shapes.ts';
import { importTable, paddingTable, pipelineTable, planTable, waitTable } from './data-tables.ts';
import { benchImports, type ImportRow } from './import-bench.ts';
import { FULL_RANGE, logUniformLengths } from './lengths.ts';
import { benchPadding } from './padding-bench.ts';
import { benchPipeline } from './pipeline-bench.ts';
import type { PlanAnswer } from './plan-program.ts';
import { quickstartWait } from './quickstart-wait.ts';
import { askProgram } from './run-program.ts';

/** The five parts. */
export const DATA_PARTS = ['import', 'plan', 'padding', 'pipeline', 'wait'] as const;
export type DataPart = (typeof DATA_PARTS)[number];

export interface DataBenchOptions {
  readonly parts: readonly DataPart[];
  /** Small sizes: to see that it runs, not for figures. */
  readonly quick: boolean;
  readonly model: BenchModel;
  /** Turns of the pipeline. */
  readonly rounds: number;
  /** A Python with pandas, pyarrow, Biopython or torch; those that it lacks are left out. */
  readonly python?: string | undefined;
}

const FULL = {
  fileBytes: 128 * 2 ** 20,
  planned: 100_000_000,
  padded: 100_000,
  pipeline: { sequences: 100_000, lengths: FULL_RANGE, steps: 100 },
  waitSteps: 60,
};
const QUICK: typeof FULL = {
  fileBytes: 2 ** 20,
  planned: 1_000_000,
  padded: 2000,
  pipeline: { sequences: 600, lengths: { minimum: 64, maximum: 2048 }, steps: 20 },
  waitSteps: 5,
};

/**
 * Runs the parts in turn.
 * @param print takes each table, in Markdown, as soon as it is measured
 * @throws LockstepError UNEXPECTED when a part fails
 */
export async function benchData(
  options: DataBenchOptions,
  print: (markdown: string) => void,
): Promise<Record<string, unknown>> {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const report: Record<string, unknown> = {};
  try {
    for (const part of options.parts) {
      const { result, table } = await PARTS[part](options, root);
      report[part] = result;
      print(table);
    }
    return report;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface PartResult {
  readonly result: unknown;
  readonly table: string;
}

const sizesOf = ({ quick }: DataBenchOptions) => (quick ? QUICK : FULL);

const PARTS: Readonly<
  Record<DataPart, (options: DataBenchOptions, root: string) => Promise<PartResult>>
> = {
  async import(options, root) {
    const rows: ImportRow[] = [];
    const { fileBytes: sizeBytes } = sizesOf(options);
    const python = pythonOf(options);
    for await (const row of benchImports({ root, sizeBytes, python })) rows.push(row);
    return { result: rows, table: importTable(rows) };
  },
  async plan(options) {
    const { planned: sequences } = sizesOf(options);
    const program = new URL('./plan-program.ts', import.meta.url);
    const result = await askProgram<PlanAnswer>(program, { sequences });
    return { result: { sequences, ...result }, table: planTable(sequences, result) };
  },
  async padding(options) {
    const { padded } = sizesOf(options);
    const result = benchPadding(logUniformLengths(padded, FULL_RANGE));
    return { result, table: paddingTable(padded, FULL_RANGE, result) };
  },
  async pipeline(options, root) {
    const { model, rounds } = options;
    const { pipeline } = sizesOf(options);
    const python = pythonOf(options);
    const result = await benchPipeline({ root, model, rounds, python, ...pipeline });
    return { result, table: pipelineTable(pipeline.sequences, result) };
  },
  async wait(options, root) {
    const waiting = await quickstartWait(root, sizesOf(options).waitSteps);
    return { result: { waiting }, table: waitTable(waiting) };
  },
};

/** The Python given, or the first on the path. @throws LockstepError USAGE for one that does not start */
function pythonOf({ python }: DataBenchOptions): string | undefined {
  const starts = (name: string) => spawnSync(name, ['--version']).status === 0;
  if (python === undefined) return ['python3', 'python'].find(starts);
  if (starts(python)) return python;
  throw new LockstepError(
    'USAGE',
    `Cannot start the Python "${python}".`,
    'Give --peer the path of a Python, or leave it out to take the one on the path.',
  );
}
