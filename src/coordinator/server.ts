/**
 * The coordinator's process side: sockets, clocks, signals and child processes around the pure machine. It
 * decides nothing: events go into machine.ts, its effects are carried out.
 */
import type { LockstepError } from '../core/errors.ts';
import { failure, failureOfError } from '../core/failure.ts';
import type { WatchSignals } from '../core/stop-signal.ts';
import type { ExitStatus, Launch, LaunchedWorker, LaunchWatch } from '../launch/launching.ts';
import { decodeFromWorker, encode } from '../protocol/codec.ts';
import type { ControlServer } from '../protocol/control-socket.ts';
import { openControlServer } from '../protocol/control-socket.ts';
import { describeRefused, Gate } from '../protocol/gate.ts';
import type { CoordinatorBody, WorkerMessage } from '../protocol/messages.ts';
import { PROTOCOL_VERSION } from '../protocol/messages.ts';
import {
  HANG_MS,
  HEARTBEAT_MS,
  QUIET_MS,
  SHORTEST_HANG_MS,
  SILENCE_MS,
  STALL_MS,
  START_UP_MS,
  TICK_MS,
} from '../protocol/timing.ts';
import {
  placeNamed,
  printableName,
  type WorkerPlace,
  workerName,
} from '../protocol/worker-name.ts';
import type { CoordinatorEvent } from '../telemetry/coordinator-event.ts';
import { DEFAULT_ELASTICITY, type Elasticity } from './elasticity.ts';
import type {
  CoordinatorOutcome,
  MachineEffect,
  MachineEvent,
  MachineState,
  MachineTransition,
  ReportEvent,
} from './machine.ts';
import { initialMachine, isHeard, reduceMachine, reduceReports } from './machine.ts';
import type { ExpectedHashes } from './member.ts';
import type { Rendezvous } from './rendezvous.ts';
import { seatOf } from './rendezvous.ts';
import { ReportQueue } from './report-queue.ts';
import { BACKOFF_MS, HEALTHY_MS } from './restarts.ts';
import type { Journal, Succession } from './succession.ts';
import { isJournalOld, journalOf, successor } from './succession.ts';
import { nameMember } from './wording.ts';

/** Workers that were told to abort must be gone so soon; then they are killed. */
const ABORT_WAIT_MS = 3_000;
/** Workers that are done may take so long to free their device. */
const COMPLETE_WAIT_MS = 15_000;
/** Peers that are told, once each, why they are refused; more are only counted. */
const MOST_REFUSED = 100;

export interface CoordinatorOptions {
  readonly rendezvous: Rendezvous;
  /** What all workers must have; hashes left out must only be equal among them. */
  readonly expected: ExpectedHashes;
  /** Global steps of the whole run, those before a resumed checkpoint included. */
  readonly totalSteps: number;
  readonly launch: Launch;
  readonly onEvent: (event: CoordinatorEvent) => void;
  /** Tells of each request to stop; returns what ends that. */
  readonly watchSignals: WatchSignals;
  /** Tells whether no generation may be formed. */
  readonly watchHolds?: (onHold: (isHeld: boolean) => void) => void;
  /** A run that another coordinator has begun; absent for a new one. */
  readonly takeOver?: TakeOver;
  /** Hears of the endpoint once workers can connect to it. */
  readonly onListening?: (endpoint: string) => void;
  /** Keeps the newest journal for a successor; called after events, before all else that depends on it. */
  readonly onJournal?: (journal: Journal) => void;
  /** @default `DEFAULT_ELASTICITY` */
  readonly elasticity?: Elasticity;
  /** Workers must be ready so soon. @default ten minutes */
  readonly joinMs?: number;
  /** A training step that blocks a main thread for less is never a hang. @default half a minute */
  readonly shortestHangMs?: number;
  /** A worker that took part for so long makes up for the restarts before it. @default ten minutes */
  readonly healthyMs?: number;
  /** A worker that computes for so long without a word is hung. @default fifteen minutes */
  readonly hangMs?: number;
  /** When all workers have waited for so long, a message was lost. @default `QUIET_MS` */
  readonly quietMs?: number;
}

/** What a successor is told beside what the workers tell it. */
export interface TakeOver {
  readonly succession: Succession;
  /** Where the workers look for their coordinator. */
  readonly endpoint: string;
  /** The processes that live, under the coordinator's watch from now on. */
  readonly adopt: (watch: LaunchWatch) => readonly LaunchedWorker[];
}

