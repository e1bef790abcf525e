/** How the trainer talks to the rest of the run; it knows neither sockets nor threads. */

import type { OwnSubtree, ReduceInput, ReduceShape } from '../collective/exchange-round.ts';
import type { LockstepError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { Boundary, Origin } from '../protocol/messages.ts';

export interface JoinRequest {
  readonly configHash: string;
  readonly dataHash: string;
  /** Numerics fingerprint: what could change a bit. */
  readonly fingerprint: string;
}

export interface Membership {
  readonly rank: number;
  readonly worldSize: number;
  readonly generation: number;
  readonly origin: Origin;
  /** Ranks that wait for this worker's state. */
  readonly receivers: readonly number[];
}

export interface StepReport {
  readonly step: number;
  /** Reduced values: the coordinator checks that they are the same on all ranks. Finite numbers. */
  readonly sums: Readonly<Record<string, number>>;
  /** Hash of the state after the step, where it is to be compared between ranks. */
  readonly stateHash?: string | undefined;
  /** Anything else that is plain JSON: phase, learning rate, this rank's timings. */
  readonly report: Readonly<Record<string, unknown>>;
}

/**
 * Every promise rejects with the reason of `aborted` once the run is over, and all but those of `join` and
 * `reportBoundary` with `MembershipChanged` once a new generation is to be formed.
 */
export interface Comm {
  /** Joins the run; resolves with this worker's place in the first generation that has one for it. */
  join(request: JoinRequest): Promise<Membership>;
  /** Says at which boundary the state is (null: none) and resolves with the place in the new generation. */
  reportBoundary(boundary: Boundary | null): Promise<Membership>;
  /** The snapshot that the peer named by `origin` sends. */
  receiveState(): Promise<Uint8Array>;
  /** Sends a snapshot to `receivers`. It must not be written to any more. */
  sendState(snapshot: Uint8Array): Promise<void>;
  /** The state is there; resolves when the generation starts. */
  ready(info: { readonly step: number; readonly stateHash: string }): Promise<void>;
  /** `run`: do this step now. `drain`: stop before it, save, finish. */
  awaitLease(step: number): Promise<'run' | 'drain'>;
  /** Throws `MembershipChanged` if it has: asked between micro-batches, to waste no more work. */
  checkMembership(): void;
  /**
   * The canonical sum over all ranks, valid until the call after the next one. All ranks call it in the same
   * order, one call at a time.
   */
  allReduce(input: ReduceInput): Promise<Float32Array>;
  /**
   * A subtree of the next `allReduce`, which gets it again: peers have it while other micro-batches are computed.
   * Its vector is as valid as there.
   */
  offer(shape: ReduceShape, subtree: OwnSubtree): void;
  stepDone(report: StepReport): void;
  /** An event for the people who watch the run. Plain JSON. */
  event(payload: Readonly<Record<string, unknown>>): void;
  /** The same, of what all ranks say alike: told once for each `kind` and step. */
  result(payload: Readonly<Record<string, unknown>> & { readonly kind: string }): void;
  /** Resolves when all ranks have finished at the same step with the same state. */
  finish(info: {
    readonly step: number;
    readonly stateHash: string;
    readonly reason: 'completed' | 'drained';
  }): Promise<void>;
  /** Ends this worker with this error; resolves when the coordinator knows, or can't be told. */
  fail(error: LockstepError): Promise<void>;
  readonly aborted: AbortSignal;
  close(): Promise<void>;
}

/** What JSON keeps of a value: numbers that are not finite become null, undefined is left out. */
export function plainJson(value: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
