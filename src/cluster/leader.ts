/**
 * The agent of the host that leads: it gathers the agents of the other hosts, hands them the workers that the
 * coordinator wants started there, and tells it what became of these.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { asLockstepError, LockstepError } from '../core/errors.ts';
import { errorOfFailure, failure as failureFrom } from '../core/failure.ts';
import type { StopSignal } from '../core/stop-signal.ts';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import type { Launch } from '../launch/launching.ts';
import { type ControlServer, openControlServer } from '../protocol/control-socket.ts';
import { Gate } from '../protocol/gate.ts';
import { hostKeys } from '../protocol/host-keys.ts';
import {
  decodeFromMember,
  encodeHostMessage,
  type LeaderMessage,
  type MemberMessage,
  travelling,
} from '../protocol/host-messages.ts';
import { HEARTBEAT_MS, SILENCE_MS, STALL_MS, TICK_MS } from '../protocol/timing.ts';
import type { RunOutcome } from '../telemetry/run-event.ts';
import { isLoopback, ownAddresses } from './address.ts';
import { RemoteSeats, type SeatHost } from './remote-seats.ts';
import type { Meeting } from './rendezvous/host-rendezvous.ts';
import { admission, firstSlots, type Hello, nameHost, type RollEntry } from './roll.ts';

const LOOK_MS = 50;
/** Hosts that are told how the run ended get so long to hear it; one that comes late hears it, too. */
const FAREWELL_MS = 3_000;
/** A host that does not see the run's folder after so long says so, and the run does not begin. */
const READY_MS = 60_000;

export interface LeaderOptions {
  readonly hosts: number;
  /** Workers of this host. */
  readonly workers: number;
  /** What this host was started for. */
  readonly request: string;
  /** All hosts must be there so soon. */
  readonly waitMs: number;
  /** Throws when a stop was asked for. */
  readonly throwIfStopped: () => void;
  readonly tell: (text: string, isWarning?: boolean) => void;
}

/** What the hosts are told when the run begins. */
export type RunForHosts = Omit<Extract<LeaderMessage, { kind: 'run' }>, 'kind' | 'firstSlot'>;

class Member implements SeatHost {
  entry: RollEntry;
  lastHeardMs = performance.now();
  isReady = false;
  firstSlot = 0;
  /** Why it can't start workers. */
  error: LockstepError | null = null;
  readonly #send: (peer: string, message: LeaderMessage) => void;

  constructor(entry: RollEntry, send: (peer: string, message: LeaderMessage) => void) {
    this.entry = entry;
    this.#send = send;
  }

  get name(): string {
    return this.entry.host;
  }

  say(message: LeaderMessage): void {
    if (this.entry.peer !== null) this.#send(this.entry.peer, message);
  }
}

export class HostLeader {
  readonly #options: LeaderOptions;
  readonly #meeting: Extract<Meeting, { role: 'lead' }>;
  readonly #members = new Map<number, Member>();
  readonly #seats = new RemoteSeats();
  readonly #timers: NodeJS.Timeout[] = [];
  #gate: Gate | null = null;
  #server: ControlServer | null = null;
  #address: string | null = null;
  #run: RunForHosts | null = null;
  #farewell: LeaderMessage | null = null;
  #lastTickMs = performance.now();
  #onSignal: (signal: StopSignal) => void = () => {};

  private constructor(meeting: Extract<Meeting, { role: 'lead' }>, options: LeaderOptions) {
    this.#meeting = meeting;
    this.#options = options;
  }

  /** @throws LockstepError PORT_IN_USE */
  static async open(
    meeting: Extract<Meeting, { role: 'lead' }>,
    options: LeaderOptions,
  ): Promise<HostLeader> {
    const leader = new HostLeader(meeting, options);
    try {
      await leader.#listen();
    } catch (thrown) {
      await leader.#close();
      throw thrown;
    }
    return leader;
  }

