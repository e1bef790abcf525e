import { cpus } from 'node:os';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { definitionOf } from '../../bench/bench-program.ts';
import { benchCollective, COLLECTIVE_SIZES } from '../../bench/collective-bench.ts';
import { collectiveHead, collectiveLine } from '../../bench/collective-table.ts';
import { benchData, DATA_PARTS, type DataPart } from '../../bench/data/data-bench.ts';
import { benchFaults } from '../../bench/faults/fault-bench.ts';
import { faultTable, faultVerdict, injectedLine } from '../../bench/faults/fault-table.ts';
import { profileText } from '../../bench/profile-text.ts';
import { benchScaling, SCALING_SHAPE } from '../../bench/scaling-bench.ts';
import { scalingHead, scalingLine } from '../../bench/scaling-table.ts';
import { benchSteps } from '../../bench/step-bench.ts';
import { type ProfileOptions, profileSteps } from '../../bench/step-profile.ts';
import {
  BENCH_MODELS,
  type BenchModel,
  describeShape,
  stepShapes,
} from '../../bench/step-shapes.ts';
import { tableFoot, tableHead, tableLine } from '../../bench/step-table.ts';
import { EXIT, LockstepError } from '../../core/errors.ts';
import { loadRunConfig } from '../../run/config.ts';
import type { Command } from '../command.ts';

interface BenchOptions {
  what: 'step' | 'profile' | 'collective' | 'scaling' | 'faults' | 'data';
  models: string;
  model: string;
  rows: number;
  length: number;
  threads: string | undefined;
  rounds: number;
  workers: number | undefined;
  microBatches: string;
  steps: number;
  faults: number;
  seed: number;
  sizes: string;
  peer: string | undefined;
  parts: string;
  quick: boolean;
  json: boolean;
}

/** Turns of the pipeline: a whole run each. */
const DATA_ROUNDS = 2;

export const benchCommand: Command<BenchOptions> = {
  builder: (yargs) =>
    yargs
      .positional('what', {
        choices: ['step', 'profile', 'collective', 'scaling', 'faults', 'data'] as const,
        describe:
          'A training step as a whole, or its operations and layers, the all-reduce, whole runs of several workers, what a run makes of faults, or the way of the data',
      })
      .option('threads', {
        type: 'string',
        describe: 'CPU threads [default: step 1,2, one run of the table each; profile 1]',
      })
      .option('models', {
        type: 'string',
        default: BENCH_MODELS.join(','),
        describe: 'step: which of them',
      })
      .option('rounds', {
        type: 'number',
        default: 5,
        describe: 'step, collective, scaling: turns that each takes',
      })
      .option('peer', {
        type: 'string',
        describe:
          'step, collective, scaling: a Python with torch, timed beside it; data: one with pandas, pyarrow, Biopython or torch [default: data: the one on the path]',
      })
      .option('parts', {
        type: 'string',
        default: DATA_PARTS.join(','),
        describe: 'data: which of them',
      })
      .option('quick', {
        type: 'boolean',
        default: false,
        describe: 'data: small sizes, to see that it runs',
      })
      .option('model', {
        type: 'string',
        default: 'dilated',
        describe: `profile: ${BENCH_MODELS.join(', ')}, or a configuration whose model and first objective it is`,
      })
      .option('rows', { type: 'number', default: 8, describe: 'profile: of the micro-batch' })
      .option('length', { type: 'number', default: 2048, describe: 'profile: of its rows' })
      .option('workers', {
        type: 'number',
        describe: 'collective, scaling, faults: how many [default: 2, faults 3]',
      })
      .option('micro-batches', {
        type: 'string',
        default: '1,4',
        describe: 'scaling: of a step, for each worker',
      })
      .option('steps', { type: 'number', default: 100, describe: 'scaling: of a run' })
      .option('faults', { type: 'number', default: 20, describe: 'faults: how many are injected' })
      .option('seed', { type: 'number', default: 1, describe: 'faults: which are injected where' })
      .option('sizes', {
        type: 'string',
        default: COLLECTIVE_SIZES.join(','),
        describe: 'collective: bytes of the vectors',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print JSON',
      }) as unknown as Argv<BenchOptions>,
  handler: async (options: ArgumentsCamelCase<BenchOptions>) => {
    if (options.what === 'profile') await benchProfile(options);
    else if (options.what === 'collective') await benchAllReduce(options);
    else if (options.what === 'scaling') await benchRuns(options);
    else if (options.what === 'faults') await benchInjections(options);
    else if (options.what === 'data') await benchDataParts(options);
    else await benchStep(options);
  },
};

async function benchStep(options: BenchOptions): Promise<void> {
  const models = options.models.split(',').map(modelOf);
  const threads = (options.threads ?? '1,2').split(',').map(threadsOf);
  const print = printer(options);
  print(tableHead(options.peer !== undefined));
  const report = await benchSteps(
    { shapes: stepShapes(models), threads, rounds: options.rounds, peer: options.peer },
    (row) => print(tableLine(row)),
  );
  for (const line of tableFoot(report)) print(line);
  if (options.json) printJson(report);
}

async function benchProfile(options: BenchOptions): Promise<void> {
  const { rows, length } = options;
  const shape = { rows: countOf('--rows', rows), paddedLength: countOf('--length', length) };
  const threadsPerWorker = threadsOf(options.threads ?? '1');
  const profiled: ProfileOptions = {
    ...subjectOf(options.model, threadsPerWorker),
    shape: { ...shape, shortBy: 0 },
  };
  const profile = await profileSteps(profiled);
  if (options.json) {
    printJson({ model: options.model, ...profiled, ...profile });
    return;
  }
  const { engineVersion, formulations, instructionSet } = profile.engine;
  const title = `${options.model}, ${describeShape(profiled.shape)}, threads: ${threadsPerWorker}, ${formulations}; ${engineVersion}, ${instructionSet}`;
  process.stdout.write(profileText(title, profile));
}

