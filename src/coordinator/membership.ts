/**
 * Who takes part in a run: a pure reducer from worker messages, exits and clock readings to the members'
 * states. One membership is a *generation*; losing a member ends the run (a later generation could begin
 * from `formGeneration` instead).
 */

import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Transition } from '../core/transition.ts';
import type { CoordinatorBody, WorkerMessage } from '../protocol/messages.ts';
import { finishDifference, joinDifference, readyDifference } from './agreement.ts';
import type { ExitStatus, ExpectedHashes, Member, Of } from './member.ts';
import { describeExit, nameMember } from './wording.ts';

export interface MembershipPolicy {
  readonly worldSize: number;
  readonly expected: ExpectedHashes;
  /** A worker that has been heard once is lost after so long a silence. */
  readonly silenceMs: number;
  /** All workers must be ready so long after the start. */
  readonly joinMs: number;
}

export interface MembershipState {
  /** gathering: waiting for hellos · forming: ranks assigned, weights loading · running · ended. */
  readonly phase: 'gathering' | 'forming' | 'running' | 'ended';
  readonly generation: number;
  readonly members: readonly Member[];
  readonly startedMs: number;
  readonly policy: MembershipPolicy;
}

export type MembershipEvent =
  | { readonly kind: 'spawned'; readonly slot: number; readonly pid: number }
  | {
      readonly kind: 'message';
      readonly slot: number;
      readonly message: WorkerMessage;
      readonly nowMs: number;
    }
  | { readonly kind: 'exited'; readonly slot: number; readonly status: ExitStatus }
  /** It sent what no worker of this installation sends: nothing of it is believed any more. */
  | { readonly kind: 'misbehaved'; readonly slot: number; readonly why: string }
  | { readonly kind: 'tick'; readonly nowMs: number }
  /** The coordinator itself was stopped for a while: the members' silence until now proves nothing. */
  | { readonly kind: 'stalled'; readonly nowMs: number }
  | { readonly kind: 'abort'; readonly failure: Failure };

export type MembershipEffect =
  | { readonly kind: 'send'; readonly slot: number; readonly body: CoordinatorBody }
  | { readonly kind: 'start'; readonly step: number }
  | {
      readonly kind: 'complete';
      readonly step: number;
      readonly stateHash: string;
      readonly drained: boolean;
    }
  | { readonly kind: 'abort'; readonly failure: Failure };

type Result = Transition<MembershipState, MembershipEffect>;

export function initialMembership(policy: MembershipPolicy, nowMs: number): MembershipState {
  const members = Array.from({ length: policy.worldSize }, (_, slot) => emptyMember(slot));
  return { phase: 'gathering', generation: 1, members, startedMs: nowMs, policy };
}

/** The next state. After the end nothing changes any more: the first reason wins. */
export function reduceMembership(state: MembershipState, event: MembershipEvent): Result {
  if (state.phase === 'ended') return stay(state);
  switch (event.kind) {
    case 'spawned':
      return stay(update(state, event.slot, { pid: event.pid }));
    case 'exited':
      return onExit(state, event.slot, event.status);
    case 'misbehaved':
      return onMisbehaved(state, event.slot, event.why);
    case 'tick':
      return onTick(state, event.nowMs);
    case 'stalled':
      return stay(forgiveSilence(state, event.nowMs));
    case 'abort':
      return abort(state, event.failure);
    case 'message': {
      const heard = update(state, event.slot, { lastHeardMs: event.nowMs });
      return onMessage(heard, event.slot, event.message);
    }
  }
}

function onMessage(state: MembershipState, slot: number, message: WorkerMessage): Result {
  switch (message.kind) {
    case 'hello':
      return onHello(state, slot, message);
    case 'ready':
      return onReady(state, slot, message);
    case 'finished':
      return onFinished(state, slot, message);
    case 'failed':
      return abort(state, reportedFailure(state, slot, message));
    case 'stepDone':
      return stay(update(state, slot, { step: message.step + 1 }));
    default:
      return stay(state);
  }
}

function onHello(state: MembershipState, slot: number, hello: Of<'hello'>): Result {
  if (state.phase !== 'gathering' || state.members[slot]!.hello !== null) {
    return abort(state, outOfOrder(state, slot, 'hello'));
  }
  const next = update(state, slot, { hello, pid: hello.pid });
  const difference = joinDifference(next.members, state.policy.expected);
  if (difference !== null) return abort(next, difference);
  const absent = next.members.filter((member) => member.hello === null).length;
  if (absent > 0) return stay(next, `rank ${slot} has joined; ${absent} still to come`);
  return formGeneration(next);
}

/** Gives each member its rank and its peers. Every member must have said hello. */
function formGeneration(state: MembershipState): Result {
  const { worldSize } = state.policy;
  const peers = state.members.map((member) => ({
    rank: member.slot,
    endpoint: member.hello!.dataEndpoint,
  }));
  const effects = state.members.map(({ slot }) => ({
    kind: 'send' as const,
    slot,
    body: { kind: 'assign' as const, rank: slot, worldSize, peers },
  }));
  const reason = `all ${worldSize} workers have joined: generation ${state.generation} is formed`;
  return { state: { ...state, phase: 'forming' }, effects, reason };
}

