/**
 * A worker's side of the control protocol: a pure reducer from the coordinator's messages and the
 * trainer's requests to what may run next.
 *
 *   starting → joining → regrouping → atBoundary → loading → waiting → running → finished → complete
 *                             ↑___________|_________|_________|________|__________|
 *                                    any of them → aborted
 */
import type { Failure } from '../../core/failure.ts';
import { failure } from '../../core/failure.ts';
import type { Transition } from '../../core/transition.ts';
import type { CoordinatorMessage, Origin, WorkerBody } from '../../protocol/messages.ts';

export interface Assignment {
  readonly rank: number;
  readonly worldSize: number;
  readonly generation: number;
  readonly peers: readonly {
    readonly rank: number;
    readonly endpoint: string;
    readonly host: string;
  }[];
  readonly origin: Origin;
  readonly receivers: readonly number[];
}

export interface WorkerState {
  /**
   * starting: the engine loads · joining: hello was said · regrouping: the trainer has not yet heard of
   * the new generation · atBoundary: it has dropped its work · loading: the rank is known, the state is being
   * loaded · waiting: ready, not all others are.
   */
  readonly status:
    | 'starting'
    | 'joining'
    | 'regrouping'
    | 'atBoundary'
    | 'loading'
    | 'waiting'
    | 'running'
    | 'finished'
    | 'complete'
    | 'aborted';
  /** 0 until the first one. */
  readonly generation: number;
  readonly assignment: Assignment | null;
  /** `hello` or `boundary`, to be said again until it is answered. */
  readonly unanswered: WorkerBody | null;
  /** For a coordinator that was started in place of another one. */
  readonly hello: WorkerBody | null;
  /** What was said of the last steps: the coordinator may have died with it unread. */
  readonly recent: readonly Dated[];
  /** Steps below it may run. */
  readonly lease: number;
  /** Step before which to stop, once the coordinator drains the run. */
  readonly stopAt: number | null;
  /** Steps that this worker has applied. */
  readonly step: number;
  readonly failure: Failure | null;
}

type Dated = Extract<WorkerBody, { kind: 'stepDone' | 'result' }>;

/** A coordinator has told of all steps but those of a lease, at most two, and the one whose results still come. */
const RECENT_STEPS = 3;

export type WorkerEvent =
  | { readonly kind: 'received'; readonly message: CoordinatorMessage }
  /** The trainer tells the coordinator something. */
  | { readonly kind: 'said'; readonly body: WorkerBody }
  /** Something ended the run on this side: a lost coordinator, a broken collective. */
  | { readonly kind: 'broke'; readonly failure: Failure };

export type WorkerEffect =
  | { readonly kind: 'send'; readonly body: WorkerBody }
  /** Whatever the trainer does for the generation before is to be dropped. */
  | { readonly kind: 'regroup'; readonly generation: number }
  | { readonly kind: 'abort'; readonly failure: Failure };

type Result = Transition<WorkerState, WorkerEffect>;

export const INITIAL_WORKER_STATE: WorkerState = {
  status: 'starting',
  generation: 0,
  assignment: null,
  unanswered: null,
  hello: null,
  recent: [],
  lease: 0,
  stopAt: null,
  step: 0,
  failure: null,
};

/** The next state. After `complete` or an abort nothing changes any more: the first reason wins. */
export function reduceWorker(state: WorkerState, event: WorkerEvent): Result {
  if (state.status === 'complete' || state.status === 'aborted') return stay(state);
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
  if (state.status === 'starting') return stay(state);
  if (message.kind === 'introduce') return introduce(state);
  if (state.status === 'joining' && message.kind !== 'regroup') return repeat(state);
  // Whatever is said in a newer generation says that there is one, should `regroup` itself be lost.
  if (message.generation > state.generation) return regroup(state, message.generation);
  if (message.generation < state.generation) {
    return stay(state, `ignored "${message.kind}" of generation ${message.generation}`);
  }
  switch (message.kind) {
    case 'regroup':
    case 'heartbeat':
      return state.status === 'atBoundary' ? repeat(state) : stay(state);
    case 'assign':
      return onAssign(state, message);
    case 'lease':
      return changed({ ...started(state), lease: Math.max(state.lease, message.until) });
    case 'drain':
      return changed({ ...started(state), stopAt: message.stopAt });
    case 'complete':
      return changed(state.status === 'finished' ? { ...state, status: 'complete' } : state);
  }
}

