/**
 * A simulated host: the real agent's decisions, its worker processes, and while it leads a coordinator, which is the real
 * machine. What src/cluster does with sockets and processes is done here on the simulated network.
 */
import {
  type AgentEffect,
  type AgentEvent,
  type AgentMessage,
  type AgentState,
  followingAgent,
  leadingAgent,
  reduceAgent,
  type View,
} from '../../../src/cluster/agent-machine.ts';
import {
  decideLeaves,
  LEAVE_LIMIT_MS,
  type LeaveRequest,
  withRequest,
} from '../../../src/cluster/leaves.ts';
import type {
  CoordinatorOutcome,
  MachineEvent,
  MachineState,
  RunPolicy,
} from '../../../src/coordinator/machine.ts';
import { initialMachine, reduceMachine } from '../../../src/coordinator/machine.ts';
import type { Journal, SlotProcess } from '../../../src/coordinator/succession.ts';
import {
  firstGenerationOf,
  isJournalOld,
  journalOf,
  successor,
} from '../../../src/coordinator/succession.ts';
import type { ExitStatus } from '../../../src/launch/launching.ts';
import type {
  CoordinatorBody,
  CoordinatorMessage,
  WorkerBody,
  WorkerMessage,
} from '../../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/messages.ts';
import { AGENT_TICK_MS, HEARTBEAT_MS } from '../../../src/protocol/timing.ts';
import type { CoordinatorEvent } from '../../../src/telemetry/coordinator-event.ts';
import type { Network } from './network.ts';
import { SimulatedProcess, type Surroundings } from './process.ts';
import type { World } from './world.ts';

export interface SlotAttempt {
  readonly slot: number;
  readonly attempt: number;
}

/** What a host keeps for a coordinator on another one. */
interface KeptJournal {
  readonly epoch: number;
  /** Counts those of one leader. */
  readonly version: number;
  readonly journal: Journal;
}

const isNewer = (a: KeptJournal | null, b: KeptJournal | null): boolean =>
  a !== null && (b === null || a.epoch > b.epoch || (a.epoch === b.epoch && a.version > b.version));

/** What one agent says to another one. */
type HostMessage =
  /** `lock`: of the folder's owner, as far as the sender knows. */
  | {
      readonly kind: 'agent';
      readonly message: AgentMessage;
      readonly lock: string;
      readonly journal: KeptJournal | null;
    }
  | { readonly kind: 'heartbeat'; readonly epoch: number; readonly version: number }
  | {
      readonly kind: 'hello';
      readonly incarnation: number;
      readonly running: readonly SlotAttempt[];
    }
  /** It wants to leave; it may; it has left. */
  | { readonly kind: 'leave' | 'letGo' | 'prepare' | 'prepared' | 'bye' }
  | ({ readonly kind: 'journal' } & KeptJournal)
  | ({ readonly kind: 'launch' } & SlotAttempt)
  | ({ readonly kind: 'kill' } & SlotAttempt)
  | ({ readonly kind: 'exited'; readonly status: ExitStatus } & SlotAttempt);

/** The run's folder on the disk that all hosts see. */
export interface SharedFolder {
  /** Rank, incarnation and epoch, as the lock says. */
  owner: string;
  touchedMs: number;
}

/** What all hosts of a simulated run have in common. */
export interface Site {
  readonly world: World;
  readonly network: Network;
  readonly policy: RunPolicy;
  readonly folder: SharedFolder;
  readonly hosts: SimulatedHost[];
  readonly surroundings: Omit<Surroundings, 'toCoordinator' | 'onExit'>;
  hostOfSlot(slot: number): number;
  onEvent(event: CoordinatorEvent): void;
  /** A coordinator has formed a generation. */
  onFormed(epoch: number, generation: number): void;
  onOutcome(outcome: CoordinatorOutcome): void;
  onTakeover(epoch: number): void;
  /** A host has left the run to the others. */
  onLeft(rank: number): void;
}

const RENEW_MS = 2_000;
const LEASE_MS = 30_000;
const LOOK_MS = 500;
const HAND_OVER_MS = 5_000;
const NOBODY_LEAVES = { requests: [], journal: null, prepared: null };

interface Taken extends SlotAttempt {
  isSent: boolean;
}

