/**
 * What the agent of a host does that does not lead: it finds the leader, starts and watches the workers of its own host at
 * the leader's word, and ends as the run does. When the leader is gone its workers keep their state, and the agents decide
 * which of them goes on with the run.
 */
import { asLockstepError, LockstepError } from '../core/errors.ts';
import { errorOfFailure, failure } from '../core/failure.ts';
import { epochAfter } from '../core/lease.ts';
import type { StopSignal } from '../core/stop-signal.ts';
import { type LeaderMessage, type MemberMessage, travelling } from '../protocol/host-messages.ts';
import { SILENCE_MS, START_UP_MS, TICK_MS } from '../protocol/timing.ts';
import { type AgentEffect, followingAgent } from './agent-machine.ts';
import type { Followed, FoundLock, MemberOptions } from './followed.ts';
import { type AgentRoleHandler, type HostAgent, plain } from './host-agent.ts';
import { LeaderLink, type Welcome } from './leader-link.ts';
import { Leaderless } from './leaderless.ts';
import { LEAVE_LIMIT_MS } from './leaves.ts';
import { Preparation } from './preparation.ts';
import type { Meeting } from './rendezvous/host-rendezvous.ts';

/** A Ctrl-C in a terminal reaches the leader, too: what it hears itself comes first. */
const PASS_ON_MS = 500;
/** One that is silent for so long while this host fetches the run is lost: nobody waits for this host's workers yet. */
const FETCH_SILENCE_MS = 3 * SILENCE_MS;
/** A leader that is silent for so long may be lost. */
const DOUBT_MS = SILENCE_MS / 2;
/** One that has said that it leaves may take so long to do it. */
const PREPARED_MS = LEAVE_LIMIT_MS;

/**
 * Follows until the run has ended, or until this host leads. Then its workers go on; otherwise the agent's end ends them.
 * @param meeting where the leader is found; null for an agent that knows the other ones
 * @throws LockstepError TIMEOUT when no leader is found, PROTOCOL when it refuses this host, REQUEUED when it is gone and
 *   nobody goes on with the run here
 */
export async function followRun<Folder>(
  agent: HostAgent,
  meeting: Extract<Meeting, { role: 'follow' }> | null,
  options: MemberOptions<Folder>,
): Promise<Followed<Folder>> {
  const member = new HostMember(agent, options);
  try {
    return await member.run(meeting);
  } finally {
    member.close();
  }
}

class HostMember<Folder> implements AgentRoleHandler {
  readonly #agent: HostAgent;
  readonly #options: MemberOptions<Folder>;
  readonly #unwatchSignals: () => void;
  readonly #ended: Promise<Followed<Folder>>;
  #resolve: (end: Followed<Folder>) => void = () => {};
  #reject: (error: LockstepError) => void = () => {};
  readonly #leader: LeaderLink;
  #isOver = false;
  #leaderless: Leaderless | null = null;
  #loss = '';
  #lostAt = Date.now();
  #folder: Folder | null = null;
  #left: number | null = null;
  /** When the leader said last that this host is to lead next. */
  #preparedMs = Number.NEGATIVE_INFINITY;
  #stops = 0;
  /** This host wants to leave the run to the others. */
  #leaving: { readonly signal: StopSignal; readonly sinceMs: number } | null = null;
  #preparation: Preparation | null = null;
  readonly #watch: NodeJS.Timeout;

