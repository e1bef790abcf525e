/** What `launcher/launch` is asked to do, from its command line. */
import yargs from 'yargs';
import { LockstepError } from '../../core/errors.ts';
import type { Device } from '../../launch/device.ts';
import { cpuDevices, gpuDevices } from '../../launch/device.ts';
import { readRefusal, withOwnWords } from '../parser-words.ts';

export interface LaunchRequest {
  /** A new run of a configuration, or the folder of a run to resume. */
  readonly what:
    | { readonly kind: 'train'; readonly config: string; readonly run: string | null }
    | { readonly kind: 'resume'; readonly run: string };
  /** `--set` options. */
  readonly overrides: readonly string[];
  /** `--gpus 0,1` or `--workers 2`, as given. */
  readonly placement: readonly [option: '--gpus' | '--workers', value: string];
  /** Options of `lockstep` about how workers meet, are restarted and fail on purpose, as given. */
  readonly passedOn: readonly string[];
  /** Paths of modules of the user's own. */
  readonly extensions: readonly string[];
  readonly dryRun: boolean;
}

const HELP = `$0 CONFIG --gpus 0,1 | --workers N

Starts a run with one worker on each of some GPUs of this host, or with workers on CPU threads.`;

/** Null when help was asked for and printed. Throws USAGE for what makes no sense. */
export async function parseRequest(args: readonly string[]): Promise<LaunchRequest | null> {
  const options = await optionsOf(args);
  if (options === null) return null;
  const [config, ...rest] = options._.map(String);
  const { resume, run, gpus, workers, set, dryRun } = options;
  if (rest.length > 0) throw usage(`"${rest.join(' ')}" follows the configuration`);
  if ((config === undefined) === (resume === undefined)) {
    throw usage(config === undefined ? 'no CONFIG is named' : 'CONFIG and --resume are both given');
  }
  if (resume !== undefined && (run !== undefined || set.length > 0)) {
    throw usage('--run and --set belong to a new run; --resume takes both from the run');
  }
  if ((gpus === undefined) === (workers === undefined)) {
    throw usage('exactly one of --gpus and --workers is needed');
  }
  return {
    what:
      resume === undefined
        ? { kind: 'train', config: config!, run: run ?? null }
        : { kind: 'resume', run: resume },
    overrides: set,
    placement: gpus === undefined ? ['--workers', String(workers)] : ['--gpus', gpus],
    passedOn: [
      ...passedOn('--max-restarts', options.maxRestarts),
      ...passedOn('--min-workers', options.minWorkers),
      ...passedOn('--coordinator-wait', options.coordinatorWait),
      ...passedOn('--transport', options.transport),
      ...options.simulate.flatMap((fault) => ['--simulate', fault]),
      ...options.extension.flatMap((path) => ['--extension', path]),
    ],
    extensions: options.extension,
    dryRun,
  };
}

/** An option with its value, or nothing; `lockstep` says what is wrong with it. */
const passedOn = (option: string, value: string | undefined): string[] =>
  value === undefined ? [] : [option, value];

/** The devices that were asked for. Throws USAGE, or DEVICE_ABSENT for a GPU that the host lacks. */
export function devicesOf({ placement: [option, value] }: LaunchRequest): Device[] {
  return option === '--gpus' ? gpuDevices(value) : cpuDevices(Number(value));
}

/** Arguments of `lockstep` that do the same. */
export function lockstepArguments(request: LaunchRequest): string[] {
  const { what, overrides, placement, passedOn } = request;
  if (what.kind === 'resume') return ['resume', what.run, ...placement, ...passedOn];
  const run = what.run === null ? [] : ['--run', what.run];
  return [
    'train',
    what.config,
    ...placement,
    ...passedOn,
    ...run,
    ...overrides.flatMap((set) => ['--set', set]),
  ];
}

async function optionsOf(args: readonly string[]) {
  const parser = withOwnWords(yargs([...args]))
    .parserConfiguration({ 'boolean-negation': false, 'dot-notation': false })
    .scriptName('launcher/launch')
    .usage(HELP)
    .option('gpus', {
      type: 'string',
      requiresArg: true,
      describe: 'GPUs as nvidia-smi numbers them',
    })
    .option('workers', { type: 'number', requiresArg: true, describe: 'Number of CPU workers' })
    .option('max-restarts', {
      type: 'string',
      requiresArg: true,
      describe: 'Restarts in a row of a lost worker before it is left out',
    })
    .option('min-workers', {
      type: 'string',
      requiresArg: true,
      describe: 'With fewer the run waits, then saves and stops',
    })
    .option('coordinator-wait', {
      type: 'string',
      requiresArg: true,
      describe: 'Seconds that workers wait for another coordinator when theirs died',
    })
    .option('extension', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'A module of your own with a model or an objective',
    })
    .option('transport', {
      type: 'string',
      requiresArg: true,
      describe: 'ipc, tcp or insecure-tcp',
    })
    .option('simulate', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'Inject a fault, such as kill@rank=1,step=20',
    })
    .option('run', { type: 'string', requiresArg: true, describe: 'Folder of the run' })
    .option('resume', {
      type: 'string',
      requiresArg: true,
      describe: 'Go on with the run in this folder',
    })
    .option('set', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'Change a value: a.b=c',
    })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'Print rank, device and environment of each worker; start nothing',
    })
    .string('_')
    .strictOptions()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      if (error !== undefined && error.name !== 'YError') throw error;
      throw usage(reasonFor(message));
    });
  const options = await parser.parseAsync();
  return args.includes('--help') ? null : options;
}

function reasonFor(message: string): string {
  const refusal = readRefusal(message);
  const name = refusal?.parts[0] ?? '';
  if (refusal?.kind === 'noValue') return `--${name} needs a value`;
  if (refusal?.kind !== 'unknown') return message;
  return `there is no option --${name.split(', ')[0]}`;
}

function usage(why: string): LockstepError {
  const advice = 'Use launcher/launch CONFIG --gpus 0,1 (or --workers 2); --help shows all.';
  return new LockstepError('USAGE', `Cannot launch: ${why}.`, advice);
}