function onReady(state: MembershipState, slot: number, message: Of<'ready'>): Result {
  if (state.phase !== 'forming') return abort(state, outOfOrder(state, slot, 'ready'));
  const { step, stateHash } = message;
  const next = update(state, slot, { ready: { step, stateHash }, step });
  const difference = readyDifference(next.members);
  if (difference !== null) return abort(next, difference);
  if (next.members.some((member) => member.ready === null)) {
    return stay(next, `rank ${slot} is ready at step ${step}`);
  }
  const reason = `all ${state.policy.worldSize} workers are ready: the run starts at step ${step}`;
  return { state: { ...next, phase: 'running' }, effects: [{ kind: 'start', step }], reason };
}

function onFinished(state: MembershipState, slot: number, message: Of<'finished'>): Result {
  if (state.phase !== 'running') return abort(state, outOfOrder(state, slot, 'finished'));
  const { step, stateHash, reason } = message;
  const next = update(state, slot, { finished: { step, stateHash, reason } });
  const difference = finishDifference(next.members);
  if (difference !== null) return abort(next, difference);
  if (next.members.some((member) => member.finished === null)) {
    return stay(next, `rank ${slot} has finished at step ${step}`);
  }
  const effects: MembershipEffect[] = next.members.map((member) => ({
    kind: 'send',
    slot: member.slot,
    body: { kind: 'complete', step },
  }));
  effects.push({ kind: 'complete', step, stateHash, drained: reason === 'drained' });
  const text = `all workers have finished at step ${step} with the same state ${stateHash.slice(0, 12)}`;
  return { state: { ...next, phase: 'ended' }, effects, reason: text };
}

function onExit(state: MembershipState, slot: number, status: ExitStatus): Result {
  const member = state.members[slot]!;
  if (status.signal === 'SIGINT') {
    // The terminal sends Ctrl-C to every process of its group; a worker that has just started has no handler yet.
    return abort(
      state,
      failure(
        'INTERRUPTED',
        `${nameMember(member)} was interrupted while it started.`,
        'Start the run again.',
      ),
    );
  }
  const message = `Lost ${nameMember(member)}: it ${describeExit(status)} ${progressOf(state, member)}.`;
  const advice = status.lastLine
    ? `Its last line was: ${status.lastLine}`
    : 'Read its file in the logs of the run, then resume from the last checkpoint.';
  return abort(state, failure('WORKER_LOST', message, advice));
}

function onMisbehaved(state: MembershipState, slot: number, why: string): Result {
  const message = `Lost ${nameMember(state.members[slot]!)}: it can't be understood. ${why}`;
  const advice = 'Start all processes from one installation, by one command.';
  return abort(state, failure('PROTOCOL', message, advice));
}

function onTick(state: MembershipState, nowMs: number): Result {
  const { silenceMs, joinMs } = state.policy;
  const silent = state.members.find(
    (member) => member.lastHeardMs !== null && nowMs - member.lastHeardMs > silenceMs,
  );
  if (silent !== undefined) {
    const message = `Lost ${nameMember(silent)}: nothing was heard of it for ${silenceMs} ms ${progressOf(state, silent)}.`;
    return abort(
      state,
      failure(
        'WORKER_LOST',
        message,
        'Look whether its host or process was stopped, then resume from the last checkpoint.',
      ),
    );
  }
  if (state.phase === 'running' || nowMs - state.startedMs <= joinMs) return stay(state);
  const late = state.members.filter((member) => member.ready === null).map((member) => member.slot);
  const message = `Cannot start the run: of ${state.policy.worldSize} workers, ${late.length} (${late.join(', ')}) were not ready within ${joinMs} ms.`;
  return abort(state, failure('TIMEOUT', message, 'Read their files in the logs of the run.'));
}

function forgiveSilence(state: MembershipState, nowMs: number): MembershipState {
  const members = state.members.map((member) =>
    member.lastHeardMs === null ? member : { ...member, lastHeardMs: nowMs },
  );
  return { ...state, members };
}

function reportedFailure(state: MembershipState, slot: number, message: Of<'failed'>): Failure {
  const who = nameMember(state.members[slot]!);
  return failure(
    message.code,
    `${who} failed at step ${message.step}: ${message.message}`,
    message.advice,
  );
}

function outOfOrder(state: MembershipState, slot: number, kind: string): Failure {
  const message = `${nameMember(state.members[slot]!)} sent "${kind}" while the membership was ${state.phase}.`;
  return failure('PROTOCOL', message, 'Start all processes from one installation.');
}

function progressOf(state: MembershipState, member: Member): string {
  if (state.phase === 'gathering') return 'before all workers had joined';
  if (state.phase === 'forming') return 'while it loaded its weights';
  return `after ${member.step} steps`;
}

function abort(state: MembershipState, reason: Failure): Result {
  const body = { kind: 'abort', ...reason } as const;
  const effects: MembershipEffect[] = state.members
    .filter((member) => member.lastHeardMs !== null)
    .map((member) => ({ kind: 'send', slot: member.slot, body }));
  effects.push({ kind: 'abort', failure: reason });
  return { state: { ...state, phase: 'ended' }, effects, reason: reason.message };
}

function emptyMember(slot: number): Member {
  return { slot, pid: null, hello: null, ready: null, finished: null, lastHeardMs: null, step: 0 };
}

function update(state: MembershipState, slot: number, change: Partial<Member>): MembershipState {
  const members = state.members.map((member) =>
    member.slot === slot ? { ...member, ...change } : member,
  );
  return { ...state, members };
}

function stay(state: MembershipState, reason = ''): Result {
  return { state, effects: [], reason };
}
