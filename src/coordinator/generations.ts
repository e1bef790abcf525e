/** How a generation is formed: who takes part, with which ranks, and where each gets its state from. Pure. */
import type { PersistentList } from '../core/persistent-list.ts';
import type { Boundary, Origin } from '../protocol/messages.ts';
import type { Heard, Member } from './member.ts';
import type { MembershipEffect, MembershipState, Result } from './membership-state.ts';
import { isAway, joined, stay } from './membership-state.ts';
import { nameMembers } from './wording.ts';

export function askForBoundary({ status }: MembershipState, slot: number): MembershipEffect[] {
  return status === 'gathering' ? [{ kind: 'send', slot, body: { kind: 'regroup' } }] : [];
}

/** Whether the generation that is being gathered waits for it. */
export const isToCome = ({ status }: Member, hasRun: boolean): boolean =>
  status === 'returning' || (status === 'starting' && !hasRun);

/** Forms the generation once everyone who takes part stands; the first one has all workers. */
export function formIfComplete(state: MembershipState): Result {
  if (state.status !== 'gathering' || state.isHeld) return stay(state);
  const { worldSize, minWorkers } = state.policy;
  const enough = !state.hasRun ? worldSize : state.stopping ? 1 : minWorkers;
  const awaited = state.members.find(
    ({ status, boundary }) => status === 'returning' || (status === 'joined' && boundary === null),
  );
  if (awaited !== undefined) return stay(state);
  const members = joined(state);
  const isEnough = members.length >= enough && !isAway(members, state.policy);
  return isEnough ? form(state, members) : stay(state);
}

/** Gives each member its rank, its peers, and where it gets its state from. */
function form(state: MembershipState, members: readonly Member[]): Result {
  const furthest = Math.max(...members.map(({ boundary }) => orderOf(boundary!.at)));
  const isThere = ({ boundary }: Member) => orderOf(boundary!.at) === furthest;
  const sources = furthest < 0 ? [] : [...members.keys()].filter((rank) => isThere(members[rank]!));
  const origins =
    sources.length > 0
      ? originsFromPeers(members.map(isThere), sources)
      : originsFromDisk(members, state);
  const peers = members.map(({ hello }, rank) => {
    const { dataEndpoint: endpoint, host } = hello!;
    return { rank, endpoint, host };
  });
  const receiversOf = receiversBySource(origins);
  const effects = members.map(({ slot }, rank): MembershipEffect => {
    const receivers = receiversOf.get(rank) ?? [];
    const place = { rank, worldSize: members.length, peers, origin: origins[rank]!, receivers };
    return { kind: 'send', slot, body: { kind: 'assign', ...place } };
  });
  const rankOf = new Map(members.map(({ slot }, rank) => [slot, rank]));
  const next: MembershipState = {
    ...state,
    status: 'forming',
    tooFewSinceMs: null,
    ranks: members.map(({ slot }) => slot),
    unreported: members.length,
    members: state.members.map((member) => ({
      ...member,
      rank: rankOf.get(member.slot) ?? null,
    })),
    heard: withoutActivity(state),
  };
  return { state: next, effects, reason: formedReason(next, origins) };
}

/** Ranks that have the state keep it; the others get it from them by turns. */
function originsFromPeers(isThere: readonly boolean[], sources: readonly number[]): Origin[] {
  let turn = 0;
  return isThere.map((there): Origin => {
    if (there) return { kind: 'own' };
    return { kind: 'peer', rank: sources[turn++ % sources.length]! };
  });
}

/** The ranks that get the state from each, in order. */
function receiversBySource(origins: readonly Origin[]): Map<number, number[]> {
  const bySource = new Map<number, number[]>();
  for (const [rank, origin] of origins.entries()) {
    if (origin.kind !== 'peer') continue;
    const known = bySource.get(origin.rank);
    if (known === undefined) bySource.set(origin.rank, [rank]);
    else known.push(rank);
  }
  return bySource;
}

/** From the run's folder; those that don't see it get it by turns from those that do, which have the first ranks. */
function originsFromDisk(members: readonly Member[], state: MembershipState): Origin[] {
  const { homeWorkers } = state.policy;
  const isHome = ({ slot }: Member) => homeWorkers === 0 || slot < homeWorkers;
  const sources = members.filter(isHome).length;
  let turn = 0;
  return members.map((member): Origin => {
    if (isHome(member)) return { kind: 'disk', again: state.hasRun };
    return { kind: 'peer', rank: turn++ % sources };
  });
}

function formedReason({ ranks, generation }: MembershipState, origins: readonly Origin[]): string {
  const learners = ranks.filter((_, rank) => origins[rank]!.kind === 'peer');
  const how = learners.length > 0 ? `; the state goes to ${nameMembers(learners)}` : '';
  return `generation ${generation} is formed of ${nameMembers(ranks)}${how}`;
}

/** Boundaries in the order in which a run passes them; a worker without a state is before all. */
function orderOf(boundary: Boundary | null): number {
  return boundary === null ? -1 : 2 * boundary.step + (boundary.evaluated ? 1 : 0);
}

const withoutActivity = ({ heard }: MembershipState): PersistentList<Heard> =>
  heard.map((one) => ({ ...one, activity: null }));

/** Begins a new generation of those who have joined. */
export function regroup(state: MembershipState, why: string): Result {
  const generation = state.generation + 1;
  const members = state.members.map((member) => ({
    ...member,
    boundary: null,
    rank: null,
    ready: null,
    finished: null,
  }));
  const fresh = { status: 'gathering', ranks: [], pace: null } as const;
  const heard = withoutActivity(state);
  const next: MembershipState = { ...state, ...fresh, generation, members, heard };
  const effects = joined(next).map(({ slot }): MembershipEffect => {
    return { kind: 'send', slot, body: { kind: 'regroup' } };
  });
  const reason = why === '' ? '' : `${why}: generation ${generation} is to be formed`;
  return { state: next, effects, reason };
}
