import type { ArgumentsCamelCase, Argv } from 'yargs';
import { taskGpus } from '../../cluster/scheduler-environment.ts';
import { DEFAULT_ELASTICITY } from '../../coordinator/elasticity.ts';
import { MOST_WORKERS } from '../../protocol/messages.ts';
import { SIMULATED_FAULTS } from '../../worker/training/simulated-fault.ts';
import * as Placement from '../../workflow/placement.ts';
import type { Command } from '../command.ts';
import { type ExtensionOption, extensionOption, loadExtensionsGiven } from '../extension-option.ts';
import { type HostsGiven, hostsGiven, hostsOptions } from '../hosts-options.ts';
import { nextOfRun } from '../next.ts';
import { showRun } from '../show-run.ts';

/** Where workers run. */
export interface DeviceOptions {
  workers: number | undefined;
  gpus: string | undefined;
}

export interface PlacementOptions extends DeviceOptions, HostsGiven {
  transport: 'ipc' | 'tcp' | 'insecure-tcp';
  maxRestarts: number;
  minWorkers: number;
  coordinatorWait: number;
}

/** Options of every command that starts workers. */
export function deviceOptions<T>(yargs: Argv<T>): Argv<T & DeviceOptions> {
  return yargs
    .option('workers', {
      type: 'number',
      requiresArg: true,
      describe: 'Number of worker processes on CPU threads [default: 1]',
    })
    .option('gpus', {
      type: 'string',
      requiresArg: true,
      describe: 'One worker on each of these GPUs, such as 0,1',
    }) as Argv<T & DeviceOptions>;
}

/** Options of the commands whose workers talk to each other. */
export function placementOptions<T>(yargs: Argv<T>): Argv<T & PlacementOptions> {
  return hostsOptions(deviceOptions(yargs))
    .option('transport', {
      choices: ['ipc', 'tcp', 'insecure-tcp'],
      default: 'ipc',
      describe:
        'Unix sockets, or TCP on the loopback address: encrypted, or for every process of this host',
    })
    .option('max-restarts', {
      type: 'number',
      requiresArg: true,
      default: DEFAULT_ELASTICITY.maxRestarts,
      describe: 'Restarts in a row of a lost worker before it is left out',
    })
    .option('min-workers', {
      type: 'number',
      requiresArg: true,
      default: DEFAULT_ELASTICITY.minWorkers,
      describe: 'With fewer the run waits for a restart, then saves and stops with exit code 7',
    })
    .option('coordinator-wait', {
      type: 'number',
      requiresArg: true,
      default: DEFAULT_ELASTICITY.coordinatorWaitMs / 1000,
      describe:
        'Seconds that workers wait for another coordinator when theirs died; 0: the run ends',
    }) as unknown as Argv<T & PlacementOptions>;
}

/** Options of every command that starts workers, as its function takes them. */
export function devicesGiven({ gpus, workers }: DeviceOptions): Placement.DeviceOptions {
  return { workers, gpus: gpus?.split(',') };
}

/** @throws LockstepError USAGE, DEVICE_ABSENT, by the names of the command line */
export function clusterGiven(options: PlacementOptions): Placement.ClusterOptions {
  const { transport, maxRestarts, minWorkers, coordinatorWait } = options;
  const coordinatorWaitSeconds = coordinatorWait;
  const hosts = hostsGiven(options);
  const devices = ownDevices(options);
  const given = { ...devices, transport, maxRestarts, minWorkers, coordinatorWaitSeconds, hosts };
  const here = Placement.devicesOf(devices).length;
  // How many workers several hosts have is known when they are there.
  const workers = hosts === undefined ? here : MOST_WORKERS;
  Placement.elasticityOf(given, workers, (option) => FLAGS[option]!);
  return given;
}

/** Those that the scheduler gave to this process where none are named. */
function ownDevices(options: PlacementOptions): Placement.DeviceOptions {
  const { gpus, workers } = options;
  const given = taskGpus(process.env);
  const isNamed = gpus !== undefined || workers !== undefined;
  return isNamed || !given?.length ? devicesGiven(options) : { gpus: given };
}

const FLAGS: Readonly<Record<string, string>> = {
  workers: '--workers',
  maxRestarts: '--max-restarts',
  minWorkers: '--min-workers',
  coordinatorWaitSeconds: '--coordinator-wait',
};

interface TrainOptions extends PlacementOptions, ExtensionOption {
  config: string;
  run: string | undefined;
  resume: 'auto' | undefined;
  set: string[];
  simulate: string[];
}

export const trainCommand: Command<TrainOptions> = {
  builder: (yargs) =>
    extensionOption(placementOptions(configOptions(yargs)))
      .option('run', {
        type: 'string',
        describe: 'Folder of the run [default: runs/<name>]',
      })
      .option('resume', {
        choices: ['auto'],
        requiresArg: true,
        describe: 'Go on with the run in that folder, if there is one: the same command again',
      })
      .option('simulate', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: `Inject a fault into a worker, such as kill@rank=1,step=20: one of ${SIMULATED_FAULTS}`,
      }) as Argv<TrainOptions>,
  handler: async (options: ArgumentsCamelCase<TrainOptions>) => {
    const cluster = clusterGiven(options);
    const { config, set, run: runFolder, resume, simulate } = options;
    const extensions = await loadExtensionsGiven(options);
    // Coordinator and data formats take a while to load: a typing mistake is answered without them.
    const { train } = await import('../../workflow/train/train.ts');
    process.exitCode = await showRun(
      (hooks) =>
        train({ ...cluster, config, set, runFolder, resume, simulate, extensions, ...hooks }),
      (outcome) => nextOfRun(outcome, options.extension),
    );
  },
};

/** A configuration file and changes to it. */
export function configOptions<T>(yargs: Argv<T>): Argv<T & { config: string; set: string[] }> {
  return yargs
    .positional('config', { type: 'string', demandOption: true, describe: 'A YAML file' })
    .option('set', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'Change a value: --set seed=7 --set phases.pretrain.duration.steps=3',
    }) as Argv<T & { config: string; set: string[] }>;
}
