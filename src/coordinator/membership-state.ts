/** The state of a membership, and what its reducer's parts have in common. */
import type { Failure } from '../core/failure.ts';
import { PersistentList } from '../core/persistent-list.ts';
import type { Transition } from '../core/transition.ts';
import type { ExitStatus } from '../launch/launching.ts';
import type { CoordinatorBody, WorkerMessage } from '../protocol/messages.ts';
import type { ExpectedHashes, Heard, Member } from './member.ts';
import { NOTHING_HEARD, newMember } from './member.ts';
import type { RestartPolicy } from './restarts.ts';
import type { StepPace } from './step-pace.ts';

export interface MembershipPolicy extends RestartPolicy {
  readonly worldSize: number;
  /** With fewer workers the run waits, `joinMs` at most, then saves and stops. */
  readonly minWorkers: number;
  /** The first so many slots are where the run's folder is: see `Elasticity`. */
  readonly homeWorkers: number;
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

export interface MembershipState {
  /** gathering: not all have said where they stand · forming: ranks assigned, states loading. */
  readonly status: 'gathering' | 'forming' | 'running' | 'ended';
  readonly generation: number;
  /** Whether a generation has ever run. */
  readonly hasRun: boolean;
  /** By slot. */
  readonly members: PersistentList<Member>;
  /** Of the present process in each slot. */
  readonly heard: PersistentList<Heard>;
  /** Slots of the generation that was formed last, in order of rank. */
  readonly ranks: readonly number[];
  /** Members of it that have not yet reported ready, or, once it runs, finished. */
  readonly unreported: number;
  readonly startedMs: number;
  /** Since when this coordinator has been able to speak: its start, or the end of the last time that it was stopped. */
  readonly speaksSinceMs: number;
  /** Generations in a row that were given up because all waited, at which step. */
  readonly quiet: { readonly step: number; readonly times: number } | null;
  /** Since when there are fewer workers than there must be. */
  readonly tooFewSinceMs: number | null;
  /** The run ends at the next boundary: nothing is started any more, and any number of workers will do. */
  readonly stopping: boolean;
  /** No generation is formed: other hosts may be about to take the run over. */
  readonly isHeld: boolean;
  /** What is known of the generation's steps. */
  readonly pace: StepPace | null;
  /** The last loss, for when nobody is left. */
  readonly lastLoss: Failure | null;
  readonly policy: MembershipPolicy;
}

export type MembershipEvent =
  | {
      readonly kind: 'spawned';
      readonly slot: number;
      readonly pid: number;
      readonly host?: string | undefined;
      readonly nowMs: number;
    }
  | {
      readonly kind: 'message';
      readonly slot: number;
      readonly message: WorkerMessage;
      readonly nowMs: number;
    }
  /** Reports of one step that came together. */
  | {
      readonly kind: 'reported';
      readonly step: number;
      readonly from: readonly { readonly slot: number; readonly nowMs: number }[];
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
  /** Whether generations may be formed. */
  | { readonly kind: 'hold'; readonly isHeld: boolean }
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

export type Result = Transition<MembershipState, MembershipEffect>;

export function initialMembership(policy: MembershipPolicy, nowMs: number): MembershipState {
  return {
    status: 'gathering',
    generation: 1,
    hasRun: false,
    members: PersistentList.from(
      Array.from({ length: policy.worldSize }, (_, slot) => newMember(slot, 0, 0)),
    ),
    heard: PersistentList.from(Array.from({ length: policy.worldSize }, () => NOTHING_HEARD)),
    ranks: [],
    unreported: 0,
    startedMs: nowMs,
    speaksSinceMs: nowMs,
    quiet: null,
    tooFewSinceMs: null,
    stopping: false,
    isHeld: false,
    pace: null,
    lastLoss: null,
    policy,
  };
}

export function progressOf(state: MembershipState, member: Member): string {
  if (member.status === 'starting') return 'before it had joined';
  if (member.status === 'returning') return 'since the coordinator was replaced';
  if (!state.hasRun) return 'while it loaded its weights';
  return `after ${heardOf(state, member).step} steps`;
}

export function abort(state: MembershipState, reason: Failure): Result {
  const body = { kind: 'abort', ...reason } as const;
  const effects: MembershipEffect[] = state.members
    .toArray()
    .filter((member) => heardOf(state, member).atMs !== null)
    .map((member) => ({ kind: 'send', slot: member.slot, body }));
  effects.push({ kind: 'abort', failure: reason });
  return { state: { ...state, status: 'ended' }, effects, reason: reason.message };
}

export const isAlive = ({ status }: Pick<Member, 'status'>): boolean =>
  status === 'starting' || status === 'returning' || status === 'joined';

export const joined = ({ members }: MembershipState): Member[] =>
  members.toArray().filter(({ status }) => status === 'joined');

/** Whether none of these can write the run's folder. */
export const isAway = (
  members: readonly Pick<Member, 'slot'>[],
  { homeWorkers }: Pick<MembershipPolicy, 'homeWorkers'>,
): boolean => homeWorkers > 0 && members.every(({ slot }) => slot >= homeWorkers);

export const heardOf = ({ heard }: MembershipState, { slot }: Pick<Member, 'slot'>): Heard =>
  heard.at(slot)!;

/** Members of the generation, in order of rank. */
export const ranked = ({ members, ranks }: MembershipState): Member[] =>
  ranks.map((slot) => members.at(slot)!);

export function update(
  state: MembershipState,
  slot: number,
  change: Partial<Member>,
): MembershipState {
  const changed = { ...state.members.at(slot)!, ...change };
  return { ...state, members: state.members.with(slot, changed) };
}

/** A slot with another process, or none. */
export function replace(state: MembershipState, member: Member): MembershipState {
  const { slot } = member;
  const heard = state.heard.with(slot, NOTHING_HEARD);
  return { ...state, members: state.members.with(slot, member), heard };
}

export function hear(
  state: MembershipState,
  slot: number,
  change: Partial<Heard>,
): MembershipState {
  const heard = { ...state.heard.at(slot)!, ...change };
  return { ...state, heard: state.heard.with(slot, heard) };
}

export function stay(
  state: MembershipState,
  reason = '',
  effects: readonly MembershipEffect[] = [],
): Result {
  return { state, effects, reason };
}
