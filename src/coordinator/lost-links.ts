/** Which data connections lose what is sent over them, as far as workers who all wait can tell: pure. */
import type { Awaited } from '../protocol/messages.ts';
import { AWAITED_ORDER } from '../protocol/messages.ts';
import type { Heard } from './member.ts';
import { nameMembers } from './wording.ts';

const MOST_NAMED = 3;

/** Slots. */
export interface LostLink {
  readonly from: number;
  readonly to: number;
}

/** A rank that waits: where it stands and what for. */
export type Waiting = Pick<Heard, 'step' | 'activity'> & { readonly slot: number };

/**
 * A worker may miss frames because their sender waits itself: only those count that the sender has sent, by
 * what it misses in turn (`AWAITED_ORDER`). Whoever has applied a step has sent everything of it.
 * @param members of the generation, in order of rank, all of whom wait
 */
export function lostLinks(members: readonly Waiting[]): LostLink[] {
  const slowest = Math.min(...members.map(({ step }) => step));
  return members
    .filter(({ step }) => step === slowest)
    .flatMap(({ slot: to, activity }) =>
      (activity?.awaits?.ranks ?? [])
        .map((rank) => members[rank])
        .filter((sender) => sender !== undefined)
        .filter((sender) => hasSent(sender, slowest, activity!.awaits!.what))
        .map(({ slot: from }) => ({ from, to })),
    );
}

function hasSent({ step, activity }: Waiting, slowest: number, what: Awaited['what']): boolean {
  if (what === 'state' || step > slowest) return true;
  const misses = activity?.awaits?.what;
  if (misses === undefined || misses === 'state') return false;
  return AWAITED_ORDER.indexOf(what) <= AWAITED_ORDER.indexOf(misses);
}

/** What is wrong, to precede ": generation 3 is to be formed". */
export function describeLost(links: readonly LostLink[], quietMs: number): string {
  if (links.length === 0) return `all workers have waited for ${quietMs} ms: a message was lost`;
  const receivers = [...new Set(links.map(({ to }) => to))];
  const sentences = receivers.slice(0, MOST_NAMED).map((receiver) => {
    const senders = links.filter(({ to }) => to === receiver).map(({ from }) => from);
    return `what ${nameMembers(senders)} sent to worker ${receiver}`;
  });
  return `${sentences.join(' and ')} has not come for ${quietMs} ms`;
}

/** The worker at the end of most of them. */
export function mostCutOff(links: readonly LostLink[]): number {
  const ends = links.flatMap(({ from, to }) => [from, to]);
  const timesOf = (slot: number) => ends.filter((end) => end === slot).length;
  // Of two alike the later one: worker 0 saves and tells.
  return ends.reduce((worst, slot) => {
    const more = timesOf(slot) - timesOf(worst);
    return more > 0 || (more === 0 && slot > worst) ? slot : worst;
  });
}