function regroup(state: WorkerState, generation: number): Result {
  const fresh = { assignment: null, unanswered: null, lease: 0, stopAt: null } as const;
  const next: WorkerState = { ...state, ...fresh, status: 'regrouping', generation };
  const reason = `generation ${generation} is to be formed`;
  return { state: next, effects: [{ kind: 'regroup', generation }], reason };
}

function onAssign(
  state: WorkerState,
  message: Extract<CoordinatorMessage, { kind: 'assign' }>,
): Result {
  if (state.status !== 'atBoundary') return stay(state);
  const { rank, worldSize, peers, generation, origin, receivers } = message;
  const assignment = { rank, worldSize, peers, generation, origin, receivers };
  const next: WorkerState = { ...state, status: 'loading', unanswered: null, assignment };
  return stay(next, `this is rank ${rank} of ${worldSize} in generation ${generation}`);
}

/** The first lease, or a drain in its place, starts the generation. */
function started(state: WorkerState): WorkerState {
  return state.status === 'waiting' ? { ...state, status: 'running' } : state;
}

function introduce(state: WorkerState): Result {
  const { hello, recent } = state;
  const bodies = hello === null ? recent : [hello, ...recent];
  return changed(
    state,
    bodies.map((body) => ({ kind: 'send', body })),
  );
}

/** Says again what has not been answered. */
function repeat(state: WorkerState): Result {
  const { unanswered } = state;
  return changed(state, unanswered === null ? [] : [{ kind: 'send', body: unanswered }]);
}

/** Statuses in which the trainer may say a thing; messages not listed are always in order. */
const SAID_IN: Partial<Record<WorkerBody['kind'], readonly WorkerState['status'][]>> = {
  hello: ['starting'],
  boundary: ['regrouping'],
  ready: ['loading'],
  // Of the generation before, when the loop has not yet heard of the new one.
  stepDone: ['running', 'regrouping'],
  finished: ['running'],
};

function onSaid(state: WorkerState, body: WorkerBody): Result {
  const expected = SAID_IN[body.kind];
  if (expected !== undefined && !expected.includes(state.status)) {
    const message = `The trainer said "${body.kind}" while this worker was ${state.status}; that belongs to "${expected[0]}".`;
    return abort(state, failure('UNEXPECTED', message, 'This is a defect: please report it.'));
  }
  return changed(afterSaying(state, body), [{ kind: 'send', body }]);
}

function afterSaying(state: WorkerState, body: WorkerBody): WorkerState {
  switch (body.kind) {
    case 'hello':
      return { ...state, status: 'joining', unanswered: body, hello: body };
    case 'boundary':
      return { ...state, status: 'atBoundary', unanswered: body };
    case 'ready':
      return { ...state, ...before(state, body.step), status: 'waiting' };
    case 'stepDone':
      return { ...remember(state, body), step: body.step + 1 };
    case 'result':
      return remember(state, body);
    case 'finished':
      return { ...state, status: 'finished' };
    default:
      return state;
  }
}

/** A state that was read from the disk may be an earlier one: what was said of later steps is void. */
function before({ recent }: WorkerState, step: number): Pick<WorkerState, 'step' | 'recent'> {
  const isDone = (said: Dated) => said.step < (said.kind === 'result' ? step + 1 : step);
  return { step, recent: recent.filter(isDone) };
}

function remember(state: WorkerState, body: Dated): WorkerState {
  const recent = state.recent.filter(({ step }) => step > body.step - RECENT_STEPS);
  return { ...state, recent: [...recent, body] };
}

function abort(state: WorkerState, reason: Failure): Result {
  const next: WorkerState = { ...state, status: 'aborted', failure: reason };
  return { state: next, effects: [{ kind: 'abort', failure: reason }], reason: reason.message };
}

function changed(state: WorkerState, effects: readonly WorkerEffect[] = []): Result {
  return { state, effects, reason: '' };
}

function stay(state: WorkerState, reason = ''): Result {
  return { state, effects: [], reason };
}