/** The coordinator and what its host's agent does for it. */
interface Leading {
  state: MachineState;
  /** By slot: the newest process, or the one to be started. */
  readonly taken: Map<number, Taken>;
  /** The agent that came from each host. */
  readonly agents: Map<number, number>;
  /** Hosts that want to leave. */
  requests: readonly LeaveRequest[];
  /** That of this coordinator. */
  journal: Journal | null;
  /** The host that is ready to lead next. */
  prepared: number | null;
}

export class SimulatedHost {
  readonly rank: number;
  readonly #site: Site;
  readonly #incarnation: number;
  readonly #processes = new Map<number, SimulatedProcess>();
  /** What workers said while no coordinator heard them. */
  readonly #unread: (() => void)[] = [];
  readonly #held: (() => void)[] = [];
  #agent: AgentState | null;
  #leading: Leading | null = null;
  #kept: KeptJournal | null = null;
  /** The lock of the leader that this host knows. */
  #lock = '0/0/1';
  /** That of this host, since it led. */
  #ownLock = '0/0/1';
  #isAlive = true;
  #isStopped = false;
  /** What came while it was stopped happens now, before it looks at the folder. */
  #isWaking = false;
  /** Since when it wants to leave the run to the others. */
  #leavingSinceMs: number | null = null;
  #resignedMs: number | null = null;
  #lastTickMs: number;

