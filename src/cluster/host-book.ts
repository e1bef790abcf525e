/** What a leader knows of the other hosts: which agent is there, which slots are whose, and where all of them listen. */
import { hostname } from 'node:os';
import type { LockstepError } from '../core/errors.ts';
import type { KeptJournal, LeaderMessage, RosterHost } from '../protocol/host-messages.ts';
import { isLoopback, ownAddresses } from './address.ts';
import type { HostAgent } from './host-agent.ts';
import { firstSlots, type Hello, type RollEntry } from './roll.ts';
import type { SeatHost } from './seats.ts';

/** The agent of another host. */
export class Member implements SeatHost {
  entry: RollEntry;
  firstSlot: number;
  isReady = false;
  /** Something that it was told is lost: it is told all again when it is heard. */
  hasMissed = false;
  /** When it said last that it makes ready, and whether it fetches anything for that. */
  preparedAtMs = 0;
  isFetching = false;
  /** The last one that it was told. */
  toldJournal: KeptJournal | null = null;
  /** Why it can't start workers. */
  error: LockstepError | null = null;
  readonly #answer: (peer: string, message: LeaderMessage) => void;

  constructor(
    entry: RollEntry,
    firstSlot: number,
    answer: (peer: string, message: LeaderMessage) => void,
  ) {
    this.entry = entry;
    this.firstSlot = firstSlot;
    this.#answer = answer;
  }

  get name(): string {
    return this.entry.host;
  }

  get isHere(): boolean {
    return this.entry.peer !== null;
  }

  say(message: LeaderMessage): void {
    if (this.entry.peer !== null) this.#answer(this.entry.peer, message);
  }
}

export class HostBook {
  readonly #agent: HostAgent;
  readonly #members = new Map<number, Member>();
  #address: string | null = null;

  constructor(agent: HostAgent) {
    this.#agent = agent;
  }

  /** Where the other hosts reach this one; null while they reach it by none of its addresses. */
  get address(): string | null {
    return this.#address;
  }

  /** In order of rank. */
  get all(): readonly Member[] {
    const members = [...this.#members.values()];
    return members.sort((a, b) => a.entry.hostRank - b.entry.hostRank);
  }

  get present(): readonly Member[] {
    return this.all.filter(({ isHere }) => isHere);
  }

  /** Of all hosts. */
  get workers(): number {
    const others = this.all.map(({ entry }) => entry.workers);
    return others.reduce((sum, count) => sum + count, this.#agent.options.workers);
  }

  get roll(): ReadonlyMap<number, RollEntry> {
    return new Map([...this.#members].map(([rank, { entry }]) => [rank, entry]));
  }

  at(rank: number): Member | undefined {
    return this.#members.get(rank);
  }

  of(peer: string): Member | undefined {
    return this.all.find(({ entry }) => entry.peer === peer);
  }

  /** The host on which a slot is. */
  hostOf(slot: number): SeatHost {
    const found = this.all.find(
      ({ firstSlot, entry }) => slot >= firstSlot && slot < firstSlot + entry.workers,
    );
    return found ?? this.#agent.workers;
  }

  /** The hosts that were there when another one led. */
  inherit(): void {
    for (const known of this.#agent.roster.values()) {
      const { hostRank, host, pid, workers, firstSlot, address } = known;
      if (hostRank === this.#agent.rank) this.#address = address;
      else this.#add({ hostRank, peer: null, host, pid, workers }, firstSlot);
    }
  }

  /** Lets an agent in that was admitted. */
  admit(peer: string, hostRank: number, hello: Hello): Member {
    const { host, pid, workers, address, port, leaderAddress } = hello;
    const entry = { hostRank, peer, host, pid, workers };
    const member = this.#members.get(hostRank) ?? this.#add(entry, 0);
    Object.assign(member, {
      entry,
      isReady: false,
      hasMissed: false,
      isFetching: false,
      toldJournal: null,
    });
    this.#learnAddress(leaderAddress);
    this.#enrol({ hostRank, host, pid, workers, address, port, firstSlot: member.firstSlot });
    return member;
  }

  /** Numbers the slots, once all hosts are there; this one is host 0. */
  placeAll(): void {
    const { workers } = this.#agent.options;
    const ranked = this.all;
    const [own = 0, ...first] = firstSlots([workers, ...ranked.map((one) => one.entry.workers)]);
    for (const [at, member] of ranked.entries()) {
      member.firstSlot = first[at]!;
      const { hostRank } = member.entry;
      this.#enrol({ ...this.#agent.roster.get(hostRank)!, firstSlot: member.firstSlot });
    }
    const { port } = this.#agent.links;
    const here = { hostRank: 0, host: hostname(), pid: process.pid, workers };
    this.#enrol({ ...here, address: this.#address!, port, firstSlot: own });
  }

  #add(entry: RollEntry, firstSlot: number): Member {
    const member = new Member(entry, firstSlot, (to, what) => this.#agent.links.answer(to, what));
    this.#members.set(entry.hostRank, member);
    return member;
  }

  #enrol(known: RosterHost): void {
    this.#agent.roster.set(known.hostRank, known);
  }

  /** Of several, one that is not the loopback address: that one reaches from everywhere. */
  #learnAddress(seen: string): void {
    if (!ownAddresses().includes(seen)) return;
    if (this.#address === null || isLoopback(this.#address)) this.#address = seen;
  }
}
