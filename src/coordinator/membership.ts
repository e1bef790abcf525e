/**
 * Who takes part in a run: a pure reducer from worker messages, exits and clock readings to the members'
 * states. One membership is a *generation*.
 *
 *   gathering → forming → running → ended
 *       ↑__________|_________|
 *
 * Until the first generation runs, whatever is wrong ends the run. Afterwards a lost worker costs a new
 * generation: those that are left drop their unfinished step and say where they stand (`standing`), get ranks
 * and, where they lack it, the state of one that is furthest (`assign`), load it (`ready`) and go on. The lost
 * process is started again, or left out when it keeps failing; a new process that is ready to take part makes
 * a new generation, too.
 */

import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import { PersistentList } from '../core/persistent-list.ts';
import type { Transition } from '../core/transition.ts';
import type { CoordinatorBody, Origin, Position, WorkerMessage } from '../protocol/messages.ts';
import { finishDifference, joinDifference, readyDifference } from './agreement.ts';
import { describeLost, lostLinks, mostCutOff } from './lost-links.ts';
import type { Doom, ExitStatus, ExpectedHashes, Member, Of } from './member.ts';
import { newMember } from './member.ts';
import type { RestartPolicy } from './restarts.ts';
import { decideRestart } from './restarts.ts';

import type { StepPace } from './step-pace.ts';
import { describeExit, describeSilence, nameMember, nameMembers } from './wording.ts';

export interface MembershipPolicy extends RestartPolicy {
  readonly worldSize: number;
  /** With fewer workers the run waits, `joinMs` at most, then saves and stops. */
  readonly minWorkers: number;
  readonly expected: ExpectedHashes;
  /** A worker that has been heard once is lost after so long a silence. */
  readonly silenceMs: number;
  /** A worker that computes for so long without a word is hung. */
  readonly hangMs: number;
  /** A training step that blocks its main thread for less is never a hang, however fast the others were. */
  readonly shortestHangMs: number;
  /** When all workers wait and nothing has come for so long, a message was lost. */
  readonly quietMs: number;
  /** A process must be ready to take part so long after its start. */
  readonly joinMs: number;
}

/** A data connection that loses everything so many generations in a row costs a worker its place. */
export const QUIET_GENERATIONS = 3;
/** A process that could not be killed counts as lost after so long. */
export const KILL_WAIT_MS = 5_000;

