/** Which hosts take part, and which slots are whose: what a leader knows of the others. Pure. */
import type { MemberMessage } from '../protocol/host-messages.ts';

export type Hello = Extract<MemberMessage, { kind: 'hello' }>;

/** One host of a run. */
export interface RollEntry {
  readonly hostRank: number;
  /** Null while no agent of it is there. */
  readonly peer: string | null;
  readonly host: string;
  readonly pid: number;
  readonly workers: number;
}

export type Admission =
  | { readonly kind: 'admit'; readonly hostRank: number }
  /** Nothing is free: perhaps an agent is gone, and nobody has noticed yet. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'refuse'; readonly why: string };

export interface RollPolicy {
  readonly hosts: number;
  /** Rank of the host that leads. */
  readonly leader: number;
  readonly version: string;
  readonly request: string;
}

/**
 * Whether an agent that says hello is let in, and as which host.
 * @param roll by host rank; absent for one that never came
 */
export function admission(
  policy: RollPolicy,
  roll: ReadonlyMap<number, RollEntry>,
  hello: Hello,
): Admission {
  if (hello.version !== policy.version) {
    return refuse(`it has version ${hello.version} of Lockstep, the leader ${policy.version}`);
  }
  if (hello.request !== policy.request) {
    return refuse('it was started by another command or with another configuration');
  }
  if (hello.hosts !== policy.hosts) {
    return refuse(
      `it was started as one of ${hello.hosts} hosts, the leader as one of ${policy.hosts}`,
    );
  }
  if (hello.hostRank !== null) {
    if (hello.hostRank === policy.leader) {
      return refuse(`it calls itself host ${policy.leader}, and that one leads`);
    }
    if (hello.hostRank >= policy.hosts) {
      return refuse(`it calls itself host ${hello.hostRank} of ${policy.hosts}`);
    }
    return place(roll.get(hello.hostRank), hello.hostRank, hello);
  }
  const ranks = [...Array(policy.hosts).keys()].filter((rank) => rank !== policy.leader);
  const isFree = (rank: number) => (roll.get(rank)?.peer ?? null) === null;
  const fits = (rank: number) => (roll.get(rank)?.workers ?? hello.workers) === hello.workers;
  const free = ranks.filter(isFree);
  if (free.length === 0) return { kind: 'wait' };
  // One that comes back takes its own place.
  const own = free.find((rank) => roll.get(rank)?.host === hello.host && fits(rank));
  const rank = own ?? free.find(fits) ?? free[0]!;
  return place(roll.get(rank), rank, hello);
}

function place(entry: RollEntry | undefined, hostRank: number, { workers }: Hello): Admission {
  if (entry !== undefined && entry.peer !== null) return { kind: 'wait' };
  if (entry !== undefined && entry.workers !== workers) {
    return refuse(`it has ${workers} workers, and host ${hostRank} had ${entry.workers} before`);
  }
  return { kind: 'admit', hostRank };
}

const refuse = (why: string): Admission => ({ kind: 'refuse', why });

/** The first slot of each host: slots are numbered host by host. */
export function firstSlots(workers: readonly number[]): number[] {
  let next = 0;
  return workers.map((count) => {
    const first = next;
    next += count;
    return first;
  });
}

/** "host 1 (h2, pid 4711)". */
export const nameHost = ({ hostRank, host, pid }: Omit<RollEntry, 'peer' | 'workers'>): string =>
  `host ${hostRank} (${host}, pid ${pid})`;
