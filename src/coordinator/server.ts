/**
 * The coordinator's process side: sockets, clocks, signals and child processes around the two pure
 * reducers. It decides nothing: events go into membership.ts and progress.ts, their effects are carried out.
 */
import { EXIT, type LockstepError } from '../core/errors.ts';
import type { Failure } from '../core/failure.ts';
import { errorOfFailure, failure } from '../core/failure.ts';
import type { StopSignal } from '../core/stop-signal.ts';
import { exitCodeOfSignal, STOP_SIGNALS } from '../core/stop-signal.ts';
import { decodeFromWorker, encode } from '../protocol/codec.ts';
import type { ControlServer } from '../protocol/control-socket.ts';
import { openControlServer } from '../protocol/control-socket.ts';
import { describeRefused, Gate } from '../protocol/gate.ts';
import type { CoordinatorBody, WorkerMessage } from '../protocol/messages.ts';
import { PROTOCOL_VERSION } from '../protocol/messages.ts';
import { HEARTBEAT_MS, SILENCE_MS, STALL_MS, TICK_MS } from '../protocol/timing.ts';
import type { RunEvent } from '../telemetry/run-event.ts';
import type { Launch, LaunchedWorker } from './launching.ts';
import type { MeetingKind, MeetingPoint } from './meeting-point.ts';
import { openMeetingPoint, seatsOf } from './meeting-point.ts';
import type { ExitStatus, ExpectedHashes } from './member.ts';
import type { MembershipEffect, MembershipEvent, MembershipState } from './membership.ts';
import { initialMembership, reduceMembership } from './membership.ts';
import type { ProgressEffect, ProgressEvent, ProgressState } from './progress.ts';
import { initialProgress, reduceProgress } from './progress.ts';

/** Workers that were told to abort must be gone so soon; then they are killed. */
const ABORT_WAIT_MS = 3_000;
/** Workers that are done may take so long to free their device. */
const COMPLETE_WAIT_MS = 15_000;
/** Peers that are told, once each, why they are refused; more are only counted. */
const MOST_REFUSED = 100;
/** Loading TensorFlow with CUDA and the data takes a minute at worst. */
const JOIN_MS = 10 * 60_000;

export interface CoordinatorOptions {
  readonly runId: string;
  readonly worldSize: number;
  readonly meeting: MeetingKind;
  /** What all workers must have; hashes left out must only be equal among them. */
  readonly expected: ExpectedHashes;
  /** Global steps of the whole run, those before a resumed checkpoint included. */
  readonly totalSteps: number;
  readonly launch: Launch;
  readonly onEvent: (event: RunEvent) => void;
  /** Workers must be ready so soon. @default ten minutes */
  readonly joinMs?: number;
}

export interface RunOutcome {
  /** `drained`: a signal ended the run early, at a step boundary, with everything saved. */
  readonly kind: 'completed' | 'drained' | 'aborted';
  readonly exitCode: number;
  /** One sentence. */
  readonly reason: string;
  /** Steps that every rank has applied; of an aborted run, those that the coordinator knows of. */
  readonly step: number;
  /** Hash of weights, statistics and optimizer on which all ranks agree; null for an aborted run. */
  readonly stateHash: string | null;
  /** Why it was aborted. */
  readonly error: LockstepError | null;
}

/**
 * Runs a training run from the start of its workers to the end of the last one. Resolves with how it ended;
 * rejects only when it can't begin (USAGE, INSECURE, PORT_IN_USE, or what `launch` throws). Handles SIGINT, SIGTERM,
 * SIGHUP and SIGUSR1 meanwhile: the first drains the run, a second SIGINT aborts it. On return no worker
 * process and no socket is left.
 */
export async function runCoordinator(options: CoordinatorOptions): Promise<RunOutcome> {
  const { runId, meeting, worldSize } = options;
  const point = openMeetingPoint(runId, meeting, worldSize);
  const coordinator = new Coordinator(options, point);
  try {
    return await coordinator.run();
  } finally {
    coordinator.close();
    point.dissolve();
  }
}

