/** Who this worker is, as the launcher said in its environment before it started. */

import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';
import { commandLine } from '../core/program-name.ts';

const number = z.coerce.number().pipe(z.int().min(0));
const text = z.string().min(1);

const environment = z.object({
  /** The run's name with the secret of this start. */
  LOCKSTEP_RUN: text,
  LOCKSTEP_SLOT: number,
  /** 0, then 1 more for each process that was started in this slot before. */
  LOCKSTEP_ATTEMPT: number,
  LOCKSTEP_WORLD_SIZE: number.pipe(z.int().min(1)),
  /** Endpoint of the coordinator. */
  LOCKSTEP_COORDINATOR: text,
  /** Where this worker listens for its peers: "tcp://127.0.0.1:*" or "ipc:///…". */
  LOCKSTEP_DATA_ADDRESS: text,
  /** Where its peers reach that, such as an address outside a NAT; absent: where it listens. */
  LOCKSTEP_DATA_REACHED_AT: text.optional(),
  /** Folder of the Unix sockets or of the keys; absent when nothing needs it, or its files were placed by others. */
  LOCKSTEP_PRIVATE_FOLDER: z.string().optional(),
  /** This slot's keys for tcp, see protocol/curve-keys.ts; never the keys themselves. */
  LOCKSTEP_KEY_FILE: text.optional(),
  /** "yes": tcp without keys was asked for. */
  LOCKSTEP_INSECURE_TCP: z.literal('yes').optional(),
  /** Folder of the run. */
  LOCKSTEP_RUN_FOLDER: text,
  /** The worker ends when this process, its parent, is gone; absent when something else supervises it. */
  LOCKSTEP_PARENT_PID: number.optional(),
  /** The worker ends when it has heard nothing of the coordinator for so long. */
  LOCKSTEP_COORDINATOR_WAIT_MS: number.optional(),
});

export interface WorkerIdentity {
  readonly run: string;
  readonly slot: number;
  readonly attempt: number;
  readonly worldSize: number;
  readonly coordinatorEndpoint: string;
  readonly dataAddress: string;
  readonly dataReachedAt: string | null;
  readonly privateFolder: string | null;
  readonly keyFile: string | null;
  readonly runFolder: string;
  readonly parentPid: number | null;
  readonly coordinatorWaitMs: number;
}

/** Throws USAGE when a variable is missing or makes no sense, INSECURE for tcp without keys. */
export function workerIdentity(env: Readonly<NodeJS.ProcessEnv>): WorkerIdentity {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new LockstepError(
      'USAGE',
      `Cannot start a worker: the environment variable ${issue.path.join('.')} is not usable (${issue.message}).`,
      `Workers are started by "${commandLine('train')}"; run that instead.`,
    );
  }
  const { data } = parsed;
  const { LOCKSTEP_KEY_FILE: keyFile = null, LOCKSTEP_INSECURE_TCP: insecure } = data;
  const addresses = [data.LOCKSTEP_COORDINATOR, data.LOCKSTEP_DATA_ADDRESS];
  const isTcp = addresses.some((address) => address.startsWith('tcp:'));
  if (isTcp && keyFile === null && insecure === undefined) {
    throw new LockstepError(
      'INSECURE',
      'Cannot start a worker: it is to use tcp, and LOCKSTEP_KEY_FILE names no keys.',
      'Name the key file of this slot there.',
    );
  }
  return {
    run: data.LOCKSTEP_RUN,
    slot: data.LOCKSTEP_SLOT,
    attempt: data.LOCKSTEP_ATTEMPT,
    worldSize: data.LOCKSTEP_WORLD_SIZE,
    coordinatorEndpoint: data.LOCKSTEP_COORDINATOR,
    dataAddress: data.LOCKSTEP_DATA_ADDRESS,
    dataReachedAt: data.LOCKSTEP_DATA_REACHED_AT ?? null,
    privateFolder: data.LOCKSTEP_PRIVATE_FOLDER ?? null,
    keyFile,
    runFolder: data.LOCKSTEP_RUN_FOLDER,
    parentPid: data.LOCKSTEP_PARENT_PID ?? null,
    coordinatorWaitMs: data.LOCKSTEP_COORDINATOR_WAIT_MS ?? 0,
  };
}
