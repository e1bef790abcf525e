/** Where the processes of a run meet: endpoints, the keys for tcp, and the secret of this start. */
import { randomBytes } from 'node:crypto';
import { removeTemporaryFolder } from '../core/temporary-folder.ts';
import type { Seat } from '../launch/launching.ts';
import type { RunKeys } from '../protocol/curve-keys.ts';
import {
  coordinatorKeyFile,
  makeProcessKeys,
  readKeyFile,
  workerKeyFile,
  writeKeyFiles,
} from '../protocol/curve-keys.ts';
import { tcpEndpoint } from '../protocol/endpoint.ts';
import { ipcEndpoint, makePrivateFolder } from '../protocol/private-folder.ts';

export type RendezvousKind =
  /** Unix sockets: all processes on one host. */
  | { readonly kind: 'ipc' }
  /** Any free port of an address of this host; encrypted, and only for processes with keys of the run. */
  | {
      readonly kind: 'tcp';
      readonly host: string;
      /**
       * Folder of key files that were made before and that something else hands to the workers.
       * @default made for this start, and removed after it
       */
      readonly keyFolder?: string;
    }
  /** tcp for everybody who knows the run's secret, which anyone on the way can read. */
  | { readonly kind: 'insecure-tcp'; readonly host: string };

/** Where the processes of one start of a run meet, as plain data: a coordinator's successor finds it as it is. */
export interface RendezvousSpec {
  /** The run's name with the secret of this start: every frame carries it. */
  readonly run: string;
  readonly kind: RendezvousKind;
  /** Folder of the Unix sockets, or of keys that were made for this start. */
  readonly privateFolder: string | null;
  /** Parent of the workers: they end when it is gone. */
  readonly supervisorPid: number;
  readonly worldSize: number;
  /** See `Elasticity`. */
  readonly coordinatorWaitMs: number;
}

export interface Rendezvous {
  readonly spec: RendezvousSpec;
  /** What the coordinator binds. */
  readonly coordinatorAddress: string;
  /** The coordinator's keys; null without encryption. */
  readonly keys: RunKeys | null;
  /**
   * Environment variables of the process in a slot, beside those that do not depend on how they meet;
   * `attempt` counts those that were started there before it.
   */
  environment(slot: number, attempt: number): Readonly<Record<string, string>>;
}

/** The run's name with the secret of a start. */
export const nameStart = (runId: string): string => `${runId}#${randomBytes(16).toString('hex')}`;

/**
 * Makes what has to lie on disk, for the workers of this process.
 * Throws USAGE when the temporary folder's path is too long for Unix sockets, INSECURE when tcp can't be
 * encrypted.
 */
export function prepareRendezvous(
  runId: string,
  kind: RendezvousKind,
  worldSize: number,
  coordinatorWaitMs: number,
): RendezvousSpec {
  const run = nameStart(runId);
  const needsFolder = kind.kind === 'ipc' || (kind.kind === 'tcp' && kind.keyFolder === undefined);
  const privateFolder = needsFolder ? makePrivateFolder() : null;
  if (kind.kind === 'tcp' && privateFolder !== null) {
    writeKeyFiles(privateFolder, makeProcessKeys(worldSize));
  }
  return { run, kind, privateFolder, supervisorPid: process.pid, worldSize, coordinatorWaitMs };
}

/** Removes what lies on disk. */
export function removeRendezvous({ privateFolder }: RendezvousSpec): void {
  if (privateFolder !== null) removeTemporaryFolder(privateFolder);
}

/** Throws INSECURE or USAGE for keys that are not to be used. */
export function openRendezvous(spec: RendezvousSpec): Rendezvous {
  const { kind, privateFolder } = spec;
  switch (kind.kind) {
    case 'ipc':
      return { spec, ...overSockets(privateFolder!) };
    case 'tcp':
      return { spec, ...overTcp(kind, privateFolder) };
    case 'insecure-tcp':
      return { spec, ...overInsecureTcp(kind.host) };
  }
}

type Opened = Omit<Rendezvous, 'spec'>;

function overSockets(folder: string): Opened {
  return {
    coordinatorAddress: ipcEndpoint(folder, 'coordinator.sock'),
    keys: null,
    environment: (slot, attempt) => ({
      LOCKSTEP_DATA_ADDRESS: ipcEndpoint(folder, `worker-${slot}-${attempt}.sock`),
      LOCKSTEP_PRIVATE_FOLDER: folder,
    }),
  };
}

function overTcp(
  { host, keyFolder }: Extract<RendezvousKind, { kind: 'tcp' }>,
  privateFolder: string | null,
): Opened {
  const anyPort = tcpEndpoint(host, '*');
  const folder = keyFolder ?? privateFolder!;
  return {
    coordinatorAddress: anyPort,
    keys: readKeyFile(coordinatorKeyFile(folder)),
    environment: (slot) => ({
      LOCKSTEP_DATA_ADDRESS: anyPort,
      LOCKSTEP_KEY_FILE: workerKeyFile(folder, slot),
      ...(privateFolder !== null && { LOCKSTEP_PRIVATE_FOLDER: privateFolder }),
    }),
  };
}

function overInsecureTcp(host: string): Opened {
  const anyPort = tcpEndpoint(host, '*');
  return {
    coordinatorAddress: anyPort,
    keys: null,
    environment: () => ({ LOCKSTEP_DATA_ADDRESS: anyPort, LOCKSTEP_INSECURE_TCP: 'yes' }),
  };
}

/** What the process in a slot is told; `attempt` counts those that were started there before it. */
export function seatOf(
  { spec, environment }: Rendezvous,
  endpoint: string,
  { slot, attempt }: { slot: number; attempt: number },
): Seat {
  return {
    slot,
    attempt,
    environment: {
      LOCKSTEP_RUN: spec.run,
      LOCKSTEP_SLOT: String(slot),
      LOCKSTEP_ATTEMPT: String(attempt),
      LOCKSTEP_WORLD_SIZE: String(spec.worldSize),
      LOCKSTEP_COORDINATOR: endpoint,
      LOCKSTEP_COORDINATOR_WAIT_MS: String(spec.coordinatorWaitMs),
      LOCKSTEP_PARENT_PID: String(spec.supervisorPid),
      ...environment(slot, attempt),
    },
  };
}
