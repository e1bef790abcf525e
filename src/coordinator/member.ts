/** One slot and its present process, as the coordinator sees it. */
import type { Boundary, WorkerMessage } from '../protocol/messages.ts';

/** What every worker's `hello` must say; a hash that is absent here must only be equal on all workers. */
export interface ExpectedHashes {
  readonly configHash?: string;
  readonly dataHash?: string;
  readonly fingerprint?: string;
}

export type Of<Kind extends WorkerMessage['kind']> = Extract<WorkerMessage, { kind: Kind }>;
type Hello = Of<'hello'>;

export interface Member {
  /** Place in which the launcher starts it. */
  readonly slot: number;
  /** Processes that were started in this slot before the present one. */
  readonly attempt: number;
  /**
   * starting: the process loads its engine · returning: it took part under a coordinator that died, and has not
   * yet introduced itself to this one · joined: it takes part or waits to · evicted: it is being ended ·
   * absent: it has ended and is to be started again · leftOut: it is not.
   */
  readonly status: 'starting' | 'returning' | 'joined' | 'evicted' | 'absent' | 'leftOut';
  readonly pid: number | null;
  /** Where its process is; null in a run of one host. */
  readonly host: string | null;
  readonly hello: Hello | null;
  readonly joinedMs: number | null;
  /** What it said for the present generation. */
  readonly boundary: { readonly at: Boundary | null } | null;
  /** Its rank in the generation that was formed last. */
  readonly rank: number | null;
  readonly ready: { readonly step: number; readonly stateHash: string } | null;
  readonly finished: Pick<Of<'finished'>, 'step' | 'stateHash' | 'reason'> | null;
  /** When its process was spawned; null before, as while its host is away. */
  readonly spawnedMs: number | null;
  /** Restarts in a row. */
  readonly restarts: number;
  /** When it is to be started again. */
  readonly restartAtMs: number | null;
  /** Why it is being ended, and since when. */
  readonly eviction: Eviction | null;
}

/** What was last heard of a process: apart from the rest, since each message changes it. */
export interface Heard {
  /** Null: it was never heard. */
  readonly atMs: number | null;
  /** Null: it has said nothing of it in this generation. */
  readonly activity: Pick<Of<'heartbeat'>, 'activity' | 'forMs' | 'blockedMs' | 'awaits'> | null;
  /** Steps that it has applied. */
  readonly step: number;
}

export const NOTHING_HEARD: Heard = { atMs: null, activity: null, step: 0 };

export interface Eviction {
  readonly code: string;
  /** What happened to it, to follow "Lost worker 1 (pid 5): ". */
  readonly what: string;
  readonly advice: string;
  readonly sinceMs: number;
  /** It is lost because it is not heard, whatever its process does. */
  readonly silent?: boolean;
  /** Never to be started again. */
  readonly forGood: boolean;
}

/** A process that is to be started in `slot`. */
export function newMember(slot: number, attempt: number, restarts: number): Member {
  return {
    slot,
    attempt,
    status: 'starting',
    pid: null,
    host: null,
    hello: null,
    joinedMs: null,
    boundary: null,
    rank: null,
    ready: null,
    finished: null,
    spawnedMs: null,
    restarts,
    restartAtMs: null,
    eviction: null,
  };
}
