/** Where the processes of a run meet: endpoints, and the secret by which they know each other. */
import { randomBytes } from 'node:crypto';
import { ipcEndpoint, makeSocketFolder, removeSocketFolder } from '../protocol/socket-folder.ts';
import type { Seat } from './launching.ts';

export type MeetingKind =
  /** Unix sockets: all processes on one host. */
  | { readonly kind: 'ipc' }
  /** Any free port of an address of this host; others on its network can reach the run unless it is a loopback one. */
  | { readonly kind: 'tcp'; readonly host: string };

export interface MeetingPoint {
  /** The run's name with the secret of this start: every frame carries it. */
  readonly run: string;
  /** What the coordinator binds. */
  readonly coordinatorAddress: string;
  readonly socketFolder: string | null;
  dataAddress(slot: number): string;
  /** Removes what lies on disk. */
  dissolve(): void;
}

/** Throws USAGE when the temporary folder's path is too long for Unix sockets. */
export function openMeetingPoint(runId: string, where: MeetingKind): MeetingPoint {
  const run = `${runId}#${randomBytes(16).toString('hex')}`;
  if (where.kind === 'tcp') {
    const anyPort = `tcp://${where.host}:*`;
    return {
      run,
      coordinatorAddress: anyPort,
      socketFolder: null,
      dataAddress: () => anyPort,
      dissolve: () => {},
    };
  }
  const folder = makeSocketFolder();
  return {
    run,
    coordinatorAddress: ipcEndpoint(folder, 'coordinator.sock'),
    socketFolder: folder,
    dataAddress: (slot) => ipcEndpoint(folder, `worker-${slot}.sock`),
    dissolve: () => removeSocketFolder(folder),
  };
}

/** One seat a worker. */
export function seatsOf(point: MeetingPoint, endpoint: string, worldSize: number): Seat[] {
  const folder = point.socketFolder;
  return Array.from({ length: worldSize }, (_, slot) => ({
    slot,
    environment: {
      LOCKSTEP_RUN: point.run,
      LOCKSTEP_SLOT: String(slot),
      LOCKSTEP_WORLD_SIZE: String(worldSize),
      LOCKSTEP_COORDINATOR: endpoint,
      LOCKSTEP_DATA_ADDRESS: point.dataAddress(slot),
      LOCKSTEP_PARENT_PID: String(process.pid),
      ...(folder === null ? {} : { LOCKSTEP_SOCKET_FOLDER: folder }),
    },
  }));
}
