/** How an agent that follows reaches the one that leads: where that listens, and what it has said of itself. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import { hostAndPort, splitHostAndPort } from '../protocol/endpoint.ts';
import {
  HOST_PROTOCOL,
  type LeaderMessage,
  type MemberMessage,
} from '../protocol/host-messages.ts';
import type { Reached } from './address.ts';
import { leaderNotFound, type Obstacle, reachAny } from './find-leader.ts';
import type { HostAgent } from './host-agent.ts';
import type { Invitation, Meeting } from './rendezvous/host-rendezvous.ts';

const LOOK_MS = 200;
/** One that does not answer so soon is perhaps none: where to find the leader is read again. */
const ANSWER_MS = 5_000;

export type Welcome = Extract<LeaderMessage, { kind: 'welcome' }>;

export class LeaderLink {
  readonly #agent: HostAgent;
  readonly #hostRank: number | null;
  /** What the leader said of the run that it is to begin; null until then. */
  welcome: Welcome | null = null;
  /** The leader has said that all places are taken. */
  isFull = false;
  lastHeardMs = performance.now();
  /** Where the leader listens, and this host's address on the way there; null while it is not known. */
  #at: string | null = null;
  #reached: Reached | null = null;

  /** @param hostRank number of this host; null where the leader gives it one */
  constructor(agent: HostAgent, hostRank: number | null) {
    this.#agent = agent;
    this.#hostRank = hostRank;
  }

  /** Whether what listens there is the leader. */
  isAt(at: string): boolean {
    return at === this.#at;
  }

  /** Of the leader, as this host reaches it. */
  get leaderAddress(): string {
    return splitHostAndPort(this.#at!).host;
  }

  /** Of this host, as the others reach it; '' while that is not known. */
  get ownAddress(): string {
    const { roster } = this.#agent;
    return this.#reached?.local ?? roster.get(this.#rank ?? -1)?.address ?? '';
  }

  say(message: MemberMessage): void {
    if (this.#at !== null) this.#agent.links.say(this.#at, message);
  }

  sayHello(): void {
    const { options, workers, links } = this.#agent;
    const { workers: count, request, hosts } = options;
    this.say({
      kind: 'hello',
      ...{ protocol: HOST_PROTOCOL, version: LOCKSTEP_VERSION },
      ...{ hostRank: this.#rank, host: hostname(), pid: process.pid, workers: count },
      ...{ address: this.ownAddress, leaderAddress: this.leaderAddress, port: links.port },
      ...{ request, hosts, running: workers.running },
    });
  }

  /** Asks the leader of the agents' view to be taken in again. */
  askAgain(): void {
    const { state } = this.#agent;
    if (state === null || state.view.leader === state.rank) return;
    this.#at = this.#agent.addressOf(state.view.leader);
    if (this.#at !== null) this.sayHello();
  }

  /**
   * Looks for the leader until one has answered, or `ended` has come first.
   * @returns false when the leader to be found has another secret: it is one of a later start
   * @throws LockstepError TIMEOUT when none is found
   */
  async find(
    meeting: Extract<Meeting, { role: 'follow' }>,
    ended: Promise<unknown>,
  ): Promise<boolean> {
    const { waitMs, throwIfStopped, tell } = this.#agent.options;
    const startedMs = performance.now();
    let obstacle: Obstacle = { kind: 'unknown' };
    tell('Waiting for the host that leads.');
    while (performance.now() - startedMs < waitMs) {
      throwIfStopped();
      const invitation = meeting.find();
      if (invitation !== null && !invitation.secret.equals(this.#agent.secret)) return false;
      if (invitation !== null) {
        const found = await this.#ask(invitation, ended);
        if (found === null) return true;
        obstacle = found;
      }
      await sleep(LOOK_MS);
    }
    throw leaderNotFound(waitMs, obstacle);
  }

  get #rank(): number | null {
    return this.#agent.state?.rank ?? this.welcome?.hostRank ?? this.#hostRank;
  }

  /** Null once there is an answer that decides. */
  async #ask(invitation: Invitation, ended: Promise<unknown>): Promise<Obstacle | null> {
    const reached = await reachAny(invitation);
    if (reached === null) return { kind: 'absent', at: invitation };
    const at = hostAndPort(reached.remote, invitation.port);
    this.#at = at;
    this.#reached = reached;
    this.isFull = false;
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    const over = ended.then(end, end);
    const startedMs = performance.now();
    while (this.welcome === null && !isOver && performance.now() - startedMs < ANSWER_MS) {
      this.sayHello();
      await Promise.race([over, sleep(LOOK_MS)]);
    }
    if (this.welcome !== null || isOver) return null;
    this.#at = null;
    await this.#agent.links.drop(at);
    const { hosts } = this.#agent.options;
    return this.isFull ? { kind: 'full', hosts } : { kind: 'silent', at: invitation };
  }
}
