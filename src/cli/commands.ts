/** The commands; each one's code is loaded when it is the one, so that the others answer at once. */
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { Command } from './command.ts';

export const COMMANDS: CommandModule[] = [
  lazy('setup', 'Provide TensorFlow for this project: once, before the first run', async () => {
    return (await import('./command/setup.ts')).setupCommand;
  }),
  lazy('quickstart', 'Does pretraining help? Real files, one run, an answer', async () => {
    return (await import('./command/quickstart.ts')).quickstartCommand;
  }),
  lazy('train <config>', 'Train a configuration with local workers', async () => {
    return (await import('./command/train.ts')).trainCommand;
  }),
  lazy(
    'resume <run>',
    'Go on with a run from its newest checkpoint, on any number of workers',
    async () => (await import('./command/resume.ts')).resumeCommand,
  ),
  lazy(
    'debug <config>',
    'Train in one process, operation by operation, layer table first; the hash of engine.kind=eager',
    async () => (await import('./command/debug.ts')).debugCommand,
  ),
  lazy(
    'evaluate <run>',
    'Measure the classes that a trained run predicts against the true ones',
    async () => (await import('./command/evaluate.ts')).evaluateCommand,
  ),
  lazy('predict <run>', 'Write class probabilities of a dataset, one line a sequence', async () => {
    return (await import('./command/predict.ts')).predictCommand;
  }),
  lazy(
    'study [config]',
    'Ask a dataset by a grid of runs what self-supervised pretraining is worth on it',
    async () => (await import('./command/study.ts')).studyCommand,
  ),
  lazy(
    'tune <config>',
    'Time equivalent ways to compute on this machine, and name the fastest',
    async () => (await import('./command/tune.ts')).tuneCommand,
  ),
  lazy(
    'bench <what>',
    'Time this machine: training steps, beside PyTorch if wanted, or what a step consists of',
    async () => {
      return (await import('./command/bench.ts')).benchCommand;
    },
  ),
  lazy('data <command>', 'Import, make and inspect datasets', async () => {
    return (await import('./command/data.ts')).dataCommand;
  }),
];

function lazy<Options>(
  command: string,
  describe: string,
  load: () => Promise<Command<Options>>,
): CommandModule {
  return {
    command,
    describe,
    builder: async (yargs: Argv) => await (await load()).builder(yargs),
    handler: async (options) => {
      await (await load()).handler(options as ArgumentsCamelCase<Options>);
    },
  };
}
