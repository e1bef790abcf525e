/**
 * What the agent of the host that leads does: it gathers the agents of the other hosts, hands all hosts the workers that
 * the coordinator wants started there, and tells it what became of these.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal, SlotProcess } from '../coordinator/succession.ts';
import type { RunControl, TakeOverFromHost } from '../coordinator/supervisor/supervisor.ts';
import { LockstepError } from '../core/errors.ts';
import { errorOfFailure, failure as failureFrom } from '../core/failure.ts';
import { capital, formatBytes } from '../core/format.ts';
import { codeOfSignal, type StopSignal } from '../core/stop-signal.ts';
import type { Launch } from '../launch/launching.ts';
import { tcpEndpoint } from '../protocol/endpoint.ts';
import { type PublicKeys, publicKeysOf } from '../protocol/host-keys.ts';
import type { LeaderMessage, MemberMessage } from '../protocol/host-messages.ts';
import { travelling } from '../protocol/host-messages.ts';
import type { PieceServer } from '../protocol/piece-channel.ts';
import { SILENCE_MS } from '../protocol/timing.ts';
import type { RunOutcome } from '../telemetry/run-event.ts';
import { type AgentEffect, leadingAgent } from './agent-machine.ts';
import { Announcements, type RunForHosts } from './announcements.ts';
import { type OfferedFile, offerFiles } from './copy/offer.ts';
import { LOOK_MS, untilAllAreReady, untilAllCame, untilBack } from './gather-hosts.ts';
import { handOver, type LedFolder } from './hand-over.ts';
import type { AgentRoleHandler, HostAgent } from './host-agent.ts';
import { HostBook, type Member } from './host-book.ts';
import { departure, type LeaveSituation, workersByHost } from './leaves.ts';
import { Leaving } from './leaving.ts';
import { letIn } from './let-in.ts';
import { lostProcesses } from './lost-processes.ts';
import { type Hello, nameHost } from './roll.ts';
import { Seats } from './seats.ts';

/** Hosts that are told how the run ended get so long to hear it; one that comes late hears it, too. */
const FAREWELL_MS = 3_000;
/** After a takeover the hosts that have voted come at once. */
const VOTERS_MS = 1_500;