async function benchAllReduce(options: BenchOptions): Promise<void> {
  const { rounds, peer, workers = 2 } = options;
  const sizes = options.sizes.split(',').map(sizeOf);
  if (!Number.isInteger(workers) || workers < 2)
    throw wrongNumber('--workers', workers, 'ranks, 2 or more');
  const print = printer(options);
  print(collectiveHead(peer !== undefined));
  const rows = await benchCollective({ sizes, worldSize: workers, rounds, peer }, (row) =>
    print(collectiveLine(row)),
  );
  if (options.json) printJson({ workers, rows });
}

async function benchDataParts(options: BenchOptions): Promise<void> {
  const { rounds, quick, peer: python } = options;
  const parts = options.parts.split(',').map(partOf);
  const model = modelOf(options.models.split(',')[0]!);
  const print = printer(options);
  const turns = Math.min(DATA_ROUNDS, countOf('--rounds', rounds));
  const report = await benchData({ parts, quick, model, rounds: turns, python }, print);
  if (options.json) printJson(report);
}

function partOf(name: string): DataPart {
  const part = DATA_PARTS.find((known) => known === name);
  if (part !== undefined) return part;
  throw new LockstepError(
    'USAGE',
    `--parts has "${name}", which is none of ${DATA_PARTS.join(', ')}.`,
    'Give parts separated by commas.',
  );
}

async function benchInjections(options: BenchOptions): Promise<void> {
  const { workers = 3, faults, seed } = options;
  if (!Number.isInteger(workers) || workers < 2)
    throw wrongNumber('--workers', workers, 'workers, 2 or more');
  const print = printer(options);
  const planned = { faults: countOf('--faults', faults), workers, seed: countOf('--seed', seed) };
  const report = await benchFaults(planned, (one) => print(injectedLine(one)));
  for (const line of ['', ...faultTable(report), ...faultVerdict(report)]) print(line);
  if (options.json) printJson({ ...planned, ...report });
  // Lost work is an error, a cause that is named wrongly is not.
  if (report.different > 0) process.exitCode = EXIT.unexpected;
}

async function benchRuns(options: BenchOptions): Promise<void> {
  const { rounds, peer, steps } = options;
  const workers = countOf('--workers', options.workers ?? 2);
  const microBatchesEach = options.microBatches
    .split(',')
    .map((text) => countOf('--micro-batches', Number(text)));
  const print = printer(options);
  for (const model of options.models.split(',').map(modelOf)) {
    print(
      `${model}, micro-batches of ${SCALING_SHAPE.rows} × ${SCALING_SHAPE.length}, thousand tokens/s`,
    );
    print(scalingHead(workers, peer !== undefined));
    const rows = await benchScaling(
      { model, workers, microBatchesEach, steps: countOf('--steps', steps), rounds, peer },
      (row) => print(scalingLine(row)),
    );
    if (options.json) printJson({ model, workers, shape: SCALING_SHAPE, rows });
  }
}

function subjectOf(
  model: string,
  threadsPerWorker: number,
): Pick<ProfileOptions, 'definition' | 'engine'> {
  const engine = { threadsPerWorker, numerics: 'strict' } as const;
  const known = BENCH_MODELS.find((name) => name === model);
  if (known !== undefined) return { definition: definitionOf(known), engine };
  const config = loadRunConfig(model);
  const { formulations, tf32, xla } = config.engine;
  return {
    definition: { model: config.model, objective: config.phases[0]!.objective },
    engine: { ...engine, formulations, tf32, xla },
  };
}

function printJson(report: object): void {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  process.stdout.write(`${JSON.stringify({ machine, ...report }, null, 2)}\n`);
}

const printer =
  ({ json }: BenchOptions) =>
  (line: string): void => {
    if (!json) process.stdout.write(`${line}\n`);
  };

function modelOf(name: string): BenchModel {
  const model = BENCH_MODELS.find((known) => known === name);
  if (model !== undefined) return model;
  throw new LockstepError(
    'USAGE',
    `--models has "${name}", which is none of ${BENCH_MODELS.join(', ')}.`,
    'Give models separated by commas.',
  );
}

function threadsOf(text: string): number {
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1) return threads;
  throw wrongNumber('--threads', text, 'threads');
}

/** Bytes, of whole float32 numbers. */
function sizeOf(text: string): number {
  const bytes = Number(text);
  if (Number.isInteger(bytes) && bytes >= 4 && bytes % 4 === 0) return bytes;
  throw wrongNumber('--sizes', text, 'bytes, a multiple of 4');
}

function wrongNumber(option: string, found: unknown, wanted: string): LockstepError {
  return new LockstepError(
    'USAGE',
    `${option} has "${found}", which is not a number of ${wanted}.`,
    option === '--workers'
      ? 'Give a number, such as 2.'
      : 'Give numbers separated by commas, such as 1,2.',
  );
}

function countOf(option: string, size: number): number {
  if (Number.isInteger(size) && size >= 1) return size;
  throw new LockstepError(
    'USAGE',
    `${option} is ${size}, which is not a positive integer.`,
    `Give a size such as ${option} 8.`,
  );
}
