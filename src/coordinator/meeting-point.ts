/** Where the processes of a run meet: endpoints, the keys for tcp, and the secret of this start. */
import { randomBytes } from 'node:crypto';
import type { RunKeys } from '../protocol/curve-keys.ts';
import {
  coordinatorKeyFile,
  readKeyFile,
  workerKeyFile,
  writeKeyFiles,
} from '../protocol/curve-keys.ts';
import { ipcEndpoint, makePrivateFolder, removePrivateFolder } from '../protocol/private-folder.ts';
import type { Seat } from './launching.ts';

export type MeetingKind =
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

export interface MeetingPoint {
  /** The run's name with the secret of this start: every frame carries it. */
  readonly run: string;
  /** What the coordinator binds. */
  readonly coordinatorAddress: string;
  /** The coordinator's keys; null without encryption. */
  readonly keys: RunKeys | null;
  /**
   * Environment variables of the process in a slot, beside those that do not depend on how they meet;
   * `attempt` counts those that were started there before it.
   */
  environment(slot: number, attempt: number): Readonly<Record<string, string>>;
  /** Removes what lies on disk. */
  dissolve(): void;
}

/**
 * Throws USAGE when the temporary folder's path is too long for Unix sockets, INSECURE when tcp can't be
 * encrypted.
 */
export function openMeetingPoint(
  runId: string,
  where: MeetingKind,
  worldSize: number,
): MeetingPoint {
  const run = `${runId}#${randomBytes(16).toString('hex')}`;
  switch (where.kind) {
    case 'ipc':
      return { run, ...overSockets() };
    case 'tcp':
      return { run, ...overTcp(where, worldSize) };
    case 'insecure-tcp':
      return { run, ...overInsecureTcp(where.host) };
  }
}

type Place = Omit<MeetingPoint, 'run'>;

function overSockets(): Place {
  const folder = makePrivateFolder();
  return {
    coordinatorAddress: ipcEndpoint(folder, 'coordinator.sock'),
    keys: null,
    environment: (slot, attempt) => ({
      LOCKSTEP_DATA_ADDRESS: ipcEndpoint(folder, `worker-${slot}-${attempt}.sock`),
      LOCKSTEP_PRIVATE_FOLDER: folder,
    }),
    dissolve: () => removePrivateFolder(folder),
  };
}

function overTcp(
  { host, keyFolder }: Extract<MeetingKind, { kind: 'tcp' }>,
  worldSize: number,
): Place {
  const anyPort = `tcp://${host}:*`;
  if (keyFolder !== undefined) {
    return {
      coordinatorAddress: anyPort,
      keys: readKeyFile(coordinatorKeyFile(keyFolder)),
      environment: (slot) => ({
        LOCKSTEP_DATA_ADDRESS: anyPort,
        LOCKSTEP_KEY_FILE: workerKeyFile(keyFolder, slot),
      }),
      dissolve: () => {},
    };
  }
  const folder = makePrivateFolder();
  return {
    coordinatorAddress: anyPort,
    keys: writeKeyFiles(folder, worldSize),
    environment: (slot) => ({
      LOCKSTEP_DATA_ADDRESS: anyPort,
      LOCKSTEP_KEY_FILE: workerKeyFile(folder, slot),
      LOCKSTEP_PRIVATE_FOLDER: folder,
    }),
    dissolve: () => removePrivateFolder(folder),
  };
}

function overInsecureTcp(host: string): Place {
  const anyPort = `tcp://${host}:*`;
  return {
    coordinatorAddress: anyPort,
    keys: null,
    environment: () => ({ LOCKSTEP_DATA_ADDRESS: anyPort, LOCKSTEP_INSECURE_TCP: 'yes' }),
    dissolve: () => {},
  };
}

/** What the process in a slot is told; `attempt` counts those that were started there before it. */
export function seatOf(
  point: MeetingPoint,
  endpoint: string,
  { slot, attempt, worldSize }: { slot: number; attempt: number; worldSize: number },
): Seat {
  return {
    slot,
    environment: {
      LOCKSTEP_RUN: point.run,
      LOCKSTEP_SLOT: String(slot),
      LOCKSTEP_ATTEMPT: String(attempt),
      LOCKSTEP_WORLD_SIZE: String(worldSize),
      LOCKSTEP_COORDINATOR: endpoint,
      LOCKSTEP_PARENT_PID: String(process.pid),
      ...point.environment(slot, attempt),
    },
  };
}
