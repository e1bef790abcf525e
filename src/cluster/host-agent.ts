/**
 * The agent of one host, through all its roles: what it knows of the other hosts, its workers, its connections, and the
 * machine that decides who leads. What a leader does is in leader.ts, what one does that follows in member.ts.
 */
import type { Journal } from '../coordinator/succession.ts';
import type { LockstepError } from '../core/errors.ts';
import { hostAndPort } from '../protocol/endpoint.ts';
import type {
  KeptJournal,
  LeaderMessage,
  MemberMessage,
  RosterHost,
} from '../protocol/host-messages.ts';
import { AGENT_TICK_MS, HEARTBEAT_MS, STALL_MS } from '../protocol/timing.ts';
import { AgentLinks } from './agent-links.ts';
import {
  type AgentEffect,
  type AgentEvent,
  type AgentMessage,
  type AgentState,
  reduceAgent,
  type View,
} from './agent-machine.ts';
import { OwnWorkers } from './own-workers.ts';

export interface AgentOptions {
  readonly hosts: number;
  /** Workers of this host. */
  readonly workers: number;
  /** What this host was started for. */
  readonly request: string;
  /** The hosts don't see one disk: only the one that leads has the run's folder. */
  readonly ownDisks: boolean;
  /** All hosts must be there so soon. */
  readonly waitMs: number;
  /** Whether this host leaves the run to the others when it is asked to stop. @default false */
  readonly leaves?: boolean;
  /** Throws when a stop was asked for. */
  readonly throwIfStopped: () => void;
  readonly tell: (text: string, isWarning?: boolean) => void;
}

/** What an agent does in its present role. */
export interface AgentRoleHandler {
  onMember(peer: string, message: MemberMessage): void;
  onLeader(at: string, message: LeaderMessage): void;
  /** What a member was told is lost. */
  onUnheard(peer: string): void;
  /** What was said to an agent, or by it, is perhaps lost. */
  onReconnected(at: string): void;
  /** What the machine has decided, but for messages to other agents. */
  apply(effect: Exclude<AgentEffect, { kind: 'send' }>): void;
  /** Every `HEARTBEAT_MS`. */
  heartbeat(): void;
  /** This process was stopped for a while. */
  woke(): void;
}

export class HostAgent {
  readonly options: AgentOptions;
  readonly secret: Buffer;
  readonly workers: OwnWorkers;
  /** Where all agents of the run listen, by host rank. */
  readonly roster = new Map<number, RosterHost>();
  /** The newest that this host has. */
  journal: KeptJournal | null = null;
  /** Of the run, see host-messages.ts; '' before this agent takes part. */
  start = '';
  #links: AgentLinks | null = null;
  #state: AgentState | null = null;
  #handler: AgentRoleHandler | null = null;
  #timers: NodeJS.Timeout[] = [];
  #lastTickMs = performance.now();
  #onRefused: (error: LockstepError) => void = () => {};

  private constructor(options: AgentOptions, secret: Buffer, workers: OwnWorkers) {
    this.options = options;
    this.secret = secret;
    this.workers = workers;
  }

  /**
   * @param port where to listen; null for any free port
   * @throws LockstepError PORT_IN_USE
   */
  static async open(
    options: AgentOptions,
    secret: Buffer,
    port: number | null,
  ): Promise<HostAgent> {
    const warn = (text: string) => options.tell(text, true);
    const agent = new HostAgent(options, secret, await OwnWorkers.open(warn));
    try {
      agent.#links = await AgentLinks.open(secret, port, {
        onMember: (peer, message) => agent.#onMember(peer, message),
        onLeader: (at, message) => agent.#onLeader(at, message),
        onUnheard: (peer) => agent.#handler?.onUnheard(peer),
        onReconnected: (at) => agent.#handler?.onReconnected(at),
        onNonsense: (_, thrown) => agent.#onRefused(thrown as LockstepError),
        tell: warn,
      });
    } catch (thrown) {
      await agent.workers.close();
      throw thrown;
    }
    agent.#timers = [
      setInterval(() => agent.#tick(), AGENT_TICK_MS),
      setInterval(() => agent.#handler?.heartbeat(), HEARTBEAT_MS),
    ];
    return agent;
  }

  get links(): AgentLinks {
    return this.#links!;
  }

  /** Null before it takes part. */
  get state(): AgentState | null {
    return this.#state;
  }

  get view(): View {
    return this.#state!.view;
  }

  get rank(): number {
    return this.#state!.rank;
  }

  /** Takes part from now on, or anew. */
  begin(state: AgentState, start: string): void {
    this.#state = state;
    this.start = start;
  }

  take(handler: AgentRoleHandler): void {
    this.#handler = handler;
  }

  /** Hears of an agent that speaks another version. */
  onRefused(listener: (error: LockstepError) => void): void {
    this.#onRefused = listener;
  }

  /** Where the agent of a host listens; null for one that never came. */
  addressOf(rank: number): string | null {
    const known = this.roster.get(rank);
    return known === undefined ? null : hostAndPort(known.address, known.port);
  }

  decide(event: AgentEvent): void {
    if (this.#state === null) return;
    const { state, effects } = reduceAgent(this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(effect.to, effect.message);
      else this.#handler?.apply(effect);
    }
  }

  keep(journal: KeptJournal | null): void {
    if (journal === null) return;
    const { epoch, version } = this.journal ?? { epoch: -1, version: 0 };
    if (journal.epoch > epoch || (journal.epoch === epoch && journal.version > version)) {
      this.journal = journal;
    }
  }

  /** A new journal of the coordinator of this host. */
  keepOwn(journal: Journal): void {
    const { epoch } = this.view;
    const version = (this.journal?.version ?? 0) + 1;
    this.journal = { epoch, version, content: { ...journal } };
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.workers.close();
    await this.#links?.close();
  }

  #send(to: number, message: AgentMessage): void {
    const at = this.addressOf(to);
    const { rank: from, start } = this;
    // A vote says all that the voter knows.
    const journal = isVote(message) ? this.journal : null;
    if (at !== null) {
      this.links.say(at, { kind: 'agent', start, from, message: plain(message), journal });
    }
  }

  #onMember(peer: string, message: MemberMessage): void {
    if (message.kind === 'agent') this.#onAgent(message);
    else this.#handler?.onMember(peer, message);
  }

  #onLeader(at: string, message: LeaderMessage): void {
    if (message.kind === 'agent') this.#onAgent(message);
    else this.#handler?.onLeader(at, message);
  }

  #onAgent({ start, from, message, journal }: Extract<MemberMessage, { kind: 'agent' }>): void {
    if (start !== this.start) return;
    this.keep(journal);
    this.decide({ kind: 'message', from, message, nowMs: performance.now() });
  }

  #tick(): void {
    const nowMs = performance.now();
    const isLate = nowMs - this.#lastTickMs > AGENT_TICK_MS + STALL_MS;
    this.#lastTickMs = nowMs;
    if (isLate) this.#handler?.woke();
    this.decide({ kind: isLate ? 'stalled' : 'tick', nowMs });
  }
}

const isVote = ({ kind }: AgentMessage): boolean => kind === 'vote' || kind === 'resign';

/** As it travels. */
export function plain(message: AgentMessage): Extract<MemberMessage, { kind: 'agent' }>['message'] {
  if (message.kind === 'vote') return message;
  const view = { ...message.view, hosts: [...message.view.hosts] };
  return { ...message, view };
}
