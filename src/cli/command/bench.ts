import { cpus } from 'node:os';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import { benchSteps } from '../bench/step-bench.ts';
import { BENCH_MODELS, type BenchModel, stepShapes } from '../bench/step-shapes.ts';
import { tableFoot, tableHead, tableLine } from '../bench/step-table.ts';
import type { Command } from '../command.ts';

interface BenchOptions {
  what: 'step';
  models: string;
  threads: string;
  rounds: number;
  peer: string | undefined;
  json: boolean;
}

export const benchCommand: Command<BenchOptions> = {
  builder: (yargs) =>
    yargs
      .positional('what', { choices: ['step'] as const, describe: 'A training step' })
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
      .option('peer', { type: 'string', describe: 'A Python with torch, timed beside it' })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print JSON',
      }) as Argv<BenchOptions>,
  handler: async (options: ArgumentsCamelCase<BenchOptions>) => {
    const models = options.models.split(',').map(modelOf);
    const threads = options.threads.split(',').map(threadsOf);
    const print = (line: string) => {
      if (!options.json) process.stdout.write(`${line}\n`);
    };
    print(tableHead(options.peer !== undefined));
    const report = await benchSteps(
      { shapes: stepShapes(models), threads, rounds: options.rounds, peer: options.peer },
      (row) => print(tableLine(row)),
    );
    for (const line of tableFoot(report)) print(line);
    if (options.json) {
      const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
      process.stdout.write(`${JSON.stringify({ machine, ...report }, null, 2)}\n`);
    }
  },
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
  throw new LockstepError(
    'USAGE',
    `--threads has "${text}", which is not a number of threads.`,
    'Give numbers separated by commas, such as 1,2.',
  );
}
