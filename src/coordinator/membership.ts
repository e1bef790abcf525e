/**
 * Who takes part in a run: a pure reducer from worker messages, exits and clock readings to the members'
 * states. One membership is a *generation*.
 *
 *   gathering → forming → running → ended
 *       ↑__________|_________|
 *
 * Until the first generation runs, whatever is wrong ends the run. Afterwards a lost worker costs a new
 * generation: those that are left drop their unfinished step and say where they stand (`boundary`), get ranks
 * and, where they lack it, the state of one that is furthest (`assign`), load it (`ready`) and go on. The lost
 * process is started again, or left out when it keeps failing; a new process that is ready to take part makes
 * a new generation, too.
 */
import { failure } from '../core/failure.ts';
import type { WorkerMessage } from '../protocol/messages.ts';
import { finishDifference, joinDifference, readyDifference } from './agreement.ts';
import { forgiveSilence, onTick } from './deadlines.ts';
import { askForBoundary, formIfComplete, isToCome, regroup } from './generations.ts';
import { evict, onExit, onMisbehaved } from './losses.ts';
import type { Of } from './member.ts';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipState,
  Result,
} from './membership-state.ts';
import {
  abort,
  hear,
  isAlive,
  joined,
  progressOf,
  ranked,
  stay,
  update,
} from './membership-state.ts';
import { nameMember } from './wording.ts';

/** The next state. After the end nothing changes any more: the first reason wins. */
export function reduceMembership(state: MembershipState, event: MembershipEvent): Result {
  if (state.status === 'ended') return stay(state);
  switch (event.kind) {
    case 'spawned':
      return stay(
        update(state, event.slot, {
          pid: event.pid,
          host: event.host ?? null,
          spawnedMs: event.nowMs,
        }),
      );
    case 'exited':
      return onExit(state, event);
    case 'misbehaved':
      return onMisbehaved(state, event);
    case 'tick':
      return onTick(state, event.nowMs);
    case 'stalled':
      return stay(forgiveSilence(state, event.nowMs));
    case 'gap':
      return regroup(state, event.why);
    case 'paced':
      return stay({ ...state, pace: event.pace });
    case 'stop':
      return formIfComplete({ ...state, stopping: true });
    case 'hold':
      return formIfComplete({ ...state, isHeld: event.isHeld });
    case 'abort':
      return abort(state, event.failure);
    case 'reported':
      return stay(onReported(state, event));
    case 'message':
      return onMessage(state, event.slot, event.message, event.nowMs);
  }
}

function onReported(
  state: MembershipState,
  { step, from }: Extract<MembershipEvent, { kind: 'reported' }>,
): MembershipState {
  const slots = from.map(({ slot }) => slot);
  const heard = state.heard.mapAt(slots, ({ activity }, nth) => ({
    atMs: from[nth]!.nowMs,
    activity,
    step: step + 1,
  }));
  return { ...state, heard };
}

function onMessage(
  before: MembershipState,
  slot: number,
  message: WorkerMessage,
  nowMs: number,
): Result {
  if (message.kind === 'stepDone') {
    return stay(
      onReported(before, { kind: 'reported', step: message.step, from: [{ slot, nowMs }] }),
    );
  }
  const state = hear(before, slot, { atMs: nowMs });
  const isOfGeneration = message.generation === state.generation;
  switch (message.kind) {
    case 'hello':
      return onHello(state, slot, message, nowMs);
    case 'boundary':
      return isOfGeneration ? onBoundary(state, slot, message) : stay(state);
    case 'ready':
      return isOfGeneration ? onReady(state, slot, message) : stay(state);
    case 'finished':
      return isOfGeneration ? onFinished(state, slot, message) : stay(state);
    case 'reconnected':
      return isOfGeneration ? onReconnected(state, slot, message) : stay(state);
    case 'failed':
      return onFailed(state, slot, message, nowMs);
    case 'heartbeat':
      return onHeartbeat(state, slot, message, nowMs);
    default:
      return stay(state);
  }
}

function onHeartbeat(
  state: MembershipState,
  slot: number,
  message: Of<'heartbeat'>,
  nowMs: number,
): Result {
  const { activity, forMs, blockedMs, awaits, unheardMs } = message;
  const next = hear(state, slot, { activity: { activity, forMs, blockedMs, awaits } });
  const { status } = next.members.at(slot)!;
  // Only what it did not hear of this coordinator while that spoke: not of one before it, or of one that was stopped.
  const isDeaf = unheardMs !== undefined && nowMs - unheardMs >= state.speaksSinceMs;
  if (isDeaf && status === 'joined') {
    const member = next.members.at(slot)!;
    const what = `it no longer heard the coordinator ${progressOf(next, member)}, and said so`;
    const advice = 'Look at the network between its host and that of the coordinator.';
    return evict(next, slot, { code: 'WORKER_LOST', what, advice, forGood: false }, nowMs);
  }
  const isUnknown = state.members.at(slot)!.hello === null;
  return stay(next, '', isUnknown ? [{ kind: 'send', slot, body: { kind: 'introduce' } }] : []);
}

function onHello(state: MembershipState, slot: number, hello: Of<'hello'>, nowMs: number): Result {
  // Said again until it is answered.
  const { policy } = state;
  const { status } = state.members.at(slot)!;
  if (status !== 'starting' && status !== 'returning') {
    return stay(state, '', askForBoundary(state, slot));
  }
  const next = update(state, slot, {
    hello,
    pid: hello.pid,
    status: 'joined',
    joinedMs: nowMs,
  });
  const difference = joinDiffers(next, slot) ? joinDifference(joined(next), policy.expected) : null;
  if (difference !== null) {
    if (!state.hasRun) return abort(next, difference);
    const { code, message: what, advice } = difference;
    return evict(next, slot, { code, what, advice, forGood: true }, nowMs);
  }
  if (state.status !== 'gathering') return regroup(next, `worker ${slot} can take part`);
  const absent = next.members.count((member) => isToCome(member, state.hasRun));
  const still = absent > 0 ? `; ${absent} still to come` : '';
  return stay(next, `worker ${slot} has joined${still}`, askForBoundary(next, slot));
}

