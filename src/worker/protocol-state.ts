/**
 * A worker's side of the control protocol: a pure reducer from the coordinator's messages and the training
 * loop's requests to what may run next.
 *
 *   joining → loading → waiting → running → finished → complete
 *                                    any of them → aborted
 */
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Transition } from '../core/transition.ts';
import type { CoordinatorMessage, WorkerBody } from '../protocol/messages.ts';

export interface Assignment {
  readonly rank: number;
  readonly worldSize: number;
  readonly generation: number;
  readonly peers: readonly { readonly rank: number; readonly endpoint: string }[];
}

export interface WorkerState {
  /** loading: the rank is known, weights are being loaded · waiting: ready, not all others are. */
  readonly phase:
    | 'joining'
    | 'loading'
    | 'waiting'
    | 'running'
    | 'finished'
    | 'complete'
    | 'aborted';
  /** 0 until a rank is assigned. */
  readonly generation: number;
  readonly assignment: Assignment | null;
  /** Steps below it may run. */
  readonly lease: number;
  /** Step before which to stop, once the coordinator drains the run. */
  readonly stopAt: number | null;
  /** Steps that this worker has applied. */
  readonly step: number;
  readonly failure: Failure | null;
}

export type WorkerEvent =
  | { readonly kind: 'received'; readonly message: CoordinatorMessage }
  /** The training loop tells the coordinator something. */
  | { readonly kind: 'said'; readonly body: WorkerBody }
  /** Something ended the run on this side: a lost coordinator, a broken collective. */
  | { readonly kind: 'broke'; readonly failure: Failure };

export type WorkerEffect =
  | { readonly kind: 'send'; readonly body: WorkerBody }
  | { readonly kind: 'assigned'; readonly assignment: Assignment }
  | { readonly kind: 'started' }
  | { readonly kind: 'leaseChanged' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'abort'; readonly failure: Failure };

type Result = Transition<WorkerState, WorkerEffect>;

export const INITIAL_WORKER_STATE: WorkerState = {
  phase: 'joining',
  generation: 0,
  assignment: null,
  lease: 0,
  stopAt: null,
  step: 0,
  failure: null,
};

/** The next state. After `complete` or an abort nothing changes any more: the first reason wins. */
export function reduceWorker(state: WorkerState, event: WorkerEvent): Result {
  if (state.phase === 'complete' || state.phase === 'aborted') return stay(state);
  switch (event.kind) {
    case 'received':
      return onMessage(state, event.message);
    case 'said':
      return onSaid(state, event.body);
    case 'broke':
      return abort(state, event.failure);
  }
}

/** Whether step `step` may run now, must not run any more, or has to wait for the next lease. */
export function leaseDecision(state: WorkerState, step: number): 'run' | 'drain' | 'wait' {
  if (state.stopAt !== null && step >= state.stopAt) return 'drain';
  return step < state.lease ? 'run' : 'wait';
}

function onMessage(state: WorkerState, message: CoordinatorMessage): Result {
  if (message.kind === 'abort') {
    return abort(state, failure(message.code, message.message, message.advice));
  }
  if (message.kind === 'heartbeat') return stay(state);
  if (message.kind === 'assign') return onAssign(state, message);
  if (message.generation !== state.generation) {
    return stay(state, `ignored "${message.kind}" of generation ${message.generation}`);
  }
  switch (message.kind) {
    case 'lease':
      return onLease(state, message.until);
    case 'drain':
      return changed({ ...state, stopAt: message.stopAt }, [{ kind: 'leaseChanged' }]);
    case 'complete':
      return changed({ ...state, phase: 'complete' }, [{ kind: 'complete' }]);
  }
}

function onAssign(
  state: WorkerState,
  message: Extract<CoordinatorMessage, { kind: 'assign' }>,
): Result {
  if (message.generation <= state.generation) {
    return stay(state, `ignored "assign" of generation ${message.generation}`);
  }
  const { rank, worldSize, peers, generation } = message;
  const assignment = { rank, worldSize, peers, generation };
  const next: WorkerState = { ...state, phase: 'loading', generation, assignment };
  const reason = `this is rank ${rank} of ${worldSize} in generation ${generation}`;
  return { state: next, effects: [{ kind: 'assigned', assignment }], reason };
}

function onLease(state: WorkerState, until: number): Result {
  const lease = Math.max(state.lease, until);
  if (state.phase !== 'waiting') return changed({ ...state, lease }, [{ kind: 'leaseChanged' }]);
  const started: WorkerState = { ...state, lease, phase: 'running' };
  return changed(started, [{ kind: 'started' }, { kind: 'leaseChanged' }]);
}

/** Phases in which the training loop may say a thing; messages not listed are always in order. */
const SAID_IN: Partial<Record<WorkerBody['kind'], WorkerState['phase']>> = {
  hello: 'joining',
  ready: 'loading',
  stepDone: 'running',
  finished: 'running',
};

function onSaid(state: WorkerState, body: WorkerBody): Result {
  const expected = SAID_IN[body.kind];
  if (expected !== undefined && expected !== state.phase) {
    const message = `The training loop said "${body.kind}" while this worker was ${state.phase}; that belongs to "${expected}".`;
    return abort(state, failure('UNEXPECTED', message, 'This is a defect: please report it.'));
  }
  return changed(afterSaying(state, body), [{ kind: 'send', body }]);
}

function afterSaying(state: WorkerState, body: WorkerBody): WorkerState {
  if (body.kind === 'ready') return { ...state, phase: 'waiting', step: body.step };
  if (body.kind === 'stepDone') return { ...state, step: body.step + 1 };
  if (body.kind === 'finished') return { ...state, phase: 'finished' };
  return state;
}

function abort(state: WorkerState, reason: Failure): Result {
  const next: WorkerState = { ...state, phase: 'aborted', failure: reason };
  return { state: next, effects: [{ kind: 'abort', failure: reason }], reason: reason.message };
}

function changed(state: WorkerState, effects: readonly WorkerEffect[]): Result {
  return { state, effects, reason: '' };
}

function stay(state: WorkerState, reason = ''): Result {
  return { state, effects: [], reason };
}
