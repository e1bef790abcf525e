/** What the clock tells of the members: silence, hangs, lateness. Pure. */

import { failure } from '../core/failure.ts';
import { capital } from '../core/format.ts';
import { formIfComplete, regroup } from './generations.ts';
import { dueLaunches, evict, lose } from './losses.ts';
import { describeLost, lostLinks, mostCutOff } from './lost-links.ts';
import type { Heard, Member } from './member.ts';
import type { MembershipEffect, MembershipState, Result } from './membership-state.ts';
import { abort, heardOf, isAlive, isAway, joined, progressOf, stay } from './membership-state.ts';
import type { StepPace } from './step-pace.ts';

/** Generations in a row in which a data connection loses everything before its worker is lost. */
const QUIET_GENERATIONS = 3;
/** A process that could not be killed counts as lost after so long. */
const KILL_WAIT_MS = 5_000;

export function onTick(state: MembershipState, nowMs: number): Result {
  const steps = [
    dueLaunches,
    findSilent,
    findUnkillable,
    findHung,
    findLate,
    findQuiet,
    findTooFew,
  ];
  let next = state;
  const effects: MembershipEffect[] = [];
  const reasons: string[] = [];
  for (const step of steps) {
    if (next.status === 'ended') break;
    const result = step(next, nowMs);
    next = result.state;
    effects.push(...result.effects);
    if (result.reason !== '') reasons.push(result.reason);
  }
  return { state: next, effects, reason: reasons.join('; ') };
}

function findSilent(state: MembershipState, nowMs: number): Result {
  const { silenceMs } = state.policy;
  const silent = state.members.toArray().find((member) => {
    const { atMs } = heardOf(state, member);
    return isAlive(member) && atMs !== null && nowMs - atMs > silenceMs;
  });
  if (silent === undefined) return stay(state);
  const what = `nothing was heard of it for ${silenceMs} ms ${progressOf(state, silent)}`;
  const advice =
    'Look whether its host or process was stopped or its network broken, then resume from the last checkpoint.';
  const reason = { code: 'WORKER_LOST', what, advice, forGood: false, silent: true };
  return evict(state, silent.slot, reason, nowMs);
}

/** A process that a signal can't end, in a driver for example, is given up. */
function findUnkillable(state: MembershipState, nowMs: number): Result {
  const stuck = state.members
    .toArray()
    .find(
      ({ status, eviction: fate }) => status === 'evicted' && nowMs - fate!.sinceMs > KILL_WAIT_MS,
    );
  if (stuck === undefined) return stay(state);
  const fate = stuck.eviction!;
  const what = `${fate.what}, and it does not end`;
  const lost = lose(state, stuck.slot, { ...fate, what, forGood: true }, nowMs);
  return { ...lost, effects: [{ kind: 'kill', slot: stuck.slot }, ...lost.effects] };
}

/** In a training step for longer than any can take: an evaluation, a checkpoint or a first step may take longer. */
function isBlocked(
  { activity, blockedMs }: NonNullable<Heard['activity']>,
  pace: StepPace | null,
): boolean {
  return activity === 'training' && pace !== null && blockedMs > pace.deadlineMs;
}

function findHung(state: MembershipState, nowMs: number): Result {
  const { pace, policy } = state;
  const isHung = (member: Member) => {
    const { activity } = heardOf(state, member);
    if (member.status !== 'joined' || activity === null || activity.activity === 'waiting')
      return false;
    return activity.forMs > policy.hangMs || isBlocked(activity, pace);
  };
  const hung = state.members.toArray().find(isHung);
  if (hung === undefined) return stay(state);
  const { activity, step } = heardOf(state, hung);
  const { forMs, blockedMs } = activity!;
  const what = isBlocked(activity!, pace)
    ? `its main thread has been blocked for ${blockedMs} ms in step ${step}, of the steps before the slowest took ${Math.round(pace!.slowestMs)} ms`
    : `it has computed for ${forMs} ms without a word ${progressOf(state, hung)}`;
  const advice = 'Read its log; raise the limit if a step may take so long.';
  return evict(state, hung.slot, { code: 'WORKER_LOST', what, advice, forGood: false }, nowMs);
}

