/** Where workers run, how they talk, and what a run bears: as options, checked once. */
import { DEFAULT_ELASTICITY, type Elasticity } from '../coordinator/elasticity.ts';
import type { RendezvousKind } from '../coordinator/rendezvous.ts';
import { LockstepError } from '../core/errors.ts';
import { cpuDevices, type Device, gpuDevices } from '../launch/device.ts';
import { LOOPBACK, requireLoopback } from '../launch/loopback.ts';
import { MOST_WORKERS } from '../protocol/messages.ts';

/** How long workers may be told to wait for a coordinator: what waits meanwhile has to fit into a queue. */
const LONGEST_COORDINATOR_WAIT_SECONDS = 1_800;

/** Which devices work. */
export interface DeviceOptions {
  /** Number of worker processes on CPU threads. @default 1 */
  readonly workers?: number | undefined;
  /** One worker on each of these GPUs instead, as `nvidia-smi` numbers them: `['0', '1']`. */
  readonly gpus?: readonly string[] | undefined;
}

/** All hosts must be there so soon. */
export const DEFAULT_HOSTS_WAIT_SECONDS = 300;

/** The hosts of a run, each of which starts the same. */
export interface HostsOptions {
  /** So many. */
  readonly hosts: number;
  /** Number of this one; 0 leads. @default what the rendezvous says */
  readonly hostRank?: number | undefined;
  /**
   * Where they find each other: `tcp://h0:29400`, whose host leads, or `folder:/shared/x`.
   * @default a folder beside the run's, with `.hosts` at its end
   */
  readonly rendezvous?: string | undefined;
  /** File with the key of the hosts, 64 hexadecimal digits: needed for tcp. */
  readonly keyFile?: string | undefined;
  /** The key itself. */
  readonly key?: string | undefined;
  /** Name of this start, the same on all hosts and no other start's. */
  readonly start?: string | undefined;
  /** The hosts don't see one disk: the one that leads has run and data, the others fetch what their workers read. */
  readonly ownDisks?: boolean | undefined;
  /** All hosts must be there so soon. @default 300 */
  readonly waitSeconds?: number | undefined;
  /**
   * What a request to stop that comes to this host does: `stop` saves and ends the run on all hosts; with `leave` this host
   * leaves, and the others go on while `minWorkers` are left. @default 'stop'
   */
  readonly onSignal?: 'stop' | 'leave' | undefined;
}

export type OnSignal = NonNullable<HostsOptions['onSignal']>;

/** How the workers of a run are connected, and what happens when one is lost. */
export interface ClusterOptions extends DeviceOptions {
  /** Unix sockets, or TCP on the loopback address: encrypted, or open to every process of the host. @default 'ipc' */
  readonly transport?: 'ipc' | 'tcp' | 'insecure-tcp' | undefined;
  /** Restarts in a row of a lost worker before it is left out. @default 3 */
  readonly maxRestarts?: number | undefined;
  /** With fewer workers the run waits for a restart, then saves and stops. @default 1 */
  readonly minWorkers?: number | undefined;
  /** How long workers wait for another coordinator when theirs died; 0: the run ends. @default 60 */
  readonly coordinatorWaitSeconds?: number | undefined;
  /** For a run on several hosts; `workers` and `gpus` are those of this host then. */
  readonly hosts?: HostsOptions | undefined;
}

/** @throws LockstepError USAGE, DEVICE_ABSENT */
export function devicesOf({ gpus, workers = 1 }: DeviceOptions): Device[] {
  return gpus === undefined ? cpuDevices(workers) : gpuDevices(gpus.join(','));
}

/** @param address where other hosts reach this one; null in a run of this host */
export function rendezvousOf(
  { transport = 'ipc' }: ClusterOptions,
  address: string | null = null,
): RendezvousKind {
  if (address !== null) return { kind: 'tcp', host: address };
  return transport === 'ipc' ? { kind: 'ipc' } : { kind: transport, host: LOOPBACK };
}

/**
 * Seconds of silence would tell the same, when no worker came.
 * @param hosts those of a run on several, which look for each other themselves
 * @throws LockstepError USAGE where workers could not reach the coordinator
 */
export async function requireMeeting(
  { transport = 'ipc' }: ClusterOptions,
  hosts: object | null,
): Promise<void> {
  if (transport === 'ipc' || hosts !== null) return;
  const purpose = 'bring coordinator and workers together over TCP';
  await requireLoopback(purpose, 'use the transport ipc');
}

/**
 * @param spell how an option is called where it was given
 * @throws LockstepError USAGE for numbers that make no sense
 */
export function elasticityOf(
  options: ClusterOptions,
  workers: number,
  spell: (option: string) => string = (option) => option,
): Elasticity {
  const { maxRestarts = DEFAULT_ELASTICITY.maxRestarts } = options;
  const { minWorkers = DEFAULT_ELASTICITY.minWorkers } = options;
  const { coordinatorWaitSeconds = DEFAULT_ELASTICITY.coordinatorWaitMs / 1000 } = options;
  const refuse = (option: string, value: number, allowed: string, advice: string) =>
    new LockstepError(
      'USAGE',
      `Cannot use ${spell(option)} ${value}: it must be ${allowed}.`,
      advice,
    );
  if (workers > MOST_WORKERS) {
    throw refuse(
      'workers',
      workers,
      `at most ${MOST_WORKERS} in all`,
      'Use fewer workers, or hosts.',
    );
  }
  if (!Number.isInteger(maxRestarts) || maxRestarts < 0) {
    const advice = 'Give 0 to leave a lost worker out at once.';
    throw refuse('maxRestarts', maxRestarts, 'an integer from 0', advice);
  }
  if (!Number.isInteger(minWorkers) || minWorkers < 1 || minWorkers > workers) {
    const allowed = `an integer from 1 to ${workers}, the number of workers`;
    throw refuse('minWorkers', minWorkers, allowed, 'Leave it out to go on with any number.');
  }
  if (
    !(coordinatorWaitSeconds >= 0 && coordinatorWaitSeconds <= LONGEST_COORDINATOR_WAIT_SECONDS)
  ) {
    const allowed = `a number from 0 to ${LONGEST_COORDINATOR_WAIT_SECONDS} seconds`;
    const advice = 'Give 0 to end the run when its coordinator dies.';
    throw refuse('coordinatorWaitSeconds', coordinatorWaitSeconds, allowed, advice);
  }
  const homeWorkers = options.hosts?.ownDisks === true ? devicesOf(options).length : 0;
  return { maxRestarts, minWorkers, coordinatorWaitMs: coordinatorWaitSeconds * 1000, homeWorkers };
}
