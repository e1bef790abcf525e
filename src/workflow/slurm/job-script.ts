/** The script of a Slurm job: launcher/slurm/lockstep.sbatch with a run and Slurm's options filled in. Pure. */
import { LockstepError } from '../../core/errors.ts';
import { shellWord } from '../../core/program-name.ts';

export interface SlurmJob {
  /** Path of the configuration, by which all nodes see it. */
  readonly config: string;
  /** Folder of the run, by which all nodes see it. */
  readonly run: string;
  /** Options of `lockstep train`. */
  readonly train: readonly string[];
  /** What starts Lockstep on a node. */
  readonly program: string;
  /** Nodes of one job, each a host of the run; or so many jobs of one node each. */
  readonly nodes: number;
  readonly isArray: boolean;
  /** More options of sbatch by their long names, such as `gpus-per-node=4`. A later one replaces an earlier one. */
  readonly options: readonly string[];
}

const OPTION = /^#SBATCH --(?<name>[\w-]+)/;

/**
 * @param template the script for jobs in general
 * @returns one that `sbatch` takes without arguments
 * @throws LockstepError USAGE for numbers and options that make no sense
 */
export function jobScript(template: string, job: SlurmJob): string {
  const lines = template.split('\n');
  const first = lines.findIndex((line) => OPTION.test(line));
  const end = lines.findLastIndex((line) => OPTION.test(line)) + 1;
  const options = new Map<string, string>();
  for (const line of lines.slice(first, end)) options.set(OPTION.exec(line)!.groups!.name!, line);
  for (const option of optionsOf(job)) options.set(nameOf(option), `#SBATCH --${option}`);
  const { config, run, train, program } = job;
  return [
    ...lines.slice(0, 1),
    '# A run of Lockstep, filled in by "lockstep launch": sbatch takes this script as it is.',
    ...options.values(),
    `LOCKSTEP=${shellWord(program)}`,
    `set -- ${[config, run, ...train].map(shellWord).join(' ')}`,
    ...lines.slice(end),
  ].join('\n');
}

function optionsOf({ nodes, isArray, options }: SlurmJob): string[] {
  const [least, name] = isArray ? [2, 'array'] : [1, 'nodes'];
  if (!Number.isInteger(nodes) || nodes < least || nodes > 1024) {
    const message = `Cannot use --${name} ${nodes}: it must be an integer from ${least} to 1024.`;
    const advice = 'Each node is a host of the run; one that has GPUs runs a worker on each.';
    throw new LockstepError('USAGE', message, advice);
  }
  const odd = options.find((option) => !/^[a-z][a-z-]*(=[^\s"'\\#]+)?$/.test(option));
  if (odd !== undefined) {
    const message = `Cannot hand "${odd}" to sbatch: it must be the name of an option and one word, such as qos=high.`;
    throw new LockstepError('USAGE', message, 'Put anything else into a script: see --dry-run.');
  }
  const shape = isArray ? ['nodes=1', `array=0-${nodes - 1}`] : [`nodes=${nodes}`];
  return [...shape, ...options];
}

const nameOf = (option: string): string => option.split('=')[0]!;
