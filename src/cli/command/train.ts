import { resolve } from 'node:path';
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { loadRunConfig } from '../../config/load.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { DEFAULT_ELASTICITY, type Elasticity } from '../../coordinator/elasticity.ts';
import type { RendezvousKind } from '../../coordinator/rendezvous.ts';
import { LockstepError } from '../../core/errors.ts';
import { resolveEngineKind } from '../../engine/select.ts';
import { cpuDevices, type Device, gpuDevices } from '../../launch/device.ts';
import { createRunFolder, refuseUsedFolder } from '../../run/folder.ts';
import { parseFault } from '../../worker/training/simulated-fault.ts';
import type { Command } from '../command.ts';

/** In seconds: what waits for the coordinator meanwhile has to fit into a queue. */
const LONGEST_COORDINATOR_WAIT = 1_800;

/** Where workers run. */
export interface DeviceOptions {
  workers: number;
  gpus: string | undefined;
}

export interface PlacementOptions extends DeviceOptions {
  transport: string;
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
      default: 1,
      describe: 'Number of worker processes on CPU threads',
    })
    .option('gpus', {
      type: 'string',
      requiresArg: true,
      describe: 'One worker on each of these GPUs, such as 0,1',
    }) as Argv<T & DeviceOptions>;
}

/** Options of the commands whose workers talk to each other. */
export function placementOptions<T>(yargs: Argv<T>): Argv<T & PlacementOptions> {
  return deviceOptions(yargs)
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

/** @throws LockstepError USAGE for numbers that make no sense */
export function elasticityOf(
  { maxRestarts, minWorkers, coordinatorWait }: PlacementOptions,
  workers: number,
): Elasticity {
  if (!Number.isInteger(maxRestarts) || maxRestarts < 0) {
    throw new LockstepError(
      'USAGE',
      `Cannot use --max-restarts ${maxRestarts}: it must be an integer from 0.`,
      'Give 0 to leave a lost worker out at once.',
    );
  }
  if (!Number.isInteger(minWorkers) || minWorkers < 1 || minWorkers > workers) {
    throw new LockstepError(
      'USAGE',
      `Cannot use --min-workers ${minWorkers}: it must be an integer from 1 to ${workers}, the number of workers.`,
      'Leave it out to go on with any number.',
    );
  }
  if (!(coordinatorWait >= 0 && coordinatorWait <= LONGEST_COORDINATOR_WAIT)) {
    throw new LockstepError(
      'USAGE',
      `Cannot use --coordinator-wait ${coordinatorWait}: it must be a number from 0 to ${LONGEST_COORDINATOR_WAIT} seconds.`,
      'Give 0 to end the run when its coordinator dies.',
    );
  }
  return { maxRestarts, minWorkers, coordinatorWaitMs: coordinatorWait * 1000 };
}

export function devicesOf({ gpus, workers }: DeviceOptions): Device[] {
  return gpus === undefined ? cpuDevices(workers) : gpuDevices(gpus);
}

export function rendezvousOf({ transport }: Pick<PlacementOptions, 'transport'>): RendezvousKind {
  if (transport === 'tcp' || transport === 'insecure-tcp') {
    return { kind: transport, host: '127.0.0.1' };
  }
  return { kind: 'ipc' };
}

interface TrainOptions extends PlacementOptions {
  config: string;
  run: string | undefined;
  set: string[];
  simulate: string[];
}

export const trainCommand: Command<TrainOptions> = {
  builder: (yargs) =>
    placementOptions(configOptions(yargs))
      .option('run', {
        type: 'string',
        describe: 'Folder of the run [default: runs/<name>]',
      })
      .option('simulate', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Inject a fault into a worker: kill@rank=1,step=20 (or preempt, stop, nan, slow)',
      }) as Argv<TrainOptions>,
  handler: async (options: ArgumentsCamelCase<TrainOptions>) => {
    const devices = devicesOf(options);
    const elasticity = elasticityOf(options, devices.length);
    const simulate = faultsFor(options, devices.length);
    const config = loadConfigHere(options);
    refuseTf32OnCpu(config, devices);
    // Coordinator and data formats take a while to load: a typing mistake is answered without them.
    const { readRunFacts, startRun } = await import('../../workflow/train/start-run.ts');
    const { settleFormulations } = await import('../../workflow/tune/settle-formulations.ts');
    const facts = await readRunFacts(config);
    const path = options.run ?? `runs/${config.name}`;
    refuseUsedFolder(path);
    const settled = await settleFormulations(config, facts.microBatches, devices[0]!);
    const folder = createRunFolder(path, settled);
    try {
      process.exitCode = await startRun(folder, facts, {
        devices,
        rendezvous: rendezvousOf(options),
        elasticity,
        simulate,
        resume: false,
      });
    } finally {
      folder.release();
    }
  },
};

/** @throws LockstepError CONFIG_INVALID when a run on CPUs wants what only GPUs have */
export function refuseTf32OnCpu({ engine }: RunConfig, devices: readonly Device[]): void {
  if (!engine.tf32 || devices.every(({ kind }) => kind === 'gpu')) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    'engine.tf32 is true, but the workers run on CPUs: TF32 is a format of NVIDIA GPUs, from Ampere on.',
    'Name GPUs with --gpus, or leave engine.tf32 out.',
  );
}

/** The faults that were ordered. @throws LockstepError USAGE for one that makes no sense here */
function faultsFor({ simulate }: TrainOptions, workers: number): readonly string[] {
  const outside = simulate.find((text) => parseFault(text).rank >= workers);
  if (outside === undefined) return simulate;
  throw new LockstepError(
    'USAGE',
    `Cannot simulate "${outside}": the run has ${workers} workers, so ranks 0 to ${workers - 1}.`,
    'Name one of those ranks, or give more --workers.',
  );
}

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

/** The configuration without what depends on where it is read: current folder, engine that is set up. */
export function loadConfigHere({
  config: path,
  set,
}: {
  config: string;
  set: string[];
}): RunConfig {
  const config = loadRunConfig(path, set);
  const { initialWeights } = config.model;
  return {
    ...config,
    data: { ...config.data, store: resolve(config.data.store) },
    model: { ...config.model, ...(initialWeights && { initialWeights: resolve(initialWeights) }) },
    engine: { ...config.engine, kind: resolveEngineKind(config.engine.kind) },
  };
}
