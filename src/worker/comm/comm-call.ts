/** What crosses between a worker's main thread and its comm thread. */
import type { ReduceShape } from '../../collective/exchange-round.ts';
import type { CrossingFloats } from '../../collective/transport/host-memory.ts';
import type { Failure } from '../../core/failure.ts';
import type { RunKeys } from '../../protocol/curve-keys.ts';
import type { Boundary, WorkerBody } from '../../protocol/messages.ts';
import type { JoinRequest, Membership } from '../comm.ts';
import type { WorkerIdentity } from '../identity.ts';

type Body<Kind extends WorkerBody['kind']> = Extract<WorkerBody, { kind: Kind }>;

/** An `OwnSubtree` whose vector lies in memory that both threads see. */
export interface CrossingSubtree {
  readonly level: number;
  readonly index: number;
  readonly vector: CrossingFloats;
}

/** What a `ReduceInput` has beside the subtrees that were offered. */
type CrossingInput = ReduceShape & { readonly subtrees: readonly CrossingSubtree[] };

/** A worker's place in a generation. */
export interface Placed {
  readonly membership: Membership;
  /** Whether other workers see the memory of this process. */
  readonly hasPeersHere: boolean;
}

/** Requests that are answered, and the type of each answer. */
export interface Calls {
  join: { readonly request: JoinRequest; readonly answer: Placed };
  reportBoundary: { readonly request: Boundary | null; readonly answer: Placed };
  /** The answer's memory is handed over. */
  receiveState: { readonly request: null; readonly answer: Uint8Array };
  /** The snapshot's memory is handed over. */
  sendState: { readonly request: Uint8Array; readonly answer: null };
  ready: { readonly request: Omit<Body<'ready'>, 'kind'>; readonly answer: null };
  awaitLease: { readonly request: { readonly step: number }; readonly answer: 'run' | 'drain' };
  allReduce: { readonly request: CrossingInput; readonly answer: CrossingFloats };
  finish: { readonly request: Body<'finished'>; readonly answer: null };
  fail: { readonly request: Failure; readonly answer: null };
}

export type CallName = keyof Calls;

export type Call = {
  [Name in CallName]: { readonly name: Name; readonly request: Calls[Name]['request'] };
}[CallName];

export type ToThread =
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  | { readonly kind: 'say'; readonly body: WorkerBody }
  | { readonly kind: 'offer'; readonly shape: ReduceShape; readonly subtree: CrossingSubtree }
  /** The main thread is not blocked: it knows of the abort and is ending the process. */
  | { readonly kind: 'abortSeen' }
  /** Answers `areYouThere`. */
  | { readonly kind: 'here' }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Calls[CallName]['answer'] }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }
  /** The call is void: a new generation is to be formed. */
  | { readonly kind: 'membershipChanged'; readonly id: number }
  /** Asked every now and then: a main thread that is blocked does not answer. */
  | { readonly kind: 'areYouThere' }
  | { readonly kind: 'aborted'; readonly failure: Failure };

/** `workerData` of the comm thread. */
export interface ThreadOptions {
  readonly identity: WorkerIdentity;
  /** For tcp; null for Unix sockets, or when tcp without keys was asked for. */
  readonly keys: RunKeys | null;
  /** An all-reduce must be done so long after this rank began it. */
  readonly reduceDeadlineMs: number;
  /** An int32 that becomes 1, with a notification, once all sockets are closed. */
  readonly closed: SharedArrayBuffer;
  /** An int32: the newest generation that this worker has heard of. */
  readonly generation: SharedArrayBuffer;
}