class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #point: MeetingPoint;
  readonly #ended: Promise<RunOutcome>;
  #end: (outcome: RunOutcome) => void = () => {};
  readonly #workers = new Map<number, LaunchedWorker>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #refused = new Set<string>();
  #refusedFrames = 0;
  /** Slots whose worker sent garbage and is being killed for it. */
  readonly #misbehaved = new Set<number>();
  #membership: MembershipState;
  #progress: ProgressState;
  #gate: Gate | null = null;
  #server: ControlServer | null = null;
  #stopSignal: StopSignal | null = null;
  #lastTickMs = performance.now();
  #onWorkerGone: () => void = () => {};

  constructor(options: CoordinatorOptions, point: MeetingPoint) {
    const { worldSize, expected, totalSteps, joinMs = JOIN_MS } = options;
    const policy = { worldSize, expected, silenceMs: SILENCE_MS, joinMs };
    this.#options = options;
    this.#point = point;
    this.#membership = initialMembership(policy, performance.now());
    this.#progress = initialProgress(totalSteps);
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async run(): Promise<RunOutcome> {
    const { coordinatorAddress, keys } = this.#point;
    this.#gate = await Gate.open(keys, (text) => this.#tell(text));
    const handlers = {
      onFrame: (peer: string, frame: Uint8Array | null) => this.#onFrame(peer, frame),
      // The peer is gone or reads nothing: its exit or its silence says so too, with a better reason.
      onSendFailure: () => {},
    };
    this.#server = await openControlServer(coordinatorAddress, handlers, this.#gate);
    for (const signal of STOP_SIGNALS) process.on(signal, this.#onSignal);
    this.#startWorkers(this.#server.endpoint);
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
    this.#timers.push(setInterval(() => this.#broadcast({ kind: 'heartbeat' }), HEARTBEAT_MS));
    const outcome = await this.#ended;
    await this.#buryWorkers(outcome.kind === 'aborted' ? ABORT_WAIT_MS : COMPLETE_WAIT_MS);
    this.#tell(describeRefused(this.#gate.counts, this.#refusedFrames));
    return outcome;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const signal of STOP_SIGNALS) process.off(signal, this.#onSignal);
    for (const worker of this.#workers.values()) worker.kill('SIGKILL');
    this.#server?.close();
    this.#gate?.close();
  }

  #startWorkers(endpoint: string): void {
    const seats = seatsOf(this.#point, endpoint, this.#options.worldSize);
    const workers = this.#options.launch(seats, (slot, status) => this.#onExit(slot, status));
    for (const worker of workers) {
      this.#workers.set(worker.slot, worker);
      this.#membershipEvent({ kind: 'spawned', slot: worker.slot, pid: worker.pid });
    }
  }

  #onExit(slot: number, status: ExitStatus): void {
    this.#workers.delete(slot);
    this.#misbehaved.delete(slot);
    this.#membershipEvent({ kind: 'exited', slot, status });
    this.#onWorkerGone();
  }

  /** Waits for the workers to end; kills those that have not after `waitMs`. */
  async #buryWorkers(waitMs: number): Promise<void> {
    const kill = setTimeout(() => {
      for (const worker of this.#workers.values()) {
        this.#tell(`rank ${worker.slot} (pid ${worker.pid}) did not end and is killed`);
        worker.kill('SIGKILL');
      }
    }, waitMs);
    while (this.#workers.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onWorkerGone = resolve;
      });
    }
    clearTimeout(kill);
  }

  #onFrame(peer: string, frame: Uint8Array | null): void {
    const slot = this.#slotOf(peer);
    if (slot !== null && this.#misbehaved.has(slot)) {
      this.#refusedFrames++;
      return;
    }
    const decoded = decodeFromWorker(frame ?? new Uint8Array(0));
    if (slot === null || !decoded.ok || decoded.message.run !== this.#point.run) {
      this.#refuse(peer, slot, decoded.ok ? decoded.message : decoded.error);
      return;
    }
    const { message } = decoded;
    // 0: said before a rank was assigned.
    if (message.generation !== 0 && message.generation !== this.#membership.generation) return;
    this.#onMessage(slot, message);
  }

  #slotOf(peer: string): number | null {
    const slot = Number(/^worker-(\d{1,5})$/.exec(peer)?.[1] ?? Number.NaN);
    return slot < this.#options.worldSize ? slot : null;
  }

  /** A frame that is not from this run: costs a member its place, a stranger gets a word. */
  #refuse(peer: string, slot: number | null, what: WorkerMessage | LockstepError): void {
    this.#refusedFrames++;
    const why = 'kind' in what ? 'it belongs to another run' : what.message;
    if (slot !== null && this.#membership.members[slot]?.hello !== null && !('kind' in what)) {
      this.#onMisbehaviour(slot, why);
      return;
    }
    if (this.#refused.has(peer) || this.#refused.size >= MOST_REFUSED) return;
    this.#refused.add(peer);
    this.#tell(`refused a peer that calls itself "${peer.replace(/[^\w-]/g, '?')}": ${why}`);
    const run = 'kind' in what ? what.run : this.#point.run;
    const advice = 'Start all processes from one installation, by one command.';
    const refusal = failure('PROTOCOL', `The coordinator refused this worker: ${why}.`, advice);
    this.#sendTo(peer, { kind: 'abort', ...refusal }, run);
  }

  /** The worker is lost: nothing more is heard of it, and its process is ended. */
  #onMisbehaviour(slot: number, why: string): void {
    this.#misbehaved.add(slot);
    this.#membershipEvent({ kind: 'misbehaved', slot, why });
    this.#workers.get(slot)?.kill('SIGKILL');
  }

  #onMessage(slot: number, message: WorkerMessage): void {
    if (message.kind === 'hello' && message.slot !== slot) {
      this.#onMisbehaviour(slot, `It says that it is in slot ${message.slot}.`);
      return;
    }
    if (message.kind === 'finished' && this.#membership.phase === 'running') {
      this.#progressEvent({ kind: 'finished', rank: slot, step: message.step });
    }
    this.#membershipEvent({ kind: 'message', slot, message, nowMs: performance.now() });
    if (this.#membership.phase === 'ended') return;
    if (message.kind === 'stepDone') this.#progressEvent({ ...message, rank: slot });
    if (message.kind === 'signalled') this.#requestStop(message.signal, `rank ${slot} got `);
    if (message.kind === 'event') {
      const { step, payload } = message;
      this.#options.onEvent({ kind: 'event', rank: slot, step, payload });
    }
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const again = this.#stopSignal !== null;
    if (again && signal === 'SIGINT') {
      const text = 'The run was interrupted a second time, so it stopped at once.';
      const reason = failure('INTERRUPTED', text, 'Resume from the last checkpoint.');
      this.#membershipEvent({ kind: 'abort', failure: reason });
      return;
    }
    this.#requestStop(signal as StopSignal, '');
  };

  /** Once for all: the first signal decides, whoever got it. */
  #requestStop(signal: StopSignal, prefix: string): void {
    if (this.#stopSignal !== null) return;
    this.#stopSignal = signal;
    if (this.#membership.phase === 'running') {
      this.#progressEvent({ kind: 'drain', cause: `${prefix}${signal}` });
      return;
    }
    const code = signal === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED';
    const text = `${prefix}${signal} came before the first step.`;
    this.#membershipEvent({ kind: 'abort', failure: failure(code, text, 'Nothing was lost.') });
  }

  #tick(): void {
    const nowMs = performance.now();
    const isLate = nowMs - this.#lastTickMs > TICK_MS + STALL_MS;
    this.#lastTickMs = nowMs;
    this.#membershipEvent({ kind: isLate ? 'stalled' : 'tick', nowMs });
  }

  #membershipEvent(event: MembershipEvent): void {
    const { state, effects, reason } = reduceMembership(this.#membership, event);
    this.#membership = state;
    this.#tell(reason);
    for (const effect of effects) this.#applyMembership(effect);
  }

  #applyMembership(effect: MembershipEffect): void {
    if (effect.kind === 'send') this.#send(effect.slot, effect.body);
    if (effect.kind === 'abort') this.#end(this.#aborted(effect.failure));
    if (effect.kind === 'complete') this.#end(this.#finished(effect));
    if (effect.kind === 'start') {
      const { worldSize } = this.#options;
      this.#progressEvent({ kind: 'start', worldSize, step: effect.step });
    }
  }

  #progressEvent(event: ProgressEvent): void {
    const { state, effects, reason } = reduceProgress(this.#progress, event);
    this.#progress = state;
    this.#tell(reason);
    for (const effect of effects) this.#applyProgress(effect);
  }

  #applyProgress(effect: ProgressEffect): void {
    if (effect.kind === 'broadcast') this.#broadcast(effect.body);
    if (effect.kind === 'step') this.#options.onEvent({ kind: 'step', ...effect.summary });
    if (effect.kind === 'abort') this.#membershipEvent({ kind: 'abort', failure: effect.failure });
  }

  #aborted(reason: Failure): RunOutcome {
    const error = errorOfFailure(reason);
    const bySignal = error.code === 'INTERRUPTED' || error.code === 'TERMINATED';
    const signal = bySignal ? this.#stopSignal : null;
    const exitCode = signal === null ? error.exitCode : exitCodeOfSignal(signal);
    const step = Math.min(...this.#membership.members.map((member) => member.step));
    return { kind: 'aborted', exitCode, reason: error.message, step, stateHash: null, error };
  }

  #finished({ step, stateHash }: { step: number; stateHash: string }): RunOutcome {
    const common = { step, stateHash, error: null };
    // A signal that came during the last steps ended nothing early.
    if (step === this.#options.totalSteps || this.#stopSignal === null) {
      const reason = `All ${step} steps are done.`;
      return { kind: 'completed', exitCode: EXIT.done, reason, ...common };
    }
    const reason = `${this.#stopSignal}: saved after ${step} of ${this.#options.totalSteps} steps.`;
    return { kind: 'drained', exitCode: exitCodeOfSignal(this.#stopSignal), reason, ...common };
  }

  #tell(text: string): void {
    if (text !== '') this.#options.onEvent({ kind: 'status', text });
  }

  #broadcast(body: CoordinatorBody): void {
    for (const { slot, lastHeardMs } of this.#membership.members) {
      if (lastHeardMs !== null) this.#send(slot, body);
    }
  }

  #send(slot: number, body: CoordinatorBody): void {
    this.#sendTo(`worker-${slot}`, body, this.#point.run);
  }

  #sendTo(peer: string, body: CoordinatorBody, run: string): void {
    const { generation } = this.#membership;
    this.#server?.send(peer, encode({ ...body, protocol: PROTOCOL_VERSION, run, generation }));
  }
}
