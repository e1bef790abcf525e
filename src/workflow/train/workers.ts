/** The worker processes of a run on this host. */
import type { RunConfig } from '../../config/run-config.ts';
import { extensionsOf } from '../../extension/identity.ts';
import type { Device } from '../../launch/device.ts';
import type { Launch } from '../../launch/launching.ts';
import { localLaunch } from '../../launch/local.ts';

const WORKER = new URL('../../worker/main.ts', import.meta.url);

export interface WorkersHere {
  readonly devices: readonly Device[];
  /** The slot of the first of them. */
  readonly firstSlot: number;
  readonly runFolder: string;
  readonly config: RunConfig;
  /** Where this host has the dataset; absent: where the configuration says. */
  readonly store?: string | undefined;
  readonly resume: boolean;
  /** Faults to inject, as `parseFault` takes them. */
  readonly simulate: readonly string[];
}

export function launchWorkers(workers: WorkersHere): Launch {
  const { devices, firstSlot, runFolder, config, store, resume, simulate } = workers;
  const faults = simulate.flatMap((fault) => ['--simulate', fault]);
  const extensions = extensionsOf(config).flatMap(({ path }) => ['--extension', path]);
  return localLaunch({
    devices,
    firstSlot,
    engine: config.engine,
    runFolder,
    entry: WORKER,
    args: [
      ...(resume ? ['--resume'] : []),
      ...(store === undefined ? [] : ['--store', store]),
      ...faults,
      ...extensions,
    ],
  });
}