export interface MembershipState {
  /** gathering: not all have said where they stand · forming: ranks assigned, states loading. */
  readonly phase: 'gathering' | 'forming' | 'running' | 'ended';
  readonly generation: number;
  /** Whether a generation has ever run. */
  readonly hasRun: boolean;
  /** By slot. */
  readonly members: PersistentList<Member>;
  /** Slots of the generation that was formed last, in order of rank. */
  readonly ranks: readonly number[];
  /** Members of it that have not yet reported ready, or, once it runs, finished. */
  readonly unreported: number;
  readonly startedMs: number;
  /** Generations in a row that were given up because all waited, at which step. */
  readonly quiet: { readonly step: number; readonly times: number } | null;
  /** Since when there are fewer workers than there must be. */
  readonly tooFewSinceMs: number | null;
  /** The run ends at the next boundary: nothing is started any more, and any number of workers will do. */
  readonly stopping: boolean;
  /** What is known of the generation's steps. */
  readonly pace: StepPace | null;
  /** The last loss, for when nobody is left. */
  readonly lastLoss: Failure | null;
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
  /** It sent what no worker of this installation sends: nothing of it is believed any more. */
  | {
      readonly kind: 'misbehaved';
      readonly slot: number;
      readonly why: string;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'exited';
      readonly slot: number;
      readonly attempt: number;
      readonly status: ExitStatus;
      readonly nowMs: number;
    }
  | { readonly kind: 'tick'; readonly nowMs: number }
  /** The coordinator itself was stopped for a while: the members' silence until now proves nothing. */
  | { readonly kind: 'stalled'; readonly nowMs: number }
  /** A message was lost: the generation is formed anew. */
  | { readonly kind: 'gap'; readonly why: string }
  | { readonly kind: 'paced'; readonly pace: StepPace | null }
  /** The run is to end at the next boundary. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'abort'; readonly failure: Failure };

export type MembershipEffect =
  | { readonly kind: 'send'; readonly slot: number; readonly body: CoordinatorBody }
  | { readonly kind: 'launch'; readonly slot: number; readonly attempt: number }
  | { readonly kind: 'kill'; readonly slot: number }
  /** A generation starts: its slots in order of rank, and the step that all of them have come to. */
  | { readonly kind: 'start'; readonly slots: readonly number[]; readonly step: number }
  /** Too few workers are left: what there is is to be saved. */
  | { readonly kind: 'giveUp'; readonly failure: Failure }
  | {
      readonly kind: 'complete';
      readonly step: number;
      readonly stateHash: string;
    }
  | { readonly kind: 'abort'; readonly failure: Failure };

type Result = Transition<MembershipState, MembershipEffect>;

export function initialMembership(policy: MembershipPolicy, nowMs: number): MembershipState {
  return {
    phase: 'gathering',
    generation: 1,
    hasRun: false,
    members: PersistentList.from(
      Array.from({ length: policy.worldSize }, (_, slot) => newMember(slot, 0, 0, nowMs)),
    ),
    ranks: [],
    unreported: 0,
    startedMs: nowMs,
    quiet: null,
    tooFewSinceMs: null,
    stopping: false,
    pace: null,
    lastLoss: null,
    policy,
  };
}

/** The next state. After the end nothing changes any more: the first reason wins. */
export function reduceMembership(state: MembershipState, event: MembershipEvent): Result {
  if (state.phase === 'ended') return stay(state);
  switch (event.kind) {
    case 'spawned':
      return stay(update(state, event.slot, { pid: event.pid }));
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
    case 'abort':
      return abort(state, event.failure);
    case 'message':
      return onMessage(state, event.slot, event.message, event.nowMs);
  }
}

function onMessage(
  before: MembershipState,
  slot: number,
  message: WorkerMessage,
  nowMs: number,
): Result {
  // One copy of the members: a run of 1 000 workers sends as many of these a step.
  if (message.kind === 'stepDone') {
    return stay(update(before, slot, { lastHeardMs: nowMs, step: message.step + 1 }));
  }
  const state = update(before, slot, { lastHeardMs: nowMs });
  const isOfGeneration = message.generation === state.generation;
  switch (message.kind) {
    case 'hello':
      return onHello(state, slot, message, nowMs);
    case 'standing':
      return isOfGeneration ? onStanding(state, slot, message) : stay(state);
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
  const next = update(state, slot, { activity: { activity, forMs, blockedMs, awaits } });
  const { status } = next.members.at(slot)!;
  // Of one that has joined: it did hear this coordinator, not only one before it.
  if (unheardMs !== undefined && status === 'joined') {
    const member = next.members.at(slot)!;
    const what = `it no longer heard the coordinator ${progressOf(next, member)}, and said so`;
    const advice = 'Look at the network between its host and that of the coordinator.';
    return doom(next, slot, { code: 'WORKER_LOST', what, advice, forGood: false }, nowMs);
  }
  const isUnknown = state.members.at(slot)!.hello === null;
  return stay(next, '', isUnknown ? [{ kind: 'send', slot, body: { kind: 'introduce' } }] : []);
}

function onHello(state: MembershipState, slot: number, hello: Of<'hello'>, nowMs: number): Result {
  // Said again until it is answered.
  const { status } = state.members.at(slot)!;
  if (status !== 'starting' && status !== 'returning') {
    return stay(state, '', askToStand(state, slot));
  }
  const next = update(state, slot, {
    hello,
    pid: hello.pid,
    status: 'joined',
    joinedMs: nowMs,
  });
  const difference = joinDifference(joined(next), state.policy.expected);
  if (difference !== null) {
    if (!state.hasRun) return abort(next, difference);
    const { code, message: what, advice } = difference;
    return doom(next, slot, { code, what, advice, forGood: true }, nowMs);
  }
  if (state.phase !== 'gathering') return regroup(next, `worker ${slot} can take part`);
  const absent = next.members.toArray().filter((member) => isToCome(member, state.hasRun)).length;
  const still = absent > 0 ? `; ${absent} still to come` : '';
  return stay(next, `worker ${slot} has joined${still}`, askToStand(next, slot));
}

function askToStand({ phase }: MembershipState, slot: number): MembershipEffect[] {
  return phase === 'gathering' ? [{ kind: 'send', slot, body: { kind: 'regroup' } }] : [];
}

function onStanding(state: MembershipState, slot: number, { position }: Of<'standing'>): Result {
  const member = state.members.at(slot)!;
  if (state.phase !== 'gathering' || member.status !== 'joined') return stay(state);
  return formIfComplete(update(state, slot, { standing: { position } }));
}

/** Whether the generation that is being gathered waits for it. */
const isToCome = ({ status }: Member, hasRun: boolean): boolean =>
  status === 'returning' || (status === 'starting' && !hasRun);

/** Forms the generation once everyone who takes part stands; the first one has all workers. */
function formIfComplete(state: MembershipState): Result {
  if (state.phase !== 'gathering') return stay(state);
  const members = joined(state);
  const { worldSize, minWorkers } = state.policy;
  const enough = !state.hasRun ? worldSize : state.stopping ? 1 : minWorkers;
  const isReturning = state.members.toArray().some(({ status }) => status === 'returning');
  if (members.length < enough || isReturning) return stay(state);
  if (members.some(({ standing }) => standing === null)) return stay(state);
  return form(state, members);
}

/** Gives each member its rank, its peers, and where it gets its state from. */
function form(state: MembershipState, members: readonly Member[]): Result {
  const furthest = Math.max(...members.map(({ standing }) => orderOf(standing!.position)));
  const isThere = ({ standing }: Member) => orderOf(standing!.position) === furthest;
  const sources = furthest < 0 ? [] : [...members.keys()].filter((rank) => isThere(members[rank]!));
  const origins = originsOf(members.map(isThere), sources, state.hasRun);
  const peers = members.map(({ hello }, rank) => ({ rank, endpoint: hello!.dataEndpoint }));
  const effects = members.map(({ slot }, rank): MembershipEffect => {
    const receivers = [...origins.keys()].filter((other) => isFrom(origins[other]!, rank));
    const place = { rank, worldSize: members.length, peers, origin: origins[rank]!, receivers };
    return { kind: 'send', slot, body: { kind: 'assign', ...place } };
  });
  const next: MembershipState = {
    ...state,
    phase: 'forming',
    tooFewSinceMs: null,
    ranks: members.map(({ slot }) => slot),
    unreported: members.length,
    members: state.members.map((member) => ({
      ...member,
      rank:
        member.status === 'joined' ? members.findIndex(({ slot }) => slot === member.slot) : null,
      activity: null,
    })),
  };
  return { state: next, effects, reason: formedReason(next, origins) };
}

/** Ranks that have the state keep it; the others get it from them by turns, or all from the disk. */
function originsOf(
  isThere: readonly boolean[],
  sources: readonly number[],
  again: boolean,
): Origin[] {
  let turn = 0;
  return isThere.map((there): Origin => {
    if (sources.length === 0) return { kind: 'disk', again };
    if (there) return { kind: 'own' };
    return { kind: 'peer', rank: sources[turn++ % sources.length]! };
  });
}

const isFrom = (origin: Origin, rank: number): boolean =>
  origin.kind === 'peer' && origin.rank === rank;

function formedReason({ ranks, generation }: MembershipState, origins: readonly Origin[]): string {
  const learners = ranks.filter((_, rank) => origins[rank]!.kind === 'peer');
  const how = learners.length > 0 ? `; the state goes to ${nameMembers(learners)}` : '';
  return `generation ${generation} is formed of ${nameMembers(ranks)}${how}`;
}

/** Boundaries in the order in which a run passes them; a worker without a state is before all. */
function orderOf(position: Position | null): number {
  return position === null ? -1 : 2 * position.step + (position.evaluated ? 1 : 0);
}

function onReady(state: MembershipState, slot: number, message: Of<'ready'>): Result {
  const member = state.members.at(slot)!;
  if (state.phase !== 'forming' || member.rank === null || member.ready !== null)
    return stay(state);
  const { step, stateHash } = message;
  const unreported = state.unreported - 1;
  const next = { ...update(state, slot, { ready: { step, stateHash }, step }), unreported };
  const difference = reportDiffers(next, 'ready', slot)
    ? readyDifference(ranked(next), state.hasRun)
    : null;
  if (difference !== null) return abort(next, difference);
  if (unreported > 0)
    return stay(next, state.hasRun ? '' : `worker ${slot} is ready at step ${step}`);
  const slots = state.ranks;
  const what = state.hasRun ? 'the run goes on' : 'the run starts';
  const reason = `all ${slots.length} workers are ready: ${what} at step ${step}`;
  const running = { ...next, phase: 'running', hasRun: true, unreported: slots.length } as const;
  return { state: running, effects: [{ kind: 'start', slots, step }], reason };
}

function onFinished(state: MembershipState, slot: number, message: Of<'finished'>): Result {
  const member = state.members.at(slot)!;
  if (state.phase !== 'running' || member.rank === null || member.finished !== null) {
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
  return { state: { ...next, phase: 'ended' }, effects, reason: text };
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
  if (state.phase !== 'forming' && state.phase !== 'running') return stay(state);
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
  if (member.status === 'doomed') return stay(state);
  const { code, advice } = failure(message.code, '', message.advice);
  const what = `failed at step ${message.step}: ${message.message}`;
  if (state.hasRun && !state.stopping && RESTARTABLE.includes(code)) {
    const reason = { code, what: `it ${what}`, advice, forGood: false };
    const { state: next } = doom(state, slot, reason, nowMs);
    // It ends by itself, having written down what it knows.
    const body = { kind: 'abort', ...failure(code, message.message, advice) } as const;
    return stay(next, '', [{ kind: 'send', slot, body }]);
  }
  return abort(state, failure(code, `${nameMember(member)} ${what}`, advice));
}

/** Ends a process; it is lost when it has ended. */
function doom(
  state: MembershipState,
  slot: number,
  reason: Omit<Doom, 'sinceMs'>,
  nowMs: number,
): Result {
  const next = update(state, slot, {
    status: 'doomed',
    doom: { ...reason, sinceMs: nowMs },
  });
  return { state: next, effects: [{ kind: 'kill', slot }], reason: '' };
}

interface Exit {
  readonly slot: number;
  readonly attempt: number;
  readonly status: ExitStatus;
  readonly nowMs: number;
}

function onExit(state: MembershipState, { slot, attempt, status, nowMs }: Exit): Result {
  const member = state.members.at(slot)!;
  const isOver = member.status === 'absent' || member.status === 'leftOut';
  if (member.attempt !== attempt || isOver) return stay(state);
  if (status.signal === 'SIGINT' && !state.hasRun) {
    // The terminal sends Ctrl-C to every process of its group; a worker that has just started has no handler yet.
    const text = `${nameMember(member)} was interrupted while it started.`;
    return abort(state, failure('INTERRUPTED', text, 'Start the run again.'));
  }
  const advice = status.lastLine
    ? `Its last line was: ${status.lastLine}`
    : 'Read its file in the logs of the run, then resume from the last checkpoint.';
  const what = `it ${describeExit(status)} ${progressOf(state, member)}`;
  const exit = { code: 'WORKER_LOST', what, advice, forGood: false };
  return lose(state, slot, member.doom === null ? exit : explained(member.doom, status), nowMs);
}

const explained = (fate: Doom, status: ExitStatus): Doom =>
  fate.silent === true ? { ...fate, what: `${fate.what}${describeSilence(status)}` } : fate;

/** A process is gone: the run ends, or goes on without it until it is started again. */
function lose(
  state: MembershipState,
  slot: number,
  { code, what, advice, forGood }: Omit<Doom, 'sinceMs'>,
  nowMs: number,
): Result {
  const member = state.members.at(slot)!;
  const loss = failure(code, `Lost ${nameMember(member)}: ${what}.`.replace(/\.\.$/, '.'), advice);
  if (!state.hasRun) return abort(state, loss);
  const { members, reason } = afterLoss(state, member, forGood, nowMs);
  const next: MembershipState = { ...state, members, lastLoss: loss };
  const text = `${loss.message} ${reason}`;
  if (isNobodyLeft(next)) return abort(next, loss);
  const launches = dueLaunches(next, nowMs);
  // One that had not introduced itself may be what the others waited for.
  const others =
    member.hello === null ? formIfComplete(launches.state) : regroup(launches.state, '');
  const effects = [...launches.effects, ...others.effects];
  return { state: others.state, effects, reason: [text, others.reason].join(' ').trim() };
}

function afterLoss(
  state: MembershipState,
  member: Member,
  forGood: boolean,
  nowMs: number,
): { members: PersistentList<Member>; reason: string } {
  const { slot, attempt } = member;
  const decision = decideRestart(state.policy, member, nowMs);
  const fresh = newMember(slot, attempt, member.restarts, nowMs);
  if (state.stopping || forGood || decision.kind === 'leaveOut') {
    const members = state.members.with(slot, { ...fresh, status: 'leftOut' });
    const why = forGood ? '' : ` after ${member.restarts} restarts`;
    return { members, reason: state.stopping ? '' : `It is left out${why}.` };
  }
  const { restarts, delayMs } = decision;
  const restartAtMs = nowMs + delayMs;
  const members = state.members.with(slot, { ...fresh, status: 'absent', restarts, restartAtMs });
  const when = delayMs === 0 ? 'at once' : `in ${delayMs} ms`;
  const reason = `It is started again ${when} (restart ${restarts} of ${state.policy.maxRestarts}).`;
  return { members, reason };
}

const isNobodyLeft = ({ members }: MembershipState): boolean =>
  members.toArray().every(({ status }) => status === 'leftOut');

/** Starts the processes whose time has come. */
function dueLaunches(state: MembershipState, nowMs: number): Result {
  const due = state.members
    .toArray()
    .filter(({ status, restartAtMs }) => status === 'absent' && restartAtMs! <= nowMs);
  if (due.length === 0) return stay(state);
  const effects: MembershipEffect[] = [];
  let next = state;
  for (const { slot, attempt, restarts } of due) {
    const member = newMember(slot, attempt + 1, restarts, nowMs);
    next = { ...next, members: next.members.with(slot, member) };
    effects.push({ kind: 'launch', slot, attempt: attempt + 1 });
  }
  return { state: next, effects, reason: '' };
}

/** Begins a new generation of those who have joined. */
function regroup(state: MembershipState, why: string): Result {
  const generation = state.generation + 1;
  const members = state.members.map((member) => ({
    ...member,
    standing: null,
    rank: null,
    ready: null,
    finished: null,
    activity: null,
  }));
  const fresh = { phase: 'gathering', ranks: [], pace: null } as const;
  const next: MembershipState = { ...state, ...fresh, generation, members };
  const effects = joined(next).map(({ slot }): MembershipEffect => {
    return { kind: 'send', slot, body: { kind: 'regroup' } };
  });
  const reason = why === '' ? '' : `${why}: generation ${generation} is to be formed`;
  return { state: next, effects, reason };
}

function onMisbehaved(
  state: MembershipState,
  { slot, why, nowMs }: Extract<MembershipEvent, { kind: 'misbehaved' }>,
): Result {
  if (state.members.at(slot)!.status === 'doomed') return stay(state);
  const what = `it can't be understood. ${why}`;
  const advice = 'Start all processes from one installation, by one command.';
  return doom(state, slot, { code: 'PROTOCOL', what, advice, forGood: true }, nowMs);
}

function onTick(state: MembershipState, nowMs: number): Result {
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
    if (next.phase === 'ended') break;
    const result = step(next, nowMs);
    next = result.state;
    effects.push(...result.effects);
    if (result.reason !== '') reasons.push(result.reason);
  }
  return { state: next, effects, reason: reasons.join('; ') };
}

const isAlive = ({ status }: Pick<Member, 'status'>): boolean =>
  status === 'starting' || status === 'returning' || status === 'joined';

function findSilent(state: MembershipState, nowMs: number): Result {
  const { silenceMs } = state.policy;
  const silent = state.members
    .toArray()
    .find(
      (member) =>
        isAlive(member) && member.lastHeardMs !== null && nowMs - member.lastHeardMs > silenceMs,
    );
  if (silent === undefined) return stay(state);
  const what = `nothing was heard of it for ${silenceMs} ms ${progressOf(state, silent)}`;
  const advice =
    'Look whether its host or process was stopped or its network broken, then resume from the last checkpoint.';
  const reason = { code: 'WORKER_LOST', what, advice, forGood: false, silent: true };
  return doom(state, silent.slot, reason, nowMs);
}

/** A process that a signal can't end, in a driver for example, is given up. */
function findUnkillable(state: MembershipState, nowMs: number): Result {
  const stuck = state.members
    .toArray()
    .find(({ status, doom: fate }) => status === 'doomed' && nowMs - fate!.sinceMs > KILL_WAIT_MS);
  if (stuck === undefined) return stay(state);
  const fate = stuck.doom!;
  const what = `${fate.what}, and it does not end`;
  const lost = lose(state, stuck.slot, { ...fate, what, forGood: true }, nowMs);
  return { ...lost, effects: [{ kind: 'kill', slot: stuck.slot }, ...lost.effects] };
}

/** In a training step for longer than any can take: an evaluation, a checkpoint or a first step may take longer. */
function isBlocked(
  { activity, blockedMs }: NonNullable<Member['activity']>,
  pace: StepPace | null,
): boolean {
  return activity === 'training' && pace !== null && blockedMs > pace.deadlineMs;
}

function findHung(state: MembershipState, nowMs: number): Result {
  const { pace, policy } = state;
  const isHung = ({ status, activity }: Member) => {
    if (status !== 'joined' || activity === null || activity.activity === 'waiting') return false;
    return activity.forMs > policy.hangMs || isBlocked(activity, pace);
  };
  const hung = state.members.toArray().find(isHung);
  if (hung === undefined) return stay(state);
  const { forMs, blockedMs } = hung.activity!;
  const what = isBlocked(hung.activity!, pace)
    ? `its main thread has been blocked for ${blockedMs} ms in step ${hung.step}, of the steps before the slowest took ${Math.round(pace!.slowestMs)} ms`
    : `it has computed for ${forMs} ms without a word ${progressOf(state, hung)}`;
  const advice = 'Read its log; raise the limit if a step may take so long.';
  return doom(state, hung.slot, { code: 'WORKER_LOST', what, advice, forGood: false }, nowMs);
}

/** Processes that take too long to come to take part. */
function findLate(state: MembershipState, nowMs: number): Result {
  const { joinMs, worldSize } = state.policy;
  if (state.hasRun) {
    const late = state.members
      .toArray()
      .find(({ status, startedMs }) => status === 'starting' && nowMs - startedMs > joinMs);
    if (late === undefined) return stay(state);
    const what = `it was not ready to take part within ${joinMs} ms`;
    const advice = 'Read its file in the logs of the run.';
    return doom(state, late.slot, { code: 'WORKER_LOST', what, advice, forGood: false }, nowMs);
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
  if (state.phase !== 'forming' && state.phase !== 'running') return stay(state);
  if (state.members.toArray().some(({ status }) => status === 'doomed')) return stay(state);
  const isQuiet = ({ activity, rank }: Member) =>
    rank === null || (activity?.activity === 'waiting' && activity.forMs > quietMs);
  if (!state.members.toArray().every(isQuiet)) return stay(state);
  const links = lostLinks(ranked(state));
  const step = Math.max(...ranked(state).map((member) => member.step));
  const times = state.quiet?.step === step ? state.quiet.times + 1 : 1;
  const quiet = { ...state, quiet: { step, times } };
  const why = describeLost(links, quietMs);
  if (times < QUIET_GENERATIONS || links.length === 0) return regroup(quiet, why);
  const what = `${why}, ${times} generations in a row`;
  const advice = 'Look at the network between the hosts of these workers.';
  const reason = { code: 'WORKER_LOST', what, advice, forGood: false };
  return doom(quiet, mostCutOff(links), reason, nowMs);
}

/** Fewer workers than there must be: waits for those to come, gives up when it has taken too long. */
function findTooFew(state: MembershipState, nowMs: number): Result {
  const { minWorkers, joinMs } = state.policy;
  const present = joined(state).length;
  if (!state.hasRun || state.stopping || present >= minWorkers) {
    return stay(state.tooFewSinceMs === null ? state : { ...state, tooFewSinceMs: null });
  }
  const sinceMs = state.tooFewSinceMs ?? nowMs;
  const waiting = { ...state, tooFewSinceMs: sinceMs };
  const text = `${present} of at least ${minWorkers} workers are left`;
  const mayCome = state.members
    .toArray()
    .some(({ status }) => status !== 'joined' && status !== 'leftOut');
  if (mayCome && nowMs - sinceMs <= joinMs) {
    return stay(waiting, state.tooFewSinceMs === null ? `${text}: the run waits` : '');
  }
  const loss = state.lastLoss ?? failure('WORKER_LOST', 'Workers were lost.', '');
  const message = `${text[0]!.toUpperCase()}${text.slice(1)}. ${loss.message}`;
  const giveUp = failure('WORKER_LOST', message, loss.advice);
  if (present === 0) return abort(waiting, giveUp);
  const formed = formIfComplete({ ...waiting, stopping: true });
  return { ...formed, effects: [{ kind: 'giveUp', failure: giveUp }, ...formed.effects] };
}

function forgiveSilence(state: MembershipState, nowMs: number): MembershipState {
  const members = state.members.map((member) =>
    member.lastHeardMs === null ? member : { ...member, lastHeardMs: nowMs },
  );
  return { ...state, members };
}

function progressOf(state: MembershipState, member: Member): string {
  if (member.status === 'starting') return 'before it had joined';
  if (member.status === 'returning') return 'since the coordinator was replaced';
  if (!state.hasRun) return 'while it loaded its weights';
  return `after ${member.step} steps`;
}

function abort(state: MembershipState, reason: Failure): Result {
  const body = { kind: 'abort', ...reason } as const;
  const effects: MembershipEffect[] = state.members
    .toArray()
    .filter((member) => member.lastHeardMs !== null)
    .map((member) => ({ kind: 'send', slot: member.slot, body }));
  effects.push({ kind: 'abort', failure: reason });
  return { state: { ...state, phase: 'ended' }, effects, reason: reason.message };
}

const joined = ({ members }: MembershipState): Member[] =>
  members.toArray().filter(({ status }) => status === 'joined');

/** Members of the generation, in order of rank. */
const ranked = ({ members, ranks }: MembershipState): Member[] =>
  ranks.map((slot) => members.at(slot)!);

function update(state: MembershipState, slot: number, change: Partial<Member>): MembershipState {
  const changed = { ...state.members.at(slot)!, ...change };
  return { ...state, members: state.members.with(slot, changed) };
}

function stay(
  state: MembershipState,
  reason = '',
  effects: readonly MembershipEffect[] = [],
): Result {
  return { state, effects, reason };
}