export class HostLeader implements AgentRoleHandler {
  readonly #agent: HostAgent;
  readonly #book: HostBook;
  readonly #tell: Announcements;
  readonly #seats = new Seats();
  #run: RunForHosts | null = null;
  /** What runs on hosts that come, while a takeover asks. */
  #reported: SlotProcess[] | null = null;
  #farewell: LeaderMessage | null = null;
  #control: RunControl | null = null;
  #isHeld = false;
  /** A stop that another host was asked for before the run began. */
  #earlySignal: StopSignal | null = null;
  #onSignal = (signal: StopSignal): void => {
    this.#earlySignal ??= signal;
  };
  #isGathered = false;
  /** That of the coordinator of this host. */
  #journal: Journal | null = null;
  #folder: LedFolder | null = null;
  readonly #leaving = new Leaving({
    situation: () => this.#situation,
    letGo: (host) => this.#book.at(host)?.say({ kind: 'leave' }),
    prepare: (host) => this.#book.at(host)?.say({ kind: 'prepare' }),
    handOver: (next, signal) => this.#leave(next, signal),
    stop: (signal) => this.#onSignal(signal),
  });
  /** The host that is ready to lead next. */
  #prepared: number | null = null;
  #hasLeft = false;

  constructor(agent: HostAgent) {
    this.#agent = agent;
    this.#book = new HostBook(agent);
    this.#tell = new Announcements(agent, this.#book);
    agent.take(this);
    agent.workers.listen({
      spawned: (slot, attempt, pid) => this.#seats.spawned(agent.workers, slot, attempt, pid),
      exited: (slot, attempt, status) => this.#seats.exited(agent.workers, slot, attempt, status),
    });
  }

  /** The first leader of a run: host 0. */
  static first(agent: HostAgent): HostLeader {
    const view = { epoch: 1, version: 0, leader: 0, hosts: [0] };
    agent.begin(leadingAgent(0, view, performance.now()), randomBytes(16).toString('hex'));
    return new HostLeader(agent);
  }

  /** One that has taken the run over: it knows the hosts that were there. */
  static successor(agent: HostAgent): HostLeader {
    const leader = new HostLeader(agent);
    leader.#book.inherit();
    leader.#isGathered = true;
    leader.#run = { ...agent.workers.run!, resume: true };
    return leader;
  }

  /** Of all hosts. Known once all have come. */
  get workers(): number {
    return this.#book.workers;
  }

  /** Where the other hosts reach this one. */
  get address(): string {
    return this.#book.address!;
  }

  /** Private to this process, with the coordinator's keys. */
  get keyFolder(): string {
    return this.#agent.workers.keyFolder;
  }

  /**
   * Waits until all hosts are there.
   * @throws LockstepError TIMEOUT when some are not, USAGE when they reach this host by none of its addresses
   */
  async gather(): Promise<void> {
    const { options } = this.#agent;
    const { hosts } = options;
    options.tell(`Waiting for ${hosts - 1} other ${hosts === 2 ? 'host' : 'hosts'}.`);
    await untilAllCame(this.#book, options);
    this.#isGathered = true;
    this.#book.placeAll();
    this.#tell.roster();
  }

  /**
   * Lets all hosts look at the run's folder, and makes ready to start workers here.
   * @throws LockstepError what keeps one of them from starting workers
   */
  async begin(start: Omit<RunForHosts, keyof PublicKeys>, launch: Launch): Promise<void> {
    const { workers: own, secret, options } = this.#agent;
    const keys = publicKeysOf(secret, start.run, start.worldSize);
    const run = { ...start, ...keys, workerKeys: [...keys.workerKeys] };
    this.#run = run;
    own.prepare(
      { ...run, firstSlot: 0 },
      {
        launch,
        address: this.address,
        workers: options.workers,
        secret,
        leaves: options.leaves === true,
      },
    );
    for (const member of this.#book.all) this.#tell.run(member, run);
    await untilAllAreReady(this.#book, () => {
      options.throwIfStopped();
      this.#throwIfStoppedElsewhere();
    });
  }

  /** Gives files of this host to those that don't see its disk, until it is closed. @throws LockstepError PORT_IN_USE */
  async offer(run: string, files: readonly OfferedFile[]): Promise<PieceServer> {
    const { secret, options } = this.#agent;
    return await offerFiles(secret, run, files, (refused) =>
      options.tell(`${capital(refused)}.`, true),
    );
  }

  /**
   * What is left of the run, once the hosts that have voted are there.
   * @param lock what the file that locks the run's folder holds now
   * @param lostAt when the last word of the leader before came, as Date.now() says
   * @param left rank of that leader where it has left; null where it was lost
   */
  async inherit(
    lock: string,
    journal: Journal | null,
    { lostAt, loss, left }: { lostAt: number; loss: string; left: number | null },
  ): Promise<TakeOverFromHost> {
    const { workers: own, rank, view } = this.#agent;
    this.#run = { ...this.#run!, lock };
    own.learn({ ...own.run!, lock });
    const reported = own.running.map((one) => ({ ...one, host: own.name, exit: null }));
    this.#reported = reported;
    const voters = view.hosts.filter((host) => host !== rank);
    await untilBack(this.#book, voters, VOTERS_MS);
    this.#reported = null;
    const lost = lostProcesses(reported, this.#run.worldSize, journal, (slot) => {
      const host = this.#book.hostOf(slot);
      return { name: host.name, hasLeft: left !== null && host === this.#book.at(left) };
    });
    return {
      ...{ epoch: view.epoch, journal, lostAt, loss },
      endpoint: tcpEndpoint(this.address, '*'),
      processes: [...reported, ...lost],
      adopt: ({ slot, attempt }, watch) => {
        return this.#seats.adopt(this.#book.hostOf(slot), slot, attempt, watch);
      },
    };
  }

  /** Starts workers where their slots are. */
  get launch(): Launch {
    return (seats, watch) =>
      seats.map((seat) => this.#seats.launch(this.#book.hostOf(seat.slot), seat, watch));
  }

  /** Workers of all hosts reach the coordinator there. */
  onListening(endpoint: string): void {
    this.#tell.coordinator(endpoint);
  }

  onJournal(journal: Journal): void {
    this.#journal = journal;
    this.#tell.newJournal(journal);
  }

  /** What holds the run while this host may be cut off. */
  controls(control: RunControl): void {
    this.#control = control;
    if (this.#isHeld) control.hold(true);
  }

  /** What looks whether another host has taken the run's folder, and ends this run then. */
  watchFolder(folder: LedFolder): void {
    this.#folder = folder;
    const tell = () => this.#agent.decide({ kind: 'deposed', nowMs: performance.now() });
    folder.lost.addEventListener('abort', tell, { once: true });
  }

  /** Hears of requests to stop that came to other hosts, and of those to leave when the run is to end instead. */
  onSignal(listener: (signal: StopSignal) => void): void {
    this.#onSignal = listener;
    if (this.#earlySignal !== null) listener(this.#earlySignal);
  }

  /** This host was asked to stop, and wants to leave the run to the others. */
  leave(signal: StopSignal): void {
    this.#leaving.ask(this.#agent.rank, signal);
  }

  /** Whether another host goes on with the run. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Tells all hosts how the run ended, or why it did not begin. */
  async end(outcome: RunOutcome | null, error: LockstepError | null): Promise<void> {
    this.#farewell = { kind: 'end', outcome, failure: error === null ? null : travelling(error) };
    for (const member of this.#book.all) member.say(this.#farewell);
    const startedMs = performance.now();
    const isSettled = () => this.#book.present.length === 0 && this.#book.all.length > 0;
    while (!isSettled() && performance.now() - startedMs < FAREWELL_MS) await sleep(LOOK_MS);
  }

  apply(effect: Exclude<AgentEffect, { kind: 'send' }>): void {
    switch (effect.kind) {
      case 'announce':
        // Before the run nobody has a say yet; with the run all hear of the view.
        if (this.#run !== null) this.#tell.view();
        return;
      case 'hold':
        // Where nobody else sees the run's folder, nobody else goes on with the run.
        if (this.#agent.options.ownDisks) return;
        this.#isHeld = effect.isHeld;
        this.#control?.hold(effect.isHeld);
        if (effect.isHeld) this.#agent.options.tell(HELD, true);
        return;
      case 'lost': {
        const member = this.#book.at(effect.host);
        if (member !== undefined) this.#lose(member, `nothing was heard for ${SILENCE_MS} ms`);
        return;
      }
      case 'stepDown':
        // The folder tells that it is another host's; that ends the run here.
        void this.#folder?.check();
        return;
      default:
    }
  }

  heartbeat(): void {
    if (this.#agent.state?.role.kind === 'resigned') return;
    this.#tell.heartbeat();
    this.#leaving.decide();
  }

  woke(): void {
    void this.#folder?.check();
  }

  onLeader(): void {
    // Another agent that this one has asked, before it led.
  }

  onMember(peer: string, message: MemberMessage): void {
    const member = this.#book.of(peer);
    if (message.kind === 'hello') this.#onHello(peer, message, member);
    else if (member !== undefined) this.#onMessage(member, message);
    else if (message.kind !== 'bye') this.#agent.links.answer(peer, this.#farewell ?? INTRODUCE);
  }

  onUnheard(peer: string): void {
    const member = this.#book.of(peer);
    if (member !== undefined) member.hasMissed = true;
  }

  onReconnected(): void {
    // This host leads: it has nothing to ask anybody.
  }

  #onHello(peer: string, hello: Hello, known: Member | undefined): void {
    if (this.#farewell !== null) {
      this.#agent.links.answer(peer, this.#farewell);
      return;
    }
    if (known !== undefined) {
      this.#heard(known);
      this.#tellAgain(known, hello);
      return;
    }
    const member = letIn(this.#agent, this.#book, peer, hello);
    if (member === null) return;
    const { hostRank: host } = member.entry;
    this.#agent.decide({ kind: 'came', host, nowMs: performance.now() });
    this.#tell.welcome(member);
    this.#tell.rosterChanged();
    this.#takeIn(member, hello);
    const { hosts, tell } = this.#agent.options;
    const { workers } = hello;
    const many = `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
    const count = this.#book.present.length + 1;
    tell(`${capital(nameHost(member.entry))} with ${many} is here: ${count} of ${hosts} hosts.`);
    if (this.#run !== null) this.#tell.run(member, this.#run);
  }

  /** It did not hear the answer, or for a while did not hear this host. */
  #tellAgain(member: Member, hello: Hello): void {
    member.hasMissed = false;
    if (this.#run === null) {
      this.#tell.welcome(member);
      return;
    }
    this.#tell.run(member, this.#run);
    if (this.#reported !== null) return;
    this.#takeIn(member, hello);
    this.#seats.sendAgain(member, hello.running);
  }

  /** Its workers go on, or are none of the run any more. */
  #takeIn(member: Member, { running }: Hello): void {
    const { name } = member;
    if (this.#reported !== null) {
      this.#reported.push(...running.map((one) => ({ ...one, host: name, exit: null })));
      return;
    }
    for (const { slot, attempt } of running) {
      if (this.#seats.has(member, slot, attempt)) continue;
      member.say({ kind: 'kill', slot, attempt, signal: 'SIGKILL' });
    }
  }

  #heard(member: Member, version?: number): void {
    const { hostRank: from } = member.entry;
    this.#agent.decide({ kind: 'heard', from, version, nowMs: performance.now() });
  }

  #onMessage(member: Member, message: MemberMessage): void {
    if (member.hasMissed) member.say(INTRODUCE);
    if (message.kind === 'heartbeat') {
      const { epoch, version } = this.#agent.view;
      const isOfThis = message.epoch === epoch;
      this.#heard(member, isOfThis ? message.version : undefined);
      if (isOfThis && message.version < version && member.isReady) this.#tell.viewAgain(member);
      return;
    }
    this.#heard(member);
    switch (message.kind) {
      case 'ready':
        member.isReady = true;
        this.#seats.send(member);
        return;
      case 'cannot': {
        const { code, message: what, advice } = message.failure;
        const why = `${capital(nameHost(member.entry))} can't start workers: ${what}`;
        member.error = errorOfFailure(failureFrom(code, why, advice));
        this.#agent.options.tell(why, true);
        return;
      }
      case 'fetching':
        this.#onFetching(member, message);
        return;
      case 'spawned':
        this.#seats.spawned(member, message.slot, message.attempt, message.pid);
        return;
      case 'exited':
        this.#seats.exited(member, message.slot, message.attempt, plainStatus(message.status));
        return;
      case 'signal':
        this.#onSignal(message.signal);
        return;
      case 'prepared':
        this.#prepared = member.entry.hostRank;
        this.#leaving.decide();
        return;
      case 'leave':
        // Before the run has begun the others wait for another one.
        if (this.#isGathered) this.#leaving.ask(member.entry.hostRank, message.signal);
        else member.say({ kind: 'leave' });
        return;
      case 'bye': {
        const { hostRank: host } = member.entry;
        this.#lose(member, 'its agent ended');
        this.#agent.decide({ kind: 'went', host, nowMs: performance.now() });
      }
    }
  }

  #onFetching(member: Member, { totalBytes }: Extract<MemberMessage, { kind: 'fetching' }>): void {
    member.preparedAtMs = performance.now();
    if (member.isFetching || totalBytes === 0) return;
    member.isFetching = true;
    const who = capital(nameHost(member.entry));
    this.#agent.options.tell(`${who} fetches ${formatBytes(totalBytes)} from this host.`);
  }

  #throwIfStoppedElsewhere(): void {
    const signal = this.#earlySignal;
    if (signal === null) return;
    const text = `${signal} came to another host before the first step.`;
    throw new LockstepError(codeOfSignal(signal), text, 'Nothing was lost.');
  }

  #lose(member: Member, why: string): void {
    if (member.entry.peer === null) return;
    member.entry = { ...member.entry, peer: null };
    member.isReady = false;
    const { hostRank } = member.entry;
    const signal = this.#leaving.signalOf(hostRank);
    this.#leaving.gone(hostRank);
    if (this.#prepared === hostRank) this.#prepared = null;
    if (this.#farewell !== null) return;
    const name = nameHost(member.entry);
    if (signal === undefined) {
      this.#agent.options.tell(`Lost ${name}: ${why}.`, true);
      this.#seats.lost(member, { hostLost: why });
    } else {
      this.#agent.options.tell(`${capital(name)} left after ${signal}; the others go on.`);
      this.#seats.lost(member, { hostLeft: true });
    }
  }

  get #situation(): LeaveSituation {
    const { coordinatorWaitMs = 0, minWorkers = 1, copy = null } = this.#run ?? {};
    return {
      ...{ leader: this.#agent.rank, workers: this.#takingPart(), minWorkers },
      // Without the leader's disk nobody can go on.
      ...{ mayHandOver: coordinatorWaitMs > 0 && copy === null, prepared: this.#prepared },
    };
  }

  /** Workers by host; null while not all of them have the run's state, or while others may go on without this host. */
  #takingPart(): ReadonlyMap<number, number> | null {
    if (this.#journal?.isRunning !== true || this.#isHeld) return null;
    return workersByHost(this.#journal.ranks, (slot) => this.#rankOf(slot));
  }

  /** The host of a slot; null while its agent is away. */
  #rankOf(slot: number): number | null {
    const host = this.#book.hostOf(slot);
    const member = this.#book.all.find((one) => one === host);
    if (member === undefined) return this.#agent.rank;
    return member.isHere ? member.entry.hostRank : null;
  }

  #leave(next: number, signal: StopSignal): void {
    this.#control!.leave(async () => {
      this.#hasLeft = true;
      await handOver(this.#agent, this.#folder!, this.#book.at(next)!.entry);
      return departure(signal);
    });
  }
}

const INTRODUCE: LeaderMessage = { kind: 'introduce' };
const HELD =
  'This host hears too few of the others: the run waits, since they may go on with it without this one.';

/** Without the keys that are absent. */
const plainStatus = (status: Extract<MemberMessage, { kind: 'exited' }>['status']) => {
  const { code, signal, lastLine, outOfMemory, stateWhenKilled } = status;
  return {
    code,
    signal,
    lastLine,
    stateWhenKilled,
    ...(outOfMemory !== undefined && { outOfMemory }),
  };
};
