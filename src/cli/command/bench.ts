import { cpus } from 'node:os';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import { benchCollective, COLLECTIVE_SIZES } from '../bench/collective-bench.ts';
import { collectiveHead, collectiveLine } from '../bench/collective-table.ts';
import { benchSteps } from '../bench/step-bench.ts';
import { BENCH_MODELS, type BenchModel, stepShapes } from '../bench/step-shapes.ts';
import { tableFoot, tableHead, tableLine } from '../bench/step-table.ts';
import type { Command } from '../command.ts';

interface BenchOptions {
  what: 'step' | 'collective';
  models: string;
  threads: string;
  rounds: number;
  workers: number;
  sizes: string;
  peer: string | undefined;
  json: boolean;
}

export const benchCommand: Command<BenchOptions> = {
  builder: (yargs) =>
    yargs
      .positional('what', {
        choices: ['step', 'collective'] as const,
        describe: 'A training step, or the all-reduce',
      })
      .option('models', {
        type: 'string',
        default: BENCH_MODELS.join(','),
        describe: 'Which of them',
      })
      .option('threads', {
        type: 'string',
        default: '1,2',
        describe: 'CPU threads, one run of the table each',
      })
      .option('rounds', { type: 'number', default: 5, describe: 'Turns of 3 steps each' })
      .option('workers', { type: 'number', default: 2, describe: 'collective: how many ranks' })
      .option('sizes', {
        type: 'string',
        default: COLLECTIVE_SIZES.join(','),
        describe: 'collective: bytes of the vectors',
      })
      .option('peer', { type: 'string', describe: 'A Python with torch, timed beside it' })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print JSON',
      }) as Argv<BenchOptions>,
  handler: async (options: ArgumentsCamelCase<BenchOptions>) => {
    await (options.what === 'step' ? benchStep(options) : benchAllReduce(options));
  },
};

async function benchStep(options: BenchOptions): Promise<void> {
  const models = options.models.split(',').map(modelOf);
  const threads = options.threads.split(',').map(threadsOf);
  const print = printer(options);
  print(tableHead(options.peer !== undefined));
  const report = await benchSteps(
    { shapes: stepShapes(models), threads, rounds: options.rounds, peer: options.peer },
    (row) => print(tableLine(row)),
  );
  for (const line of tableFoot(report)) print(line);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ machine: machine(), ...report }, null, 2)}\n`);
  }
}

async function benchAllReduce(options: BenchOptions): Promise<void> {
  const { rounds, peer, workers } = options;
  const sizes = options.sizes.split(',').map(sizeOf);
  if (!Number.isInteger(workers) || workers < 2)
    throw wrongNumber('--workers', workers, 'ranks, 2 or more');
  const print = printer(options);
  print(collectiveHead(peer !== undefined));
  const rows = await benchCollective({ sizes, worldSize: workers, rounds, peer }, (row) =>
    print(collectiveLine(row)),
  );
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ machine: machine(), workers, rows }, null, 2)}\n`);
  }
}

const printer =
  ({ json }: BenchOptions) =>
  (line: string): void => {
    if (!json) process.stdout.write(`${line}\n`);
  };

const machine = () => ({ cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length });

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