  constructor(agent: HostAgent, options: MemberOptions<Folder>) {
    this.#agent = agent;
    this.#options = options;
    this.#leader = new LeaderLink(agent, options.hostRank);
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#ended.catch(() => undefined);
    this.#unwatchSignals = options.watchSignals((signal) => this.#onSignal(signal));
    agent.take(this);
    agent.onRefused((error) => this.#reject(asLockstepError(error)));
    agent.workers.listen({
      spawned: (slot, attempt, pid) => this.#leader.say({ kind: 'spawned', slot, attempt, pid }),
      exited: (slot, attempt, status) =>
        this.#leader.say({ kind: 'exited', slot, attempt, status }),
    });
    this.#watch = setInterval(() => {
      this.#watchStart();
      this.#watchLeader();
    }, TICK_MS);
  }

  async run(meeting: Extract<Meeting, { role: 'follow' }> | null): Promise<Followed<Folder>> {
    if (meeting !== null) {
      const isOurs = await this.#leader.find(meeting, this.#ended);
      if (!isOurs) this.#resolve({ kind: 'anew' });
    } else {
      this.#waitForLeader(this.#agent.view.leader);
      this.#leader.askAgain();
    }
    return await this.#ended;
  }

  close(): void {
    this.#isOver = true;
    this.#preparation?.end();
    this.#unwatchSignals();
    clearInterval(this.#watch);
    this.#foundLeader();
    if (this.#folder !== null) return;
    this.#options.standDown();
    this.#leader.say({ kind: 'bye' });
  }

  apply(effect: Exclude<AgentEffect, { kind: 'send' }>): void {
    const run = this.#agent.workers.run!;
    switch (effect.kind) {
      case 'leaderLost':
        if (effect.hasLeft) this.#letLeaderGo(effect.leader, effect.isNext);
        else this.#loseLeader(effect.leader);
        return;
      case 'leaderBack':
        this.#agent.options.tell(
          `Hears the host that leads again: ${this.#nameOf(effect.leader)}.`,
        );
        this.#foundLeader();
        return;
      case 'follow':
        this.#leader.welcome = null;
        this.#leader.askAgain();
        return;
      case 'take':
        // Of the leader that is known here: one that leads since then has a lock of its own.
        this.#take(
          effect.epoch,
          effect.isAgreed ? { text: run.lock } : this.#leaderless?.silentLock,
        );
        return;
      case 'lead':
        this.#resolve({
          ...{ kind: 'succeeds', folder: this.#folder! },
          ...{ lostAt: this.#lostAt, loss: this.#loss, left: this.#left },
        });
        return;
      default:
    }
  }

  heartbeat(): void {
    const view = this.#agent.state?.view ?? this.#leader.welcome?.view;
    if (this.#isOver || view === undefined) return;
    const { epoch, version } = view;
    if (this.#leader.welcome !== null && this.#leaderless === null) {
      this.#leader.say({ kind: 'heartbeat', epoch, version });
      this.#askToLeave();
    } else this.#leader.askAgain();
  }

  woke(): void {}

  onMember(peer: string, message: MemberMessage): void {
    // Somebody who takes this host for the leader, or wants to join the run.
    const { state, start } = this.#agent;
    if (message.kind !== 'hello' || state === null || state.view.leader === state.rank) return;
    const led = plain({ kind: 'led', view: state.view });
    const answer = { start, from: state.rank, message: led, journal: null };
    this.#agent.links.answer(peer, { kind: 'agent', ...answer });
  }

  onLeader(at: string, message: LeaderMessage): void {
    if (!this.#leader.isAt(at) || this.#isOver) return;
    this.#leader.lastHeardMs = performance.now();
    if (this.#leader.lastHeardMs - this.#preparedMs > PREPARED_MS) this.#options.standDown();
    if (this.#agent.state !== null) {
      const { leader } = this.#agent.view;
      this.#agent.decide({ kind: 'heard', from: leader, nowMs: performance.now() });
    }
    this.#onMessage(message);
  }

  onUnheard(): void {
    // Who asks this host for the leader asks again.
  }

  onReconnected(at: string): void {
    const { welcome } = this.#leader;
    if (this.#leader.isAt(at) && !this.#isOver && welcome !== null) this.#leader.sayHello();
  }

  #onMessage(message: LeaderMessage): void {
    switch (message.kind) {
      case 'welcome':
        this.#onWelcome(message);
        return;
      case 'full':
        this.#leader.isFull = true;
        return;
      case 'roster':
        for (const host of message.hosts) this.#agent.roster.set(host.hostRank, host);
        return;
      case 'journal':
        this.#agent.keep(message.journal);
        return;
      case 'introduce':
        this.#leader.welcome = null;
        this.#leader.sayHello();
        return;
      case 'refused':
        this.#reject(errorOf(message.failure));
        return;
      case 'run':
        void this.#prepare(message);
        return;
      case 'launch':
      case 'kill':
      case 'coordinator':
        this.#agent.workers.say(message);
        return;
      case 'prepare':
        this.#preparedMs = performance.now();
        this.#options.standBy();
        this.#leader.say({ kind: 'prepared' });
        return;
      case 'leave':
        void this.#leave();
        return;
      case 'end': {
        const { outcome, failure: reason } = message;
        const error = reason === null ? null : errorOf(reason);
        this.#resolve({ kind: 'ended', outcome, error });
        return;
      }
      default:
    }
  }

  #onWelcome(message: Welcome): void {
    const { hostRank, hosts, host, pid } = message;
    const isFirst = this.#leader.welcome === null;
    this.#leader.welcome = message;
    if (!isFirst) return;
    this.#foundLeader();
    this.#agent.options.tell(`This is host ${hostRank} of ${hosts}; ${host} (pid ${pid}) leads.`);
  }

  /** From now on it has a say in who leads. */
  #takePart({ hostRank, view, start }: Welcome): void {
    const { state } = this.#agent;
    const isKnown = start === this.#agent.start && state?.role.kind === 'following';
    if (isKnown && state.view.epoch === view.epoch) return;
    const follower = followingAgent(hostRank, view, performance.now());
    const voted = start === this.#agent.start ? (state?.promised ?? 0) : 0;
    this.#agent.begin({ ...follower, promised: Math.max(voted, view.epoch) }, start);
  }

  async #prepare({ kind: _, ...run }: Extract<LeaderMessage, { kind: 'run' }>): Promise<void> {
    const { workers, secret, options } = this.#agent;
    const { welcome } = this.#leader;
    // The word before was lost; both are said again.
    if (welcome === null) return;
    if (workers.run?.run === run.run) {
      workers.learn(run);
      this.#takePart(welcome);
      this.#leader.say({ kind: 'ready' });
      return;
    }
    // It may be told twice while it fetches.
    if (this.#preparation?.run === run.run) return;
    this.#preparation?.end();
    const from = { host: welcome.host, address: this.#leader.leaderAddress, secret };
    const preparation = new Preparation(run.run, from, (message) => this.#leader.say(message));
    this.#preparation = preparation;
    try {
      const launch = await this.#options.launcher(run, preparation.source);
      if (preparation.isOver) return;
      const address = this.#leader.ownAddress;
      const leaves = options.leaves === true;
      workers.prepare(run, { launch, address, workers: options.workers, secret, leaves });
      // It may have been asked to say hello once more.
      this.#takePart(this.#leader.welcome ?? welcome);
      this.#leader.say({ kind: 'ready' });
    } catch (thrown) {
      if (preparation.isOver) return;
      const error = asLockstepError(thrown);
      this.#leader.say({ kind: 'cannot', failure: travelling(error) });
      this.#reject(error);
    } finally {
      preparation.end();
    }
  }

  /** While the leader prepares the run it may compute for long. */
  #watchStart(): void {
    if (this.#leader.welcome === null || this.#agent.workers.run !== null) return;
    const limitMs = this.#preparation === null ? START_UP_MS : FETCH_SILENCE_MS;
    const silentMs = performance.now() - this.#leader.lastHeardMs;
    if (silentMs > limitMs) this.#reject(this.#gone(this.#leader.welcome.view.leader, limitMs));
  }

  /** The first host after the leader asks first, and is likely to lead. */
  #watchLeader(): void {
    const { state, workers } = this.#agent;
    if (this.#isOver || state === null || workers.run === null) return;
    const { leader, hosts } = state.view;
    const isNext = hosts.find((host) => host !== leader) === state.rank;
    const silentMs = performance.now() - this.#leader.lastHeardMs;
    if (isNext && silentMs > DOUBT_MS) this.#options.standBy();
  }

  #loseLeader(leader: number): void {
    const run = this.#agent.workers.run!;
    this.#left = null;
    this.#lostAt = Date.now() - SILENCE_MS;
    this.#loss = `Lost the host that led, ${this.#nameOf(leader)}: nothing was heard of it for ${SILENCE_MS} ms.`;
    // Without the leader's disk nobody can go on.
    if (run.coordinatorWaitMs === 0 || run.copy !== null) {
      this.#reject(this.#gone(leader, SILENCE_MS));
      return;
    }
    this.#agent.options.tell(this.#loss, true);
    this.#waitForLeader(leader);
  }

  #letLeaderGo(leader: number, isNext: boolean): void {
    if (isNext) this.#options.standBy();
    this.#left = leader;
    this.#lostAt = Date.now();
    this.#loss = `The host that led, ${this.#nameOf(leader)}, has left.`;
    this.#agent.options.tell(this.#loss);
    this.#waitForLeader(leader);
  }

  #waitForLeader(leader: number): void {
    const run = this.#agent.workers.run!;
    this.#foundLeader();
    this.#leaderless = new Leaderless(run.runFolder, run.coordinatorWaitMs, {
      throwIfStopped: () => this.#throwIfStopped(),
      lookForEnd: () => {
        const outcome = this.#options.endOf(run.runFolder);
        if (outcome !== null) this.#resolve({ kind: 'ended', outcome, error: null });
      },
      onSilent: () => this.#agent.decide({ kind: 'ownerSilent', nowMs: performance.now() }),
      onLimit: (limitMs) => this.#reject(this.#gone(leader, limitMs)),
      onStopped: (error) => this.#reject(error),
    });
  }

  #foundLeader(): void {
    this.#leaderless?.end();
    this.#leaderless = null;
  }

  #take(leastEpoch: number, from: FoundLock | undefined): void {
    const epoch = from === undefined ? leastEpoch : epochAfter(from.text, leastEpoch);
    try {
      if (from !== undefined) {
        const { runFolder } = this.#agent.workers.run!;
        this.#folder = this.#options.takeFolder(runFolder, from, epoch);
      }
    } catch (thrown) {
      this.#agent.options.tell(asLockstepError(thrown).message, true);
    }
    const nowMs = performance.now();
    if (this.#folder === null) this.#agent.decide({ kind: 'refused', nowMs });
    else this.#agent.decide({ kind: 'taken', epoch, nowMs });
  }

  /** A second Ctrl-C ends this host at once, whatever the run does. */
  #onSignal(signal: StopSignal): void {
    this.#stops++;
    if (this.#stops > 1 && signal === 'SIGINT') {
      const message = 'This host was interrupted a second time.';
      this.#reject(new LockstepError('INTERRUPTED', message, 'The other hosts may go on.'));
    }
    if (this.#options.leaves) {
      this.#leaving ??= { signal, sinceMs: performance.now() };
      this.#askToLeave();
    } else setTimeout(() => this.#leader.say({ kind: 'signal', signal }), PASS_ON_MS).unref();
  }

  #askToLeave(): void {
    if (this.#leaving === null || this.#leader.welcome === null) return;
    this.#leader.say({ kind: 'leave', signal: this.#leaving.signal });
  }

  /** Its workers are none of the run's any more when the leader hears that this host is gone. */
  async #leave(): Promise<void> {
    if (this.#leaving === null || this.#isOver) return;
    this.#isOver = true;
    const { workers } = this.#agent;
    workers.listen({ spawned: () => {}, exited: () => {} });
    await workers.end();
    this.#resolve({ kind: 'left', signal: this.#leaving.signal });
  }

  /** One that wants to leave waits for somebody who leads, but not for long. */
  #throwIfStopped(): void {
    if (!this.#options.leaves) this.#agent.options.throwIfStopped();
    else if (this.#leaving !== null && performance.now() - this.#leaving.sinceMs > LEAVE_LIMIT_MS) {
      void this.#leave();
    }
  }

  #nameOf(rank: number): string {
    const known = this.#agent.roster.get(rank);
    return known === undefined ? `host ${rank}` : `${known.host} (pid ${known.pid})`;
  }

  /** What was not saved is computed again: a scheduler may queue the job again. */
  #gone(leader: number, silenceMs: number): LockstepError {
    return new LockstepError(
      'REQUEUED',
      `Lost the host that leads, ${this.#nameOf(leader)}: nothing was heard of it for ${silenceMs} ms.`,
      'Start the run again: it continues from its newest checkpoint.',
    );
  }
}

const errorOf = (sent: { code: string; message: string; advice: string }): LockstepError =>
  errorOfFailure(failure(sent.code, sent.message, sent.advice));