function onBoundary(state: MembershipState, slot: number, { at }: Of<'boundary'>): Result {
  const member = state.members.at(slot)!;
  if (state.status !== 'gathering' || member.status !== 'joined') return stay(state);
  return formIfComplete(update(state, slot, { boundary: { at } }));
}

function onReady(state: MembershipState, slot: number, message: Of<'ready'>): Result {
  const member = state.members.at(slot)!;
  if (state.status !== 'forming' || member.rank === null || member.ready !== null)
    return stay(state);
  const { step, stateHash } = message;
  const unreported = state.unreported - 1;
  const ready = update(state, slot, { ready: { step, stateHash } });
  const next = { ...hear(ready, slot, { step }), unreported };
  const difference = reportDiffers(next, 'ready', slot)
    ? readyDifference(ranked(next), state.hasRun)
    : null;
  if (difference !== null) return abort(next, difference);
  if (unreported > 0)
    return stay(next, state.hasRun ? '' : `worker ${slot} is ready at step ${step}`);
  const slots = state.ranks;
  const what = state.hasRun ? 'the run goes on' : 'the run starts';
  const reason = `all ${slots.length} workers are ready: ${what} at step ${step}`;
  const running = { ...next, status: 'running', hasRun: true, unreported: slots.length } as const;
  return { state: running, effects: [{ kind: 'start', slots, step }], reason };
}

function onFinished(state: MembershipState, slot: number, message: Of<'finished'>): Result {
  const member = state.members.at(slot)!;
  if (state.status !== 'running' || member.rank === null || member.finished !== null) {
    return stay(state);
  }
  const { step, stateHash, reason } = message;
  const unreported = state.unreported - 1;
  const next = { ...update(state, slot, { finished: { step, stateHash, reason } }), unreported };
  const difference = reportDiffers(next, 'finished', slot) ? finishDifference(ranked(next)) : null;
  if (difference !== null) return abort(next, difference);
  if (unreported > 0) return stay(next, `worker ${slot} has finished at step ${step}`);
  const effects: MembershipEffect[] = next.members
    .toArray()
    .flatMap(({ slot: other, rank, status }): MembershipEffect[] => {
      if (rank !== null) return [{ kind: 'send', slot: other, body: { kind: 'complete', step } }];
      // A process that has not come to take part is of no use any more.
      return isAlive({ status }) ? [{ kind: 'kill', slot: other }] : [];
    });
  effects.push({ kind: 'complete', step, stateHash });
  const text = `all workers have finished at step ${step} with the same state ${stateHash.slice(0, 12)}`;
  return { state: { ...next, status: 'ended' }, effects, reason: text };
}

/** Whether what a new one says differs from what is expected or one that has joined says; those agree among themselves. */
function joinDiffers(state: MembershipState, slot: number): boolean {
  const { members, policy } = state;
  const own = members.at(slot)!;
  const other = members.find((member) => member.status === 'joined' && member.slot !== slot);
  return joinDifference([own, ...(other === undefined ? [] : [other])], policy.expected) !== null;
}

/** Whether a report differs from that of another rank that has given one; those agree among themselves. */
function reportDiffers(
  state: MembershipState,
  report: 'ready' | 'finished',
  slot: number,
): boolean {
  const own = state.members.at(slot)![report]!;
  const before = state.ranks.find(
    (other) => other !== slot && state.members.at(other)![report] !== null,
  );
  if (before === undefined) return false;
  const other = state.members.at(before)![report]!;
  return own.step !== other.step || own.stateHash !== other.stateHash;
}

/** A connection was cut, and frames or messages with it, perhaps: nobody is to wait for them. */
function onReconnected(state: MembershipState, slot: number, { rank }: Of<'reconnected'>): Result {
  if (state.status !== 'forming' && state.status !== 'running') return stay(state);
  const peer = rank === null ? undefined : state.ranks[rank];
  const other = peer === undefined ? 'the coordinator' : `worker ${peer}`;
  return regroup(state, `the connection of worker ${slot} to ${other} was cut and is there again`);
}

/** Errors that another process, or the same one again, need not meet. */
const RESTARTABLE: readonly string[] = ['UNEXPECTED', 'OUT_OF_RESOURCES', 'ENGINE_UNAVAILABLE'];

function onFailed(
  state: MembershipState,
  slot: number,
  message: Of<'failed'>,
  nowMs: number,
): Result {
  const member = state.members.at(slot)!;
  if (member.status === 'evicted') return stay(state);
  const { code, advice } = failure(message.code, '', message.advice);
  const what = `failed at step ${message.step}: ${message.message}`;
  if (state.hasRun && !state.stopping && RESTARTABLE.includes(code)) {
    const reason = { code, what: `it ${what}`, advice, forGood: false };
    const { state: next } = evict(state, slot, reason, nowMs);
    // It ends by itself, having written down what it knows.
    const body = { kind: 'abort', ...failure(code, message.message, advice) } as const;
    return stay(next, '', [{ kind: 'send', slot, body }]);
  }
  return abort(state, failure(code, `${nameMember(member)} ${what}`, advice));
}