/** Processes that take too long to come to take part. */
function findLate(state: MembershipState, nowMs: number): Result {
  const { joinMs, worldSize } = state.policy;
  if (state.hasRun) {
    const late = state.members
      .toArray()
      .find(
        ({ status, spawnedMs }) =>
          status === 'starting' && spawnedMs !== null && nowMs - spawnedMs > joinMs,
      );
    if (late === undefined) return stay(state);
    const what = `it was not ready to take part within ${joinMs} ms`;
    const advice = 'Read its file in the logs of the run.';
    return evict(state, late.slot, { code: 'WORKER_LOST', what, advice, forGood: false }, nowMs);
  }
  if (nowMs - state.startedMs <= joinMs) return stay(state);
  const late = state.members
    .toArray()
    .filter((member) => member.ready === null)
    .map((member) => member.slot);
  const message = `Cannot start the run: of ${worldSize} workers, ${late.length} (${late.join(', ')}) were not ready within ${joinMs} ms.`;
  return abort(state, failure('TIMEOUT', message, 'Read their files in the logs of the run.'));
}

/** Everyone waits for someone: something was lost on the way. */
function findQuiet(state: MembershipState, nowMs: number): Result {
  const { quietMs } = state.policy;
  if (state.status !== 'forming' && state.status !== 'running') return stay(state);
  if (state.members.toArray().some(({ status }) => status === 'evicted')) return stay(state);
  const isQuiet = (member: Member) => {
    const { activity } = heardOf(state, member);
    return member.rank === null || (activity?.activity === 'waiting' && activity.forMs > quietMs);
  };
  if (!state.members.toArray().every(isQuiet)) return stay(state);
  const waiting = state.ranks.map((slot) => ({ slot, ...heardOf(state, { slot }) }));
  const links = lostLinks(waiting);
  const step = Math.max(...waiting.map((member) => member.step));
  const times = state.quiet?.step === step ? state.quiet.times + 1 : 1;
  const quiet = { ...state, quiet: { step, times } };
  const why = describeLost(links, quietMs);
  if (times < QUIET_GENERATIONS || links.length === 0) return regroup(quiet, why);
  const what = `${why}, ${times} generations in a row`;
  const advice = 'Look at the network between the hosts of these workers.';
  const reason = { code: 'WORKER_LOST', what, advice, forGood: false };
  return evict(quiet, mostCutOff(links), reason, nowMs);
}

/** What there is too little of; null while there is enough. Those that are to stop need only somebody who saves. */
function shortage(
  state: MembershipState,
): { text: string; isWanted(member: Member): boolean } | null {
  const { minWorkers, homeWorkers } = state.policy;
  const present = joined(state);
  if (isAway(present, state.policy)) {
    const text = "no worker is left on the host that has the run's folder";
    return { text, isWanted: ({ slot }) => slot < homeWorkers };
  }
  if (state.stopping || present.length >= minWorkers) return null;
  const text = `${present.length} of at least ${minWorkers} workers are left`;
  return { text, isWanted: () => true };
}

/** Fewer workers than there must be: waits for those to come, gives up when it has taken too long. */
function findTooFew(state: MembershipState, nowMs: number): Result {
  const short = state.hasRun ? shortage(state) : null;
  if (short === null) {
    return stay(state.tooFewSinceMs === null ? state : { ...state, tooFewSinceMs: null });
  }
  const { text, isWanted } = short;
  const sinceMs = state.tooFewSinceMs ?? nowMs;
  const waiting = { ...state, tooFewSinceMs: sinceMs };
  const mayCome = state.members
    .toArray()
    .some((member) => isWanted(member) && !['joined', 'leftOut'].includes(member.status));
  if (mayCome && nowMs - sinceMs <= state.policy.joinMs) {
    return stay(waiting, state.tooFewSinceMs === null ? `${text}: the run waits` : '');
  }
  const loss = state.lastLoss ?? failure('WORKER_LOST', 'Workers were lost.', '');
  const message = `${capital(text)}. ${loss.message}`;
  const giveUp = failure('WORKER_LOST', message, loss.advice);
  const present = joined(state);
  if (present.length === 0 || isAway(present, state.policy)) return abort(waiting, giveUp);
  const formed = formIfComplete({ ...waiting, stopping: true });
  return { ...formed, effects: [{ kind: 'giveUp', failure: giveUp }, ...formed.effects] };
}

export function forgiveSilence(state: MembershipState, nowMs: number): MembershipState {
  const heard = state.heard.map((one) => (one.atMs === null ? one : { ...one, atMs: nowMs }));
  return { ...state, heard, speaksSinceMs: nowMs };
}
