/** What a leader tells the hosts that follow: who leads and where, the run, and what they keep for a takeover. */
import { hostname } from 'node:os';
import type { Journal } from '../coordinator/succession.ts';
import type { LeaderMessage } from '../protocol/host-messages.ts';
import type { HostAgent } from './host-agent.ts';
import { plain } from './host-agent.ts';
import type { HostBook, Member } from './host-book.ts';
import type { RunHere } from './own-workers.ts';

/** What the hosts are told of the run. */
export type RunForHosts = Omit<RunHere, 'firstSlot'>;

/** So many other hosts keep the journal: it grows with the workers, and each step changes it. */
const KEEPERS = 8;

export class Announcements {
  readonly #agent: HostAgent;
  readonly #book: HostBook;
  #endpoint: string | null = null;
  /** Some hosts don't know yet where all agents listen. */
  #isRosterNew = false;

  constructor(agent: HostAgent, book: HostBook) {
    this.#agent = agent;
    this.#book = book;
  }

  welcome(member: Member): void {
    const { view, start, options } = this.#agent;
    const { hostRank } = member.entry;
    member.say({
      ...{ kind: 'welcome', hostRank, hosts: options.hosts, host: hostname(), pid: process.pid },
      ...{ view: { ...view, hosts: [...view.hosts] }, start },
    });
    member.say(this.#roster());
  }

  /** Where all agents listen. */
  roster(): void {
    this.#isRosterNew = false;
    for (const member of this.#book.present) member.say(this.#roster());
  }

  /** The others hear of a host that came with the next heartbeat: many come at once, and each would tell all of all. */
  rosterChanged(): void {
    this.#isRosterNew = true;
  }

  #roster(): LeaderMessage {
    return { kind: 'roster', hosts: [...this.#agent.roster.values()] };
  }

  /** Who leads, and which hosts count, to all who take part. */
  view(): void {
    for (const member of this.#book.present) this.viewAgain(member);
  }

  viewAgain(member: Member): void {
    const { start, rank: from, view } = this.#agent;
    member.say({
      kind: 'agent',
      start,
      from,
      message: plain({ kind: 'led', view }),
      journal: null,
    });
  }

  run(member: Member, run: RunForHosts): void {
    this.welcome(member);
    member.say({ ...run, kind: 'run', firstSlot: member.firstSlot });
    if (this.#endpoint !== null) member.say({ kind: 'coordinator', endpoint: this.#endpoint });
    const { journal } = this.#agent;
    if (journal !== null) member.say({ kind: 'journal', journal });
  }

  /** Where workers of all hosts reach the coordinator. */
  coordinator(endpoint: string): void {
    this.#endpoint = endpoint;
    this.#agent.workers.say({ kind: 'coordinator', endpoint });
    for (const member of this.#book.present) member.say({ kind: 'coordinator', endpoint });
  }

  /** At once: what was told of steps since is told again by a successor. */
  newJournal(journal: Journal): void {
    this.#agent.keepOwn(journal);
    this.#journal();
  }

  heartbeat(): void {
    const { epoch, version } = this.#agent.view;
    for (const member of this.#book.present) member.say({ kind: 'heartbeat', epoch, version });
    if (this.#isRosterNew) this.roster();
    this.#journal();
  }

  /** To the first hosts, one of which leads next. */
  #journal(): void {
    const { journal } = this.#agent;
    if (journal === null) return;
    for (const member of this.#book.present.slice(0, KEEPERS)) {
      if (member.toldJournal === journal) continue;
      member.toldJournal = journal;
      member.say({ kind: 'journal', journal });
    }
  }
}