/**
 * Runs a training run from the start of its workers, or from where a coordinator has left it, to the end of the
 * last one. Resolves with how it ended; rejects only when it can't begin (PORT_IN_USE, or what `launch` throws).
 * The first signal drains the run, a second SIGINT aborts it. On return no worker process and no socket is left.
 */
export async function runCoordinator(options: CoordinatorOptions): Promise<CoordinatorOutcome> {
  const coordinator = new Coordinator(options);
  try {
    return await coordinator.run();
  } finally {
    await coordinator.close();
  }
}

/** What was sent last, which nobody changes: ZeroMQ sends it from where it is. */
interface SentFrame {
  readonly body: CoordinatorBody;
  readonly run: string;
  readonly generation: number;
  readonly frame: Buffer;
}

interface Running {
  readonly attempt: number;
  readonly worker: LaunchedWorker;
}

class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #ended: Promise<CoordinatorOutcome>;
  #end: (outcome: CoordinatorOutcome) => void = () => {};
  /** By slot. */
  readonly #workers = new Map<number, Running>();
  /** Of the process in each slot, since it takes a while to work out. */
  readonly #names = new Map<number, { readonly attempt: number; readonly name: string }>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #refused = new Set<string>();
  #refusedFrames = 0;
  readonly #reports = new ReportQueue((reports) => this.#takeReports(reports));
  #lastFrame: SentFrame | null = null;
  #state: MachineState;
  #gate: Gate | null = null;
  #server: ControlServer | null = null;
  #lastTickMs = performance.now();
  #onWorkerGone: () => void = () => {};
  #unwatchSignals: () => void = () => {};

  constructor(options: CoordinatorOptions) {
    const { expected, totalSteps } = options;
    const { joinMs = START_UP_MS, healthyMs = HEALTHY_MS, hangMs = HANG_MS } = options;
    const policy = {
      ...(options.elasticity ?? DEFAULT_ELASTICITY),
      worldSize: options.rendezvous.spec.worldSize,
      expected,
      totalSteps,
      joinMs,
      silenceMs: SILENCE_MS,
      hangMs,
      shortestHangMs: options.shortestHangMs ?? SHORTEST_HANG_MS,
      quietMs: options.quietMs ?? QUIET_MS,
      backoffMs: BACKOFF_MS,
      healthyMs,
    };
    const nowMs = performance.now();
    const { takeOver } = options;
    this.#options = options;
    this.#state =
      takeOver === undefined
        ? initialMachine(policy, nowMs)
        : successor(policy, takeOver.succession, nowMs);
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async run(): Promise<CoordinatorOutcome> {
    const { rendezvous, takeOver, onListening, watchSignals } = this.#options;
    const { coordinatorAddress, keys } = rendezvous;
    this.#gate = await Gate.open(keys, (text) => this.#tell(text));
    const handlers = {
      onFrame: (peer: string, frame: Uint8Array | null) => this.#onFrame(peer, frame),
      // The peer is gone or reads nothing: its exit or its silence says so too, with a better reason.
      onSendFailure: () => {},
    };
    const address = takeOver?.endpoint ?? coordinatorAddress;
    this.#server = await openControlServer(address, handlers, this.#gate);
    onListening?.(this.#server.endpoint);
    this.#unwatchSignals = watchSignals((signal) => this.#dispatch({ kind: 'signal', signal }));
    this.#options.watchHolds?.((isHeld) => this.#dispatch({ kind: 'hold', isHeld }));
    if (takeOver !== undefined) this.#adopt(takeOver);
    this.#launchMissing(takeOver?.succession);
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
    this.#timers.push(setInterval(() => this.#heartbeat(), HEARTBEAT_MS));
    const outcome = await this.#ended;
    await this.#buryWorkers(outcome.kind === 'aborted' ? ABORT_WAIT_MS : COMPLETE_WAIT_MS);
    this.#tell(describeRefused(this.#gate.counts, this.#refusedFrames));
    return outcome;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#unwatchSignals();
    for (const { worker } of this.#workers.values()) worker.kill('SIGKILL');
    this.#server?.close();
    await this.#gate?.close();
  }

  #launch(processes: readonly WorkerPlace[]): void {
    const { launch, rendezvous } = this.#options;
    const { endpoint } = this.#server!;
    const seats = processes.map((one) => seatOf(rendezvous, endpoint, one));
    this.#watch(processes, launch(seats, this.#watchFor(processes)));
  }

  /** What the workers of a coordinator that died have come to; those that have ended meanwhile are lost now. */
  #adopt({ succession, adopt }: TakeOver): void {
    const { processes } = succession;
    const watch = this.#watchFor(processes);
    this.#watch(processes, adopt(watch));
    for (const { slot, attempt, exit } of processes) {
      if (exit !== null) this.#onExit(slot, attempt, exit);
    }
  }

  /** The first process in each slot where none was ever started. */
  #launchMissing(succession: Succession | undefined): void {
    const started = new Set(succession?.processes.map(({ slot }) => slot));
    const slots = [...Array(this.#options.rendezvous.spec.worldSize).keys()];
    const processes = slots
      .filter((slot) => !started.has(slot))
      .map((slot) => ({ slot, attempt: 0 }));
    if (processes.length > 0) this.#launch(processes);
  }

  #watchFor(processes: readonly WorkerPlace[]): LaunchWatch {
    const attempts = new Map(processes.map(({ slot, attempt }) => [slot, attempt]));
    return {
      onSpawn: (slot, pid, host) =>
        this.#dispatch({ kind: 'spawned', slot, pid, host, nowMs: performance.now() }),
      onExit: (slot, status) => this.#onExit(slot, attempts.get(slot)!, status),
    };
  }

  #watch(processes: readonly WorkerPlace[], workers: readonly LaunchedWorker[]): void {
    const attempts = new Map(processes.map(({ slot, attempt }) => [slot, attempt]));
    for (const worker of workers) {
      this.#workers.set(worker.slot, { attempt: attempts.get(worker.slot)!, worker });
    }
  }

  #onExit(slot: number, attempt: number, status: ExitStatus): void {
    if (this.#workers.get(slot)?.attempt === attempt) this.#workers.delete(slot);
    this.#dispatch({ kind: 'exited', slot, attempt, status, nowMs: performance.now() });
    this.#onWorkerGone();
  }

  /** Waits for the workers to end; kills those that have not after `waitMs`. */
  async #buryWorkers(waitMs: number): Promise<void> {
    const kill = setTimeout(() => {
      for (const { worker } of this.#workers.values()) {
        const member = this.#state.membership.members.at(worker.slot)!;
        this.#tell(`${nameMember(member)} did not end and is killed`);
        worker.kill('SIGKILL');
      }
    }, waitMs);
    // A host that is away starts them when it is back: now no more.
    for (const { worker } of this.#workers.values()) {
      if (this.#state.membership.members.at(worker.slot)!.pid === null) worker.kill('SIGKILL');
    }
    while (this.#workers.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onWorkerGone = resolve;
      });
    }
    clearTimeout(kill);
  }

  #onFrame(peer: string, frame: Uint8Array | null): void {
    // Words that came while this process was stopped are read before its clock ticks.
    if (this.#wasStopped()) this.#tick();
    const sender = this.#senderOf(peer);
    const decoded = decodeFromWorker(frame ?? new Uint8Array(0));
    if (sender === null) {
      this.#refuse(peer, decoded.ok ? decoded.message : decoded.error);
    } else if (!decoded.ok) {
      if (this.#state.membership.members.at(sender.slot)!.hello === null) {
        this.#refuse(peer, decoded.error);
      }
      const error = failureOfError(decoded.error);
      this.#dispatch({ kind: 'nonsense', ...sender, error, nowMs: performance.now() });
    } else if (decoded.message.run !== this.#run) {
      this.#refuse(peer, decoded.message);
    } else {
      const { message } = decoded;
      const heard = { kind: 'message', ...sender, nowMs: performance.now() } as const;
      if (message.kind === 'stepDone') this.#reports.add({ ...heard, message });
      else this.#dispatch({ ...heard, message });
    }
  }

  /** Null for one that is no process of this run, or no longer, or not the one that it says. */
  #senderOf(peer: string): WorkerPlace | null {
    const place = placeNamed(peer);
    if (place === null || !isHeard(this.#state, place.slot, place.attempt)) return null;
    return this.#nameOf(place) === peer ? place : null;
  }

  #nameOf({ slot, attempt }: WorkerPlace): string {
    const known = this.#names.get(slot);
    if (known?.attempt === attempt) return known.name;
    const name = workerName({ slot, attempt }, this.#run, this.#options.rendezvous.keys);
    this.#names.set(slot, { attempt, name });
    return name;
  }

  /** A frame that is not from this run: its sender is told, once. */
  #refuse(peer: string, what: WorkerMessage | LockstepError): void {
    this.#refusedFrames++;
    if (this.#refused.has(peer) || this.#refused.size >= MOST_REFUSED) return;
    this.#refused.add(peer);
    const isMessage = 'kind' in what;
    const why = isMessage ? this.#whyRefused(peer, what) : what.message;
    this.#tell(`refused a peer that calls itself "${printableName(peer)}": ${why}`);
    const run = isMessage ? what.run : this.#run;
    const advice = 'Start all processes from one installation, by one command.';
    const refusal = failure('PROTOCOL', `The coordinator refused this worker: ${why}.`, advice);
    this.#sendTo(peer, { kind: 'abort', ...refusal }, run);
  }

  #whyRefused(peer: string, { run }: WorkerMessage): string {
    if (run !== this.#run) return 'it belongs to another run';
    const place = placeNamed(peer);
    const isImposter = place !== null && isHeard(this.#state, place.slot, place.attempt);
    return isImposter
      ? `it has not the key of worker ${place.slot}`
      : 'it is none of its workers, or no longer';
  }

  #tell(text: string): void {
    if (text !== '') this.#options.onEvent({ kind: 'status', text });
  }

  #tick(): void {
    const nowMs = performance.now();
    const kind = this.#wasStopped() ? 'stalled' : 'tick';
    this.#lastTickMs = nowMs;
    this.#dispatch({ kind, nowMs });
  }

  #wasStopped(): boolean {
    return performance.now() - this.#lastTickMs > TICK_MS + STALL_MS;
  }

  #dispatch(event: MachineEvent): void {
    this.#reports.flush();
    this.#carryOut(reduceMachine(this.#state, event));
  }

  #takeReports(reports: readonly ReportEvent[]): void {
    const together = reduceReports(this.#state, reports);
    if (together !== null) this.#carryOut(together);
    else for (const report of reports) this.#carryOut(reduceMachine(this.#state, report));
  }

  #carryOut({ state, effects }: MachineTransition): void {
    const { onJournal } = this.#options;
    const before = this.#state;
    this.#state = state;
    const isEvent = ({ kind }: MachineEffect) => kind === 'event';
    // Events come before the journal that has them: a successor finds in the metrics what the journal lacks.
    for (const effect of effects.filter(isEvent)) this.#apply(effect);
    if (onJournal !== undefined && isJournalOld(before, state)) onJournal(journalOf(state));
    for (const effect of effects.filter((other) => !isEvent(other))) this.#apply(effect);
  }

  #apply(effect: MachineEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.slot, effect.body);
        return;
      case 'launch':
        this.#launch([effect]);
        return;
      case 'kill':
        this.#workers.get(effect.slot)?.worker.kill('SIGKILL');
        return;
      case 'event':
        this.#options.onEvent(effect.event);
        return;
      case 'end':
        this.#end(effect.outcome);
    }
  }

  #heartbeat(): void {
    const body = { kind: 'heartbeat' } as const;
    for (const [slot, { atMs }] of this.#state.membership.heard.toArray().entries()) {
      if (atMs !== null) this.#send(slot, body);
    }
  }

  #send(slot: number, body: CoordinatorBody): void {
    const { attempt } = this.#state.membership.members.at(slot)!;
    this.#sendTo(this.#nameOf({ slot, attempt }), body, this.#run);
  }

  get #run(): string {
    return this.#options.rendezvous.spec.run;
  }

  #sendTo(peer: string, body: CoordinatorBody, run: string): void {
    this.#server?.send(peer, this.#frameOf(body, run));
  }

  /** A lease goes to all workers, as heartbeats do: it is encoded once. */
  #frameOf(body: CoordinatorBody, run: string): Buffer {
    const { generation } = this.#state.membership;
    const last = this.#lastFrame;
    const isSame = last?.body === body && last.run === run && last.generation === generation;
    if (isSame) return last.frame;
    const frame = encode({ ...body, protocol: PROTOCOL_VERSION, run, generation });
    this.#lastFrame = { body, run, generation, frame };
    return frame;
  }
}
