/** The commands; each one's code is loaded when it is the one, so that the others answer at once. */
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { exampleLine } from '../core/program-name.ts';
import { type Command, withUsage } from './command.ts';

export interface CommandEntry {
  /** Its name and the arguments that it takes: `train <config>`. */
  readonly command: string;
  readonly describe: string;
  /** What follows `lockstep` in complete commands; the first one answers a missing argument. */
  readonly examples: readonly string[];
  /** What may follow its name, when it is a group of commands: `import <source> <store>`. */
  readonly group?: readonly string[];
  readonly load: () => Promise<Command<object>>;
}

export const COMMANDS: readonly CommandEntry[] = [
  entry({
    command: 'setup',
    describe: 'Provide TensorFlow for this project: once, before the first run',
    examples: ['setup'],
    load: async () => (await import('./command/setup.ts')).setupCommand,
  }),
  entry({
    command: 'quickstart',
    describe: 'Does pretraining help? Real files, one run, an answer',
    examples: ['quickstart'],
    load: async () => (await import('./command/quickstart.ts')).quickstartCommand,
  }),
  entry({
    command: 'train <config>',
    describe: 'Train a configuration with local workers',
    examples: [
      'train configs/tiny.yaml',
      'train configs/tiny.yaml --workers 2 --run runs/second --set seed=2',
      'train configs/tiny.yaml --set phases.pretrain.duration.steps=5',
    ],
    load: async () => (await import('./command/train.ts')).trainCommand,
  }),
  entry({
    command: 'resume <run>',
    describe: 'Go on with a run from its newest checkpoint, on any number of workers',
    examples: ['resume runs/tiny --workers 2'],
    load: async () => (await import('./command/resume.ts')).resumeCommand,
  }),
  entry({
    command: 'launch <config>',
    describe: 'Submit a run to Slurm, on any number of nodes',
    examples: [
      'launch configs/tiny.yaml --slurm --nodes 2 --gpus-per-node 4 --time 4:00:00',
      'launch configs/tiny.yaml --slurm --array 2 --dry-run',
    ],
    load: async () => (await import('./command/launch.ts')).launchCommand,
  }),
  entry({
    command: 'healthz <run>',
    describe: 'Exit with 0 while a process of this host trains in that folder: for probes',
    examples: ['healthz runs/tiny'],
    load: async () => (await import('./command/healthz.ts')).healthzCommand,
  }),
  entry({
    command: 'debug <config>',
    describe: 'Train in one process, operation by operation, and print the layers first',
    examples: ['debug configs/tiny.yaml'],
    load: async () => (await import('./command/debug.ts')).debugCommand,
  }),
  entry({
    command: 'evaluate <run>',
    describe: 'Compare the classes that a trained run predicts with the true ones',
    examples: ['evaluate runs/tiny', 'evaluate runs/tiny --split validation --json'],
    load: async () => (await import('./command/evaluate.ts')).evaluateCommand,
  }),
  entry({
    command: 'predict <run>',
    describe: 'Write the class probabilities of each sequence, one line a sequence',
    examples: ['predict runs/tiny --out predictions.csv', 'predict runs/tiny --files new.csv'],
    load: async () => (await import('./command/predict.ts')).predictCommand,
  }),
  entry({
    command: 'baselines <data>',
    describe: 'Train the strongest simple rivals of a network on a dataset: seconds, no engine',
    examples: [
      'baselines data/mine',
      'baselines data/mine --labels 5,10,all --draws 20 --json baselines.json',
    ],
    load: async () => (await import('./command/baselines.ts')).baselinesCommand,
  }),
  entry({
    command: 'rocket <data>',
    describe:
      'Fit random convolutions with a linear head: a strong model in seconds, without set-up',
    examples: ['rocket data/mine', 'rocket data/mine --run runs/few --set data.labelsPerClass=5'],
    load: async () => (await import('./command/rocket.ts')).rocketCommand,
  }),
  entry({
    command: 'ngram <data>',
    describe: 'Fit n-grams of symbols with a linear head: strong with few labels, without set-up',
    examples: ['ngram data/mine', 'ngram data/mine --run runs/few --set data.labelsPerClass=5'],
    load: async () => (await import('./command/ngram.ts')).ngramCommand,
  }),
  entry({
    command: 'study [what]',
    describe: 'Train a grid of runs to learn what pretraining is worth on a dataset',
    examples: ['study data/mine --minutes 20 --workers 2'],
    load: async () => (await import('./command/study.ts')).studyCommand,
  }),
  entry({
    command: 'tune <config>',
    describe: 'Time equivalent ways to compute on this machine, or find a learning rate',
    examples: ['tune configs/tiny.yaml', 'tune configs/tiny.yaml --learning-rate pretrain'],
    load: async () => (await import('./command/tune.ts')).tuneCommand,
  }),
  entry({
    command: 'plan-cluster <config>',
    describe: 'Predict how fast a run would be on several hosts, and what would bound it',
    examples: [
      'plan-cluster configs/tiny.yaml --hosts 8 --gpus 8 --gbps 100',
      'plan-cluster configs/tiny.yaml --hosts 4 --workers 2 --gbps 1 --delay-ms 0.5',
    ],
    load: async () => (await import('./command/plan-cluster.ts')).planClusterCommand,
  }),
  entry({
    command: 'bench <what>',
    describe: 'Time this machine: a training step, its parts, the all-reduce, whole runs',
    examples: ['bench step --peer python3', 'bench profile --model configs/tiny.yaml'],
    group: ['step', 'profile', 'collective', 'scaling', 'faults', 'data'],
    load: async () => (await import('./command/bench.ts')).benchCommand,
  }),
  entry({
    command: 'data <command>',
    describe: 'Import, make and inspect datasets',
    examples: [
      'data import examples/sequences.csv data/mine --id id --label class',
      'data synth data/markov --count 200 --classes 3',
      'data info data/mine',
    ],
    group: [
      ...['import <source> <store>', 'synth <store>', 'info <store>', 'verify <store>'],
      ...['merge <store..> <merged>', 'export <store> <file>'],
    ],
    load: async () => (await import('./command/data.ts')).dataCommand,
  }),
];

/** The first word of a command or of a part of a group. */
export const nameOf = ({ command }: Pick<CommandEntry, 'command'>): string => firstWord(command);

/** The second words that a group knows. */
export const partsOf = ({ group = [] }: CommandEntry): string[] => group.map(firstWord);

const firstWord = (words: string): string => words.split(' ')[0]!;

function entry<Options extends object>(
  of: Omit<CommandEntry, 'load'> & { load: () => Promise<Command<Options>> },
): CommandEntry {
  return of as unknown as CommandEntry;
}

/** A command as the parser takes it. */
export function commandModule({ command, describe, examples, load }: CommandEntry): CommandModule {
  return {
    command,
    describe,
    builder: async (yargs: Argv) => {
      yargs.example(examples.map((example) => [exampleLine(example), '']));
      return await (await load()).builder(withUsage(yargs, command, describe));
    },
    handler: async (options: ArgumentsCamelCase<object>) => {
      await (await load()).handler(options);
    },
  };
}
