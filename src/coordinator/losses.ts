/** What becomes of a process that is lost, and of the run without it. Pure. */

import { failure } from '../core/failure.ts';
import { capital } from '../core/format.ts';
import { codeOfSignal, STOP_SIGNALS } from '../core/stop-signal.ts';
import type { ExitStatus } from '../launch/launching.ts';
import { formIfComplete, regroup } from './generations.ts';
import type { Eviction, Member } from './member.ts';
import { newMember } from './member.ts';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipState,
  Result,
} from './membership-state.ts';
import { abort, progressOf, replace, stay, update } from './membership-state.ts';
import { decideRestart } from './restarts.ts';
import { describeExit, describeSilence, nameMember } from './wording.ts';

/** Ends a process; it is lost when it has ended. */
export function evict(
  state: MembershipState,
  slot: number,
  reason: Omit<Eviction, 'sinceMs'>,
  nowMs: number,
): Result {
  const next = update(state, slot, {
    status: 'evicted',
    eviction: { ...reason, sinceMs: nowMs },
  });
  return { state: next, effects: [{ kind: 'kill', slot }], reason: '' };
}

const MORE_MEMORY =
  'Raise the memory limit of the container or job, end other programs, or use fewer --workers.';

interface Exit {
  readonly slot: number;
  readonly attempt: number;
  readonly status: ExitStatus;
  readonly nowMs: number;
}

export function onExit(state: MembershipState, { slot, attempt, status, nowMs }: Exit): Result {
  const member = state.members.at(slot)!;
  const isOver = member.status === 'absent' || member.status === 'leftOut';
  if (member.attempt !== attempt || isOver) return stay(state);
  const early = STOP_SIGNALS.find((signal) => signal === status.signal);
  if (early !== undefined && !state.hasRun) {
    // Terminals and schedulers signal every process of a group; one that has just started has no handler yet.
    const text = `${nameMember(member)} was ended by ${early} while it started.`;
    return abort(state, failure(codeOfSignal(early), text, 'Start the run again.'));
  }
  const advice = status.lastLine
    ? `Its last line was: ${status.lastLine}`
    : 'Read its file in the logs of the run, then resume from the last checkpoint.';
  const what = `it ${describeExit(status)} ${progressOf(state, member)}`;
  const exit =
    status.outOfMemory === true
      ? { code: 'OUT_OF_RESOURCES', what, advice: MORE_MEMORY, forGood: false }
      : { code: 'WORKER_LOST', what, advice, forGood: false };
  const fate = member.eviction === null ? exit : explained(member.eviction, status);
  const hasLeft = status.hostLeft === true;
  const withHost = hasLeft || status.hostLost !== undefined;
  return lose(state, slot, { ...fate, withHost, hasLeft }, nowMs);
}

const explained = (fate: Eviction, status: ExitStatus): Eviction =>
  fate.silent === true ? { ...fate, what: `${fate.what}${describeSilence(status)}` } : fate;

interface Loss extends Omit<Eviction, 'sinceMs'> {
  /** It is lost with its host, and is started again when that is back: it counts as no restart. */
  readonly withHost?: boolean;
  /** Its host left with notice. */
  readonly hasLeft?: boolean;
}

/** A process is gone: the run ends, or goes on without it until it is started again. */
export function lose(
  state: MembershipState,
  slot: number,
  { code, what, advice, forGood, withHost = false, hasLeft = false }: Loss,
  nowMs: number,
): Result {
  const member = state.members.at(slot)!;
  const name = nameMember(member);
  const text = hasLeft ? `${capital(name)} left with its host.` : `Lost ${name}: ${what}.`;
  const loss = failure(code, text.replace(/\.\.$/, '.'), advice);
  if (!state.hasRun) return abort(state, loss);
  const { without, reason } = afterLoss(state, member, { forGood, withHost }, nowMs);
  const next: MembershipState = { ...without, lastLoss: loss };
  if (isNobodyLeft(next)) return abort(next, loss);
  const launches = dueLaunches(next, nowMs);
  // One that had not introduced itself may be what the others waited for.
  const others =
    member.hello === null ? formIfComplete(launches.state) : regroup(launches.state, '');
  const effects = [...launches.effects, ...others.effects];
  return {
    state: others.state,
    effects,
    reason: [loss.message, reason, others.reason].join(' ').trim(),
  };
}

function afterLoss(
  state: MembershipState,
  member: Member,
  { forGood, withHost }: Pick<Required<Loss>, 'forGood' | 'withHost'>,
  nowMs: number,
): { without: MembershipState; reason: string } {
  const { slot, attempt, restarts: before } = member;
  const absent = { ...newMember(slot, attempt, before), status: 'absent' } as const;
  if (withHost && !forGood && !state.stopping && state.policy.maxRestarts > 0) {
    const without = replace(state, { ...absent, restartAtMs: nowMs });
    return { without, reason: 'It is started again when its host is back.' };
  }
  const decision = decideRestart(state.policy, member, nowMs);
  if (state.stopping || forGood || decision.kind === 'leaveOut') {
    const without = replace(state, { ...absent, status: 'leftOut' });
    const why = forGood ? '' : ` after ${before} restarts`;
    return { without, reason: state.stopping ? '' : `It is left out${why}.` };
  }
  const { restarts, delayMs } = decision;
  const restartAtMs = nowMs + delayMs;
  const without = replace(state, { ...absent, restarts, restartAtMs });
  const when = delayMs === 0 ? 'at once' : `in ${delayMs} ms`;
  const reason = `It is started again ${when} (restart ${restarts} of ${state.policy.maxRestarts}).`;
  return { without, reason };
}

const isNobodyLeft = ({ members }: MembershipState): boolean =>
  members.toArray().every(({ status }) => status === 'leftOut');

/** Starts the processes whose time has come. */
export function dueLaunches(state: MembershipState, nowMs: number): Result {
  const due = state.members
    .toArray()
    .filter(({ status, restartAtMs }) => status === 'absent' && restartAtMs! <= nowMs);
  if (due.length === 0) return stay(state);
  const effects: MembershipEffect[] = [];
  let next = state;
  for (const { slot, attempt, restarts } of due) {
    next = replace(next, newMember(slot, attempt + 1, restarts));
    effects.push({ kind: 'launch', slot, attempt: attempt + 1 });
  }
  return { state: next, effects, reason: '' };
}

export function onMisbehaved(
  state: MembershipState,
  { slot, why, nowMs }: Extract<MembershipEvent, { kind: 'misbehaved' }>,
): Result {
  if (state.members.at(slot)!.status === 'evicted') return stay(state);
  const what = `it can't be understood. ${why}`;
  const advice = 'Start all processes from one installation, by one command.';
  return evict(state, slot, { code: 'PROTOCOL', what, advice, forGood: true }, nowMs);
}