  /** @param view of a host that is there from the beginning; null for one that comes */
  constructor(site: Site, rank: number, incarnation: number, view: View | null) {
    this.rank = rank;
    this.#site = site;
    this.#incarnation = incarnation;
    const { nowMs } = site.world;
    this.#lastTickMs = nowMs;
    if (view === null) this.#agent = null;
    else
      this.#agent =
        view.leader === rank ? leadingAgent(rank, view, nowMs) : followingAgent(rank, view, nowMs);
    this.#every(AGENT_TICK_MS, () => this.#tick());
    this.#every(HEARTBEAT_MS, () => this.#heartbeat());
    this.#every(RENEW_MS, () => this.#renew());
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Whether it can go on with the run when it is the last one. */
  get knowsRun(): boolean {
    return this.#isAlive && this.#agent !== null && this.#kept !== null;
  }

  get isLeaving(): boolean {
    return this.#leavingSinceMs !== null;
  }

  get leads(): boolean {
    return this.#isAlive && this.#leading !== null;
  }

  get processes(): readonly SimulatedProcess[] {
    return [...this.#processes.values()];
  }

  /** The first coordinator of the run. */
  begin(): void {
    const { policy, world, folder, hosts } = this.#site;
    Object.assign(folder, { owner: this.#ownLock, touchedMs: world.nowMs });
    this.#leading = {
      state: initialMachine(policy, world.nowMs),
      taken: new Map(),
      agents: new Map(),
      ...NOBODY_LEAVES,
    };
    for (const { rank } of hosts) this.#leading.agents.set(rank, 0);
    for (let slot = 0; slot < policy.worldSize; slot++) this.#launch(slot, 0);
  }

  /** Power loss. */
  kill(): void {
    this.#isAlive = false;
    for (const process of this.#processes.values()) process.kill();
    this.#processes.clear();
    this.#leading = null;
  }

  /** It was asked to stop, with notice. */
  leave(): void {
    this.#leavingSinceMs ??= this.#nowMs;
  }

  /** SIGSTOP of its agent, and so of its coordinator's parent; SIGCONT after so long. */
  stop(ms: number): void {
    this.#isStopped = true;
    this.#site.world.after(ms, () => {
      this.#isStopped = false;
      this.#isWaking = true;
      for (const event of this.#held.splice(0)) this.happens(event);
      this.#isWaking = false;
    });
  }

  /** The whole machine stands still for so long. */
  sleep(ms: number): void {
    this.stop(ms);
    for (const process of this.#processes.values()) process.stop(ms);
  }

  happens(event: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isStopped) this.#held.push(event);
    else event();
  }

  get #leaderRank(): number | null {
    return this.#agent?.view.leader ?? null;
  }

  #every(ms: number, action: () => void): void {
    const { world } = this.#site;
    const again = (): void => {
      if (!this.#isAlive) return;
      if (!this.#isStopped) action();
      world.after(ms, again);
    };
    world.after(world.between(0, ms), again);
  }

  // What agents say to each other.

  #say(to: number, message: HostMessage): void {
    const { network, hosts } = this.#site;
    const from = this.rank;
    network.stream(`agent-${from}`, `agent-${to}`, () => {
      const host = hosts[to]!;
      host.happens(() => host.#received(from, message));
    });
  }

  #received(from: number, message: HostMessage): void {
    switch (message.kind) {
      case 'agent':
        if (message.message.kind === 'led' && message.message.view.leader === from) {
          this.#lock = message.lock;
        }
        if (this.#agent === null) {
          if (message.message.kind === 'led') this.#joined(message.message.view);
          return;
        }
        if (isNewer(message.journal, this.#kept)) this.#kept = message.journal;
        this.#decide({ kind: 'message', from, message: message.message, nowMs: this.#nowMs });
        return;
      case 'heartbeat': {
        if (this.#agent?.view.epoch !== message.epoch) return;
        this.#decide({ kind: 'heard', from, version: message.version, nowMs: this.#nowMs });
        return;
      }
      case 'hello':
        this.#onHello(from, message);
        return;
      case 'leave':
        this.#onLeave(from);
        return;
      case 'letGo':
        if (this.#leavingSinceMs !== null) this.#depart();
        return;
      case 'prepare':
        this.#say(from, { kind: 'prepared' });
        return;
      case 'prepared':
        if (this.#leading !== null) this.#leading.prepared = from;
        return;
      case 'bye':
        this.#onBye(from);
        return;
      case 'journal':
        if (isNewer(message, this.#kept)) this.#kept = message;
        return;
      case 'launch':
        if (from === this.#leaderRank) this.#start(message.slot, message.attempt);
        return;
      case 'kill': {
        const process = this.#processes.get(message.slot);
        if (process?.attempt === message.attempt) process.kill();
        return;
      }
      case 'exited':
        this.#exited(from, message, message.status);
    }
  }

  /** A host that comes says who it is until somebody tells it who leads. */
  #joined(view: View): void {
    this.#agent = followingAgent(this.rank, view, this.#nowMs);
  }

  #onHello(from: number, { incarnation, running }: Extract<HostMessage, { kind: 'hello' }>): void {
    const agent = this.#agent;
    if (agent === null) return;
    const led = this.#agentMessage({ kind: 'led', view: agent.view });
    if (this.#leading === null) {
      if (agent.view.leader !== this.rank) this.#say(from, led);
      return;
    }
    const { agents, taken } = this.#leading;
    const isThere = agent.view.hosts.includes(from);
    // Another agent of a host that has not been lost yet: it waits.
    if (isThere && agents.get(from) !== incarnation) return;
    if (!isThere) {
      agents.set(from, incarnation);
      for (const one of running) {
        const known = taken.get(one.slot);
        if (known?.attempt !== one.attempt || !known.isSent)
          this.#say(from, { kind: 'kill', ...one });
      }
      this.#decide({ kind: 'came', host: from, nowMs: this.#nowMs });
      for (const one of taken.values()) this.#send(one);
      this.#sayJournal(from);
    } else this.#decide({ kind: 'heard', from, nowMs: this.#nowMs });
    this.#say(from, this.#agentMessage({ kind: 'led', view: this.#agent!.view }));
  }

  #agentMessage(message: AgentMessage): HostMessage {
    const journal = message.kind === 'resign' ? this.#kept : null;
    return { kind: 'agent', message, lock: this.#lock, journal };
  }

  #heartbeat(): void {
    const agent = this.#agent;
    if (agent === null) {
      // The folder names who owns it.
      const owner = Number(this.#site.folder.owner.split('/')[0]);
      if (owner !== this.rank) this.#hello(owner);
      return;
    }
    if (this.#resignedMs !== null) return;
    const { epoch, version, leader, hosts } = agent.view;
    const heartbeat = { kind: 'heartbeat', epoch, version } as const;
    if (this.#leading !== null) {
      for (const host of hosts) {
        if (host === this.rank) continue;
        this.#say(host, heartbeat);
        this.#sayJournal(host);
      }
      this.#beatWorkers();
      this.#decideLeaves();
    } else if (agent.role.kind === 'following') {
      this.#say(leader, heartbeat);
      if (this.#leavingSinceMs !== null) this.#say(leader, { kind: 'leave' });
    } else if (leader !== this.rank) this.#hello(leader);
    else this.#hello(Number(this.#site.folder.owner.split('/')[0]));
  }

  #hello(to: number): void {
    const running = [...this.#processes.values()].map(({ slot, attempt }) => ({ slot, attempt }));
    this.#say(to, { kind: 'hello', incarnation: this.#incarnation, running });
  }

  get #nowMs(): number {
    return this.#site.world.nowMs;
  }

  // Who leads.

  #decide(event: AgentEvent): void {
    if (this.#agent === null) return;
    const { state, effects } = reduceAgent(this.#agent, event);
    this.#agent = state;
    for (const effect of effects) this.#apply(effect);
  }

  #apply(effect: AgentEffect): void {
    const { world, folder } = this.#site;
    switch (effect.kind) {
      case 'send':
        this.#say(effect.to, this.#agentMessage(effect.message));
        return;
      case 'announce': {
        const message = { kind: 'led', view: effect.view } as const;
        for (const host of effect.view.hosts) {
          if (host !== this.rank) this.#say(host, this.#agentMessage(message));
        }
        return;
      }
      case 'hold':
        this.#dispatch({ kind: 'hold', isHeld: effect.isHeld });
        return;
      case 'lost':
        this.#lose(effect.host, { hostLost: 'nothing was heard' });
        return;
      case 'leaderLost':
        this.#watchOwner();
        return;
      case 'take': {
        const seen = { ...folder };
        world.after(world.between(1, 30), () =>
          this.happens(() => {
            const isSame = folder.owner === seen.owner && folder.touchedMs === seen.touchedMs;
            const isOfLeader = folder.owner === this.#lock;
            if (effect.isAgreed ? isOfLeader : isSame) {
              const epoch = Math.max(effect.epoch, Number(folder.owner.split('/')[2]) + 1);
              this.#ownLock = `${this.rank}/${this.#incarnation}/${epoch}`;
              this.#lock = this.#ownLock;
              Object.assign(folder, { owner: this.#lock, touchedMs: world.nowMs });
              this.#decide({ kind: 'taken', epoch, nowMs: world.nowMs });
            } else this.#decide({ kind: 'refused', nowMs: world.nowMs });
          }),
        );
        return;
      }
      case 'lead':
        this.#takeOver(effect.view);
        return;
      case 'stepDown':
        this.#leading = null;
        for (const process of this.#processes.values()) process.kill();
        this.#watchOwner();
        return;
      case 'follow':
        this.#hello(effect.view.leader);
        this.#flush();
        return;
      case 'leaderBack':
    }
  }

  /** Until the leader is back, or another one leads. */
  #watchOwner(): void {
    const { world, folder } = this.#site;
    let seen = { ...folder };
    let sinceMs = world.nowMs;
    const look = (): void => {
      if (!this.#isAlive || this.#agent?.role.kind === 'following') return;
      const leavingMs = world.nowMs - (this.#leavingSinceMs ?? world.nowMs);
      if (this.#agent?.role.kind === 'leaderless' && leavingMs > LEAVE_LIMIT_MS)
        this.#departAlone();
      if (folder.owner !== seen.owner || folder.touchedMs !== seen.touchedMs) {
        seen = { ...folder };
        sinceMs = world.nowMs;
      }
      if (world.nowMs - sinceMs > LEASE_MS) {
        sinceMs = world.nowMs;
        this.#decide({ kind: 'ownerSilent', nowMs: world.nowMs });
      }
      world.after(LOOK_MS, () => this.happens(look));
    };
    look();
  }

  #renew(): void {
    if (this.#leading === null) return;
    const { folder } = this.#site;
    if (folder.owner === this.#ownLock) folder.touchedMs = this.#nowMs;
    else this.#decide({ kind: 'deposed', nowMs: this.#nowMs });
  }

  #tick(): void {
    const nowMs = this.#nowMs;
    const isLate = nowMs - this.#lastTickMs > AGENT_TICK_MS + 1_000;
    this.#lastTickMs = nowMs;
    if (isLate) this.#renew();
    this.#decide({ kind: isLate ? 'stalled' : 'tick', nowMs });
    this.#dispatch({ kind: isLate ? 'stalled' : 'tick', nowMs });
  }

  // The coordinator.

  #takeOver(view: View): void {
    const { world, hosts, policy } = this.#site;
    this.#site.onTakeover(view.epoch);
    const awaySinceMs = world.nowMs;
    // The hosts that come say what runs there; then a coordinator is started.
    world.after(world.between(300, 1_500), () =>
      this.happens(() => {
        if (this.#agent?.role.kind !== 'leading' || this.#agent.view.epoch !== view.epoch) return;
        // Votes carry the journals.
        for (const rank of view.hosts) {
          const kept = hosts[rank]!.#kept;
          if (isNewer(kept, this.#kept)) this.#kept = kept;
        }
        const journal = this.#kept?.journal ?? null;
        const agents = new Map<number, number>();
        const taken = new Map<number, Taken>();
        const processes: SlotProcess[] = [];
        for (const rank of this.#agent.view.hosts) {
          const host = hosts[rank]!;
          if (!host.#isAlive || host.#leaderRank !== this.rank) continue;
          agents.set(rank, host.#incarnation);
          for (const { slot, attempt } of host.#processes.values()) {
            taken.set(slot, { slot, attempt, isSent: true });
            processes.push({ slot, attempt, pid: 1, host: `h${rank}`, exit: null });
          }
        }
        const lost = { code: null, signal: null, lastLine: '', hostLost: 'nothing was heard' };
        for (let slot = 0; slot < policy.worldSize; slot++) {
          if (taken.has(slot)) continue;
          const attempt = journal?.losses.find((one) => one.slot === slot)?.attempt ?? 0;
          processes.push({ slot, attempt, pid: 1, host: null, exit: lost });
        }
        const succession = {
          journal,
          processes,
          awayMs: world.nowMs - awaySinceMs,
          firstGeneration: firstGenerationOf(view.epoch),
        };
        const state = successor(policy, succession, world.nowMs);
        this.#leading = { state, taken, agents, ...NOBODY_LEAVES };
        for (const { slot, attempt, exit } of processes) {
          if (exit !== null)
            this.#dispatch({ kind: 'exited', slot, attempt, status: exit, nowMs: world.nowMs });
        }
        for (const host of hosts) if (host.#leaderRank === this.rank) host.#flush();
      }),
    );
  }

  #dispatch(event: MachineEvent): void {
    const leading = this.#leading;
    if (leading === null) return;
    const before = leading.state;
    const { state, effects } = reduceMachine(before, event);
    leading.state = state;
    for (const effect of effects) if (effect.kind === 'event') this.#site.onEvent(effect.event);
    if (isJournalOld(before, state)) {
      leading.journal = journalOf(state);
      this.#replicate(leading.journal);
    }
    if (state.membership.status === 'forming' && before.membership.status === 'gathering') {
      // Of one that slept, only the workers on its own host would hear it until it looks who has the folder.
      if (!this.#isWaking)
        this.#site.onFormed(this.#agent!.view.epoch, state.membership.generation);
    }
    for (const effect of effects) {
      if (effect.kind === 'send') this.#sendWorker(effect.slot, effect.body);
      if (effect.kind === 'launch') this.#launch(effect.slot, effect.attempt);
      if (effect.kind === 'kill') this.#kill(effect.slot);
      if (effect.kind === 'end') this.#site.onOutcome(effect.outcome);
    }
  }

  #replicate(journal: Journal): void {
    const copy = JSON.parse(JSON.stringify(journal)) as Journal;
    const { epoch, hosts } = this.#agent!.view;
    this.#kept = { epoch, version: (this.#kept?.version ?? 0) + 1, journal: copy };
    for (const host of hosts) if (host !== this.rank) this.#sayJournal(host);
  }

  /** The last ones are lost with their host. */
  #sayJournal(host: number): void {
    const { world } = this.#site;
    const kept = this.#kept;
    if (kept === null) return;
    world.after(world.between(0, 80), () =>
      this.happens(() => this.#say(host, { kind: 'journal', ...kept })),
    );
  }

  #launch(slot: number, attempt: number): void {
    const one = { slot, attempt, isSent: false };
    this.#leading!.taken.set(slot, one);
    this.#send(one);
  }

  /** Once its host is there. */
  #send(one: Taken): void {
    const host = this.#site.hostOfSlot(one.slot);
    if (one.isSent || !this.#agent!.view.hosts.includes(host)) return;
    one.isSent = true;
    const { slot, attempt } = one;
    if (host === this.rank) this.#start(slot, attempt);
    else this.#say(host, { kind: 'launch', slot, attempt });
  }

  #kill(slot: number): void {
    const one = this.#leading?.taken.get(slot);
    if (one === undefined) return;
    const { attempt } = one;
    const host = this.#site.hostOfSlot(slot);
    if (host === this.rank) this.#processes.get(slot)?.kill();
    else this.#say(host, { kind: 'kill', slot, attempt });
  }

  /** All its workers are lost. */
  #lose(host: number, how: Pick<ExitStatus, 'hostLost' | 'hostLeft'>): void {
    const leading = this.#leading;
    // Its coordinator is not there yet, and asks then who is.
    if (leading === null) return;
    const { taken, agents } = leading;
    agents.delete(host);
    leading.requests = leading.requests.filter((one) => one.host !== host);
    if (leading.prepared === host) leading.prepared = null;
    const status = { code: null, signal: null, lastLine: '', ...how };
    for (const one of [...taken.values()]) {
      if (this.#site.hostOfSlot(one.slot) === host && one.isSent) this.#exited(host, one, status);
    }
  }

  #exited(from: number, { slot, attempt }: SlotAttempt, status: ExitStatus): void {
    const one = this.#leading?.taken.get(slot);
    if (one?.attempt !== attempt || !one.isSent || this.#site.hostOfSlot(slot) !== from) return;
    this.#leading!.taken.delete(slot);
    this.#dispatch({ kind: 'exited', slot, attempt, status, nowMs: this.#nowMs });
  }

  #beatWorkers(): void {
    for (const [slot, { atMs }] of this.#leading!.state.membership.heard.toArray().entries()) {
      if (atMs !== null) this.#sendWorker(slot, { kind: 'heartbeat' });
    }
  }

  #sendWorker(slot: number, body: CoordinatorBody): void {
    const { members, generation } = this.#leading!.state.membership;
    const { attempt } = members.at(slot)!;
    const envelope = { protocol: PROTOCOL_VERSION, run: 'simulated', generation };
    const message = { ...body, ...envelope } as CoordinatorMessage;
    const host = this.#site.hosts[this.#site.hostOfSlot(slot)]!;
    const from = this.rank;
    this.#site.network.send(`coordinator-${from}`, `worker-${slot}-${attempt}`, () => {
      // It comes through the relay of the worker's host, which is connected to one leader.
      const process = host.#processes.get(slot);
      if (host.#leaderRank === from && process?.attempt === attempt) process.received(message);
    });
  }

  // Hosts that leave.

  #onLeave(host: number): void {
    const leading = this.#leading;
    if (leading === null || !leading.agents.has(host)) return;
    const request = { host, signal: 'SIGTERM', sinceMs: this.#nowMs } as const;
    leading.requests = withRequest(leading.requests, request);
  }

  #onBye(host: number): void {
    if (this.#leading === null || !this.#leading.agents.has(host)) return;
    this.#lose(host, { hostLeft: true });
    this.#decide({ kind: 'went', host, nowMs: this.#nowMs });
  }

  #decideLeaves(): void {
    const leading = this.#leading!;
    const { policy } = this.#site;
    if (this.#leavingSinceMs !== null) this.#onLeave(this.rank);
    const situation = {
      ...{ leader: this.rank, workers: this.#takingPart(), mayHandOver: true },
      ...{ minWorkers: policy.minWorkers, prepared: leading.prepared },
    };
    const decision = decideLeaves(leading.requests, situation, this.#nowMs);
    if (decision.kind === 'stop') {
      leading.requests = [];
      this.#dispatch({ kind: 'signal', signal: decision.signal });
    }
    if (decision.kind === 'letGo') {
      leading.requests = leading.requests.map((one) =>
        decision.hosts.includes(one.host) ? { ...one, isGranted: true } : one,
      );
      for (const host of decision.hosts) this.#say(host, { kind: 'letGo' });
    }
    if (decision.kind === 'prepare') this.#say(decision.next, { kind: 'prepare' });
    if (decision.kind === 'handOver') this.#handOver(decision.next);
  }

  #takingPart(): ReadonlyMap<number, number> | null {
    const { journal, agents } = this.#leading!;
    const { role } = this.#agent!;
    if (journal?.isRunning !== true || role.kind !== 'leading' || role.isHeld) return null;
    const workers = new Map<number, number>();
    for (const slot of journal.ranks) {
      const host = this.#site.hostOfSlot(slot);
      if (host !== this.rank && !agents.has(host)) continue;
      workers.set(host, (workers.get(host) ?? 0) + 1);
    }
    return workers;
  }

  /** Its coordinator and workers end first; then it tells the others until another one has the folder. */
  #handOver(next: number): void {
    this.#leading = null;
    const { world, folder } = this.#site;
    for (const process of this.#processes.values()) process.kill();
    this.#resignedMs = world.nowMs;
    const again = (): void => {
      this.#decide({ kind: 'resign', next });
      const isTaken = folder.owner !== this.#ownLock;
      if (isTaken || world.nowMs - this.#resignedMs! > HAND_OVER_MS) this.#gone();
      else world.after(LOOK_MS, () => this.happens(again));
    };
    world.after(world.between(1, 100), () => this.happens(again));
  }

  #depart(): void {
    for (const process of this.#processes.values()) process.kill();
    if (this.#leaderRank !== null) this.#say(this.#leaderRank, { kind: 'bye' });
    this.#gone();
  }

  /** When nobody is left who knows the run, it is started again by `--resume auto`. */
  #departAlone(): void {
    const others = this.#site.hosts.filter((host) => host !== this && host.knowsRun);
    if (others.some((host) => !host.isLeaving || host.leads)) this.#depart();
  }

  #gone(): void {
    this.kill();
    this.#site.onLeft(this.rank);
  }

  // Workers of this host.

  #start(slot: number, attempt: number): void {
    const { world, surroundings } = this.#site;
    world.after(world.between(100, 2_000), () =>
      this.happens(() => {
        const around: Surroundings = {
          ...surroundings,
          toCoordinator: (from, body, generation) => this.#toCoordinator(from, body, generation),
          onExit: (process, code) => this.#onExit(process, code),
        };
        this.#processes.get(slot)?.kill();
        this.#processes.set(slot, new SimulatedProcess(around, slot, attempt));
      }),
    );
  }

  #onExit(process: SimulatedProcess, code: number | null): void {
    const { slot, attempt, name } = process;
    if (this.#processes.get(slot) === process) this.#processes.delete(slot);
    this.#site.surroundings.endpoints.delete(name);
    const status = { code, signal: code === null ? 'SIGKILL' : null, lastLine: '' };
    this.#site.world.after(this.#site.world.between(0, 5), () =>
      this.happens(() => {
        const leader = this.#leaderRank;
        if (leader === this.rank) this.#exited(this.rank, { slot, attempt }, status);
        else if (leader !== null) this.#say(leader, { kind: 'exited', slot, attempt, status });
      }),
    );
  }

  /** Through the relay of this host. */
  #toCoordinator(from: SimulatedProcess, body: WorkerBody, generation: number): void {
    const { slot, attempt, name } = from;
    const envelope = { protocol: PROTOCOL_VERSION, run: 'simulated', generation };
    const message = { ...body, ...envelope } as WorkerMessage;
    const send = (): void => {
      const leader = this.#site.hosts[this.#leaderRank!]!;
      if (leader.#leading === null || !leader.#isAlive) {
        this.#unread.push(send);
        return;
      }
      this.#site.network.send(name, `coordinator-${leader.rank}`, () =>
        leader.happens(() =>
          leader.#dispatch({ kind: 'message', slot, attempt, message, nowMs: this.#nowMs }),
        ),
      );
    };
    send();
  }

  #flush(): void {
    for (const send of this.#unread.splice(0)) send();
  }
}