  /** Of all hosts. Known once all have come. */
  get workers(): number {
    const others = [...this.#members.values()].map(({ entry }) => entry.workers);
    return others.reduce((sum, count) => sum + count, this.#options.workers);
  }

  /** Where the other hosts reach this one. */
  get address(): string {
    return this.#address!;
  }

  /**
   * Waits until all hosts are there.
   * @throws LockstepError TIMEOUT when some are not, USAGE when they reach this host by none of its addresses
   */
  async gather(): Promise<void> {
    const { hosts, waitMs, throwIfStopped, tell } = this.#options;
    const startedMs = performance.now();
    tell(`Waiting for ${hosts - 1} other ${hosts === 2 ? 'host' : 'hosts'}.`);
    while (this.#present().length < hosts - 1) {
      throwIfStopped();
      if (performance.now() - startedMs > waitMs) throw this.#incomplete();
      await sleep(LOOK_MS);
    }
    const ranked = Array.from({ length: hosts - 1 }, (_, at) => this.#members.get(at + 1)!);
    const first = firstSlots([this.#options.workers, ...ranked.map(({ entry }) => entry.workers)]);
    for (const [at, member] of ranked.entries()) member.firstSlot = first[at + 1]!;
    if (this.#address === null) throw notOurs();
  }

  /**
   * Lets all hosts look at the run's folder.
   * @throws LockstepError what keeps one of them from starting workers
   */
  async begin(run: RunForHosts): Promise<void> {
    this.#run = run;
    for (const member of this.#members.values()) this.#tellRun(member);
    const startedMs = performance.now();
    for (;;) {
      const members = [...this.#members.values()];
      const failed = members.find(({ error }) => error !== null);
      if (failed !== undefined) throw failed.error;
      if (members.every(({ isReady }) => isReady)) return;
      this.#options.throwIfStopped();
      const late = members.find(({ isReady }) => !isReady)!;
      if (performance.now() - startedMs > READY_MS) {
        const message = `Cannot start the run: ${nameHost(late.entry)} said nothing for ${READY_MS} ms.`;
        throw new LockstepError('TIMEOUT', message, 'Look whether that host is there.');
      }
      await sleep(LOOK_MS);
    }
  }

  /** Starts workers where their slots are. */
  launch(local: Launch): Launch {
    return (seats, watch) =>
      seats.flatMap((seat) => {
        const member = this.#memberOf(seat.slot);
        if (member === null) {
          const named = { ...watch, onSpawn: this.#named(watch.onSpawn.bind(watch)) };
          return local([seat], { ...named, onExit: watch.onExit.bind(watch) });
        }
        return [this.#seats.launch(member, seat, watch)];
      });
  }

  /** Hears of requests to stop that came to other hosts. */
  onSignal(listener: (signal: StopSignal) => void): void {
    this.#onSignal = listener;
  }

  /** Tells all hosts how the run ended, or why it did not begin, and goes. */
  async end(outcome: RunOutcome | null, error: LockstepError | null): Promise<void> {
    this.#farewell = { kind: 'end', outcome, failure: error === null ? null : travelling(error) };
    for (const member of this.#members.values()) member.say(this.#farewell);
    const startedMs = performance.now();
    const isSettled = () => this.#present().length === 0 && this.#members.size > 0;
    while (!isSettled() && performance.now() - startedMs < FAREWELL_MS) await sleep(LOOK_MS);
    await this.#close();
  }

  async #listen(): Promise<void> {
    const { secret, port } = this.#meeting;
    this.#gate = await Gate.open(hostKeys(secret).leader, (text) => this.#options.tell(text));
    const handlers = {
      onFrame: (peer: string, frame: Uint8Array | null) => this.#onFrame(peer, frame),
      // A host that is gone is noticed by its silence.
      onSendFailure: () => {},
    };
    this.#server = await openControlServer(`tcp://0.0.0.0:${port ?? '*'}`, handlers, this.#gate);
    this.#meeting.announce(Number(this.#server.endpoint.split(':').at(-1)));
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
    this.#timers.push(setInterval(() => this.#heartbeat(), HEARTBEAT_MS));
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#meeting.end();
    this.#server?.close();
    await this.#gate?.close();
  }

  #present(): Member[] {
    return [...this.#members.values()].filter(({ entry }) => entry.peer !== null);
  }

  /** Null for a slot of this host. */
  #memberOf(slot: number): Member | null {
    const found = [...this.#members.values()].find(
      ({ firstSlot, entry }) => slot >= firstSlot && slot < firstSlot + entry.workers,
    );
    return slot < this.#options.workers ? null : (found ?? null);
  }

  #named(onSpawn: (slot: number, pid: number, host?: string) => void) {
    return (slot: number, pid: number) => onSpawn(slot, pid, hostname());
  }

  #send(peer: string, message: LeaderMessage): void {
    this.#server?.send(peer, encodeHostMessage(message));
  }

  #onFrame(peer: string, frame: Uint8Array | null): void {
    let message: MemberMessage;
    try {
      message = decodeFromMember(frame);
    } catch (thrown) {
      this.#send(peer, { kind: 'refused', failure: travelling(asLockstepError(thrown)) });
      return;
    }
    const member = this.#present().find(({ entry }) => entry.peer === peer);
    if (member !== undefined) this.#onMessage(member, message);
    else if (message.kind === 'hello') this.#onHello(peer, message);
    else if (message.kind !== 'heartbeat' || this.#farewell === null) this.#refuse(peer, WAS_LOST);
  }

  #onHello(peer: string, hello: Hello): void {
    if (this.#farewell !== null) {
      this.#send(peer, this.#farewell);
      return;
    }
    const { hosts, request, tell } = this.#options;
    const roll = new Map([...this.#members].map(([rank, { entry }]) => [rank, entry]));
    const policy = { hosts, request, version: LOCKSTEP_VERSION };
    const decision = admission(policy, roll, hello);
    if (decision.kind === 'wait') return;
    if (decision.kind === 'refuse') {
      tell(`Refused ${hello.host} (pid ${hello.pid}): ${decision.why}.`, true);
      this.#refuse(peer, decision.why);
      return;
    }
    const { hostRank } = decision;
    const { host, pid, workers } = hello;
    const entry = { hostRank, peer, host, pid, workers };
    const member =
      this.#members.get(hostRank) ?? new Member(entry, (to, what) => this.#send(to, what));
    Object.assign(member, { entry, lastHeardMs: performance.now(), isReady: false });
    this.#members.set(hostRank, member);
    this.#learnAddress(hello.leaderAddress);
    member.say({ kind: 'welcome', hostRank, hosts, host: hostname(), pid: process.pid });
    const many = `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
    tell(
      `${capital(nameHost(entry))} with ${many} is here: ${this.#present().length + 1} of ${hosts} hosts.`,
    );
    if (this.#run !== null) this.#tellRun(member);
  }

  /** Of several, one that is not the loopback address: that one reaches from everywhere. */
  #learnAddress(seen: string): void {
    if (!ownAddresses().includes(seen)) return;
    if (this.#address === null || isLoopback(this.#address)) this.#address = seen;
  }

  #tellRun(member: Member): void {
    member.say({ kind: 'run', firstSlot: member.firstSlot, ...this.#run! });
  }

  #onMessage(member: Member, message: MemberMessage): void {
    member.lastHeardMs = performance.now();
    switch (message.kind) {
      case 'ready':
        member.isReady = true;
        this.#seats.send(member);
        return;
      case 'cannot': {
        const { code, message: what, advice } = message.failure;
        const why = `${capital(nameHost(member.entry))} can't start workers: ${what}`;
        member.error = errorOfFailure(failureFrom(code, why, advice));
        this.#options.tell(why, true);
        return;
      }
      case 'spawned':
        this.#seats.spawned(member, message.slot, message.attempt, message.pid);
        return;
      case 'exited':
        this.#seats.exited(member, message.slot, message.attempt, plain(message.status));
        return;
      case 'signal':
        this.#onSignal(message.signal);
        return;
      case 'bye':
        this.#lose(member, 'its agent ended');
        return;
      case 'hello':
      case 'heartbeat':
    }
  }

  #refuse(peer: string, why: string): void {
    const error = new LockstepError(
      'PROTOCOL',
      `The leader refused this host: ${why}.`,
      'Start all hosts from one installation, by the same command.',
    );
    this.#send(peer, { kind: 'refused', failure: travelling(error) });
  }

  #heartbeat(): void {
    for (const member of this.#present()) member.say({ kind: 'heartbeat' });
  }

  #tick(): void {
    const nowMs = performance.now();
    const isLate = nowMs - this.#lastTickMs > TICK_MS + STALL_MS;
    this.#lastTickMs = nowMs;
    for (const member of this.#present()) {
      // While this process was stopped their words were not read.
      if (isLate) member.lastHeardMs = nowMs;
      else if (nowMs - member.lastHeardMs > SILENCE_MS) {
        this.#lose(member, `nothing was heard for ${SILENCE_MS} ms`);
      }
    }
  }

  #lose(member: Member, why: string): void {
    member.entry = { ...member.entry, peer: null };
    member.isReady = false;
    if (this.#farewell !== null) return;
    this.#options.tell(`Lost ${nameHost(member.entry)}: ${why}.`, true);
    this.#seats.lost(member, why);
  }

  #incomplete(): LockstepError {
    const { hosts, waitMs } = this.#options;
    const here = this.#present().length + 1;
    return new LockstepError(
      'TIMEOUT',
      `Cannot start the run: ${here} of ${hosts} hosts came within ${waitMs / 1000} s.`,
      'Start the same command on each host, and let them reach this one by TCP.',
    );
  }
}

const WAS_LOST = 'it is none of its hosts, or no longer: it was not heard for too long';

/** Without the keys that are absent. */
const plain = (status: Extract<MemberMessage, { kind: 'exited' }>['status']) => {
  const { code, signal, lastLine, outOfMemory, stateWhenKilled } = status;
  return {
    code,
    signal,
    lastLine,
    stateWhenKilled,
    ...(outOfMemory !== undefined && { outOfMemory }),
  };
};

const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;

function notOurs(): LockstepError {
  return new LockstepError(
    'USAGE',
    'Cannot start the run: the other hosts reach this one by an address that is none of its own.',
    'Let the hosts reach each other without translation of addresses.',
  );
}
