/** Who this worker is, as the launcher said in its environment before it started. */
import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';

const number = z.coerce.number().pipe(z.int().min(0));
const text = z.string().min(1);

const environment = z.object({
  /** The run's name with the secret of this start. */
  LOCKSTEP_RUN: text,
  LOCKSTEP_SLOT: number,
  LOCKSTEP_WORLD_SIZE: number.pipe(z.int().min(1)),
  /** Endpoint of the coordinator. */
  LOCKSTEP_COORDINATOR: text,
  /** Where this worker listens for its peers: "tcp://127.0.0.1:*" or "ipc:///…". */
  LOCKSTEP_DATA_ADDRESS: text,
  /** Folder of the Unix sockets, absent with tcp. */
  LOCKSTEP_SOCKET_FOLDER: z.string().optional(),
  /** Folder of the run. */
  LOCKSTEP_RUN_FOLDER: text,
  /** The worker ends when this process, its parent, is gone; absent when something else supervises it. */
  LOCKSTEP_PARENT_PID: number.optional(),
});

export interface WorkerIdentity {
  readonly run: string;
  readonly slot: number;
  readonly worldSize: number;
  readonly coordinatorEndpoint: string;
  readonly dataAddress: string;
  readonly socketFolder: string | null;
  readonly runFolder: string;
  readonly parentPid: number | null;
}

/** Throws USAGE when a variable is missing or makes no sense. */
export function workerIdentity(env: Readonly<NodeJS.ProcessEnv>): WorkerIdentity {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new LockstepError(
      'USAGE',
      `Cannot start a worker: the environment variable ${issue.path.join('.')} is not usable (${issue.message}).`,
      'Workers are started by "lockstep train"; run that instead.',
    );
  }
  const { data } = parsed;
  return {
    run: data.LOCKSTEP_RUN,
    slot: data.LOCKSTEP_SLOT,
    worldSize: data.LOCKSTEP_WORLD_SIZE,
    coordinatorEndpoint: data.LOCKSTEP_COORDINATOR,
    dataAddress: data.LOCKSTEP_DATA_ADDRESS,
    socketFolder: data.LOCKSTEP_SOCKET_FOLDER ?? null,
    runFolder: data.LOCKSTEP_RUN_FOLDER,
    parentPid: data.LOCKSTEP_PARENT_PID ?? null,
  };
}
