/**
 * A worker's side of a run, without sockets, threads and clocks of its own: what the trainer asks for, on
 * top of the protocol's reducer and the all-reduce. The comm thread puts it on sockets (comm-service.ts), the
 * simulation on a simulated network.
 */
import { AllReduce, type ArrivedFrame, type DroppedFrames } from '../../collective/all-reduce.ts';
import { workersByHost } from '../../collective/exchange-layout.ts';
import type { OwnSubtree, ReduceInput, ReduceShape } from '../../collective/exchange-round.ts';
import { StateReceipt, sendState } from '../../collective/state-transfer.ts';
import type { Transport } from '../../collective/transport/transport.ts';
import type { Failure } from '../../core/failure.ts';
import { errorOfFailure } from '../../core/failure.ts';
import { runTag } from '../../protocol/data-frame.ts';

import type { Awaited, Boundary, CoordinatorMessage, WorkerBody } from '../../protocol/messages.ts';
import { HEARTBEAT_MS, STALL_MS } from '../../protocol/timing.ts';

import type { JoinRequest, Membership } from '../comm.ts';
import { MembershipChanged } from '../membership-changed.ts';
import type { Assignment, WorkerEffect, WorkerEvent, WorkerState } from './worker-state.ts';
import { INITIAL_WORKER_STATE, leaseDecision, reduceWorker } from './worker-state.ts';

export interface ParticipantOptions {
  readonly run: string;
  readonly slot: number;
  readonly pid: number;
  /** Identity of this host: workers that say the same see each other's memory. */
  readonly host: string;
  /** Bound by `join`; null in a run of one worker. */
  readonly transport: Transport | null;
  /** An all-reduce must be done so long after this rank began it. */
  readonly reduceDeadlineMs: number;
  readonly nowMs: () => number;
  /** Puts a message on the control channel. */
  readonly send: (body: WorkerBody, generation: number) => void;
  /** Asks the main thread for a sign of life: `mainThreadAnswered`. */
  readonly askMainThread: () => void;
  readonly onRegroup: (generation: number) => void;
  readonly onAbort: (failure: Failure) => void;
}

interface Waiter {
  /** Whether what it waits for has come. */
  readonly holds: (state: WorkerState) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Whether a new generation ends the waiting, too. */
  readonly isOfGeneration: boolean;
}

/** Ranks that a heartbeat names. */
const MOST_AWAITED = 8;

interface Receiving {
  readonly rank: number;
  readonly whole: Promise<Uint8Array>;
  readonly accept: (frame: ArrivedFrame) => void;
  readonly reject: (error: Error) => void;
}

export class Participant {
  readonly #options: ParticipantOptions;
  readonly #abort = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #state = INITIAL_WORKER_STATE;
  #allReduce: AllReduce | null = null;
  #receiving: Receiving | null = null;
  /** Frames of a state from a peer that heard of its assignment before this worker did. */
  #earlyState: ArrivedFrame[] = [];
  /** Calls of the trainer that are not answered yet. */
  #calls = 0;
  #sinceMs: number;
  /** Since when the main thread owes an answer. */
  #askedMs: number | null = null;
  #beatMs: number;
  /** A step is leased, and its all-reduce has not begun. */
  #isTraining = false;

  constructor(options: ParticipantOptions) {
    this.#options = options;
    this.#sinceMs = options.nowMs();
    this.#beatMs = this.#sinceMs;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Data frames that came and were not used. */
  get droppedFrames(): DroppedFrames {
    return this.#allReduce?.dropped ?? { malformed: 0, damaged: 0, stale: 0, unawaited: 0 };
  }

  get aborted(): AbortSignal {
    return this.#abort.signal;
  }

  received(message: CoordinatorMessage): void {
    this.#dispatch({ kind: 'received', message });
  }

  say(body: WorkerBody): void {
    this.#dispatch({ kind: 'said', body });
  }

  broke(failure: Failure): void {
    this.#dispatch({ kind: 'broke', failure });
  }

  /** What this worker says of itself every now and then. */
  heartbeat(): Extract<WorkerBody, { kind: 'heartbeat' }> {
    const nowMs = this.#options.nowMs();
    this.#forgetStop(nowMs);
    const since = (ms: number) => Math.max(0, Math.round(nowMs - ms));
    const blockedMs = this.#askedMs === null ? 0 : since(this.#askedMs);
    const working = this.#isTraining ? 'training' : 'computing';
    const activity = this.#calls > 0 ? 'waiting' : working;
    if (this.#askedMs === null) {
      this.#askedMs = nowMs;
      this.#options.askMainThread();
    }
    const awaits = this.#awaited();
    return {
      ...{ kind: 'heartbeat', step: this.#state.step, activity },
      ...{ forMs: since(this.#sinceMs), blockedMs, ...(awaits && { awaits }) },
    };
  }

  #awaited(): Awaited | null {
    if (this.#state.status === 'loading' && this.#receiving !== null) {
      return { what: 'state', ranks: [this.#receiving.rank] };
    }
    const missing = this.#allReduce?.awaited ?? null;
    return missing && { ...missing, ranks: missing.ranks.slice(0, MOST_AWAITED) };
  }

  mainThreadAnswered(): void {
    this.#askedMs = null;
  }

  /** The time in which this process was stopped, or got no processor, is not time in which it did anything. */
  #forgetStop(nowMs: number): void {
    const stoppedMs = nowMs - this.#beatMs - HEARTBEAT_MS;
    this.#beatMs = nowMs;
    if (stoppedMs < STALL_MS) return;
    this.#sinceMs += stoppedMs;
    if (this.#askedMs !== null) this.#askedMs += stoppedMs;
  }

  async join(request: JoinRequest): Promise<Membership> {
    return await this.#waiting(async () => {
      const { slot, pid, host, transport } = this.#options;
      const dataEndpoint = (await transport?.bind()) ?? '';
      this.say({ kind: 'hello', slot, pid, dataEndpoint, host, ...request });
      return await this.#reportBoundary(null);
    });
  }

  async reportBoundary(boundary: Boundary | null): Promise<Membership> {
    return await this.#waiting(() => this.#reportBoundary(boundary));
  }

  async ready(info: { step: number; stateHash: string }): Promise<void> {
    await this.#waiting(async () => {
      this.checkMembership();
      this.say({ kind: 'ready', ...info });
      await this.#until((state) => state.status === 'running');
    });
  }

  async awaitLease(step: number): Promise<'run' | 'drain'> {
    return await this.#waiting(async () => {
      this.checkMembership();
      await this.#until((state) => leaseDecision(state, step) !== 'wait');
      if (leaseDecision(this.#state, step) === 'drain') return 'drain';
      this.#isTraining = true;
      return 'run';
    });
  }

  async allReduce(input: ReduceInput): Promise<Float32Array> {
    return await this.#waiting(async () => {
      this.checkMembership();
      return await this.#allReduce!.reduce(input);
    });
  }

  /** Nothing while there is no generation that it could be of. */
  offer(shape: ReduceShape, subtree: OwnSubtree): void {
    if (this.#state.status === 'running') this.#allReduce!.offer(shape, subtree);
  }

  async receiveState(): Promise<Uint8Array> {
    return await this.#waiting(async () => {
      this.checkMembership();
      return await this.#receiving!.whole;
    });
  }

  async sendState(snapshot: Uint8Array): Promise<void> {
    await this.#waiting(async () => {
      this.checkMembership();
      const { transport, run } = this.#options;
      const assignment = this.#state.assignment!;
      const from = { run: runTag(run), sender: assignment, step: this.#state.step };
      const sends = assignment.receivers.map((rank) => sendState(transport!, from, rank, snapshot));
      // A receiver that is gone is the coordinator's business: it forms another generation.
      await Promise.allSettled(sends);
      this.checkMembership();
    });
  }

  async finish(body: Extract<WorkerBody, { kind: 'finished' }>): Promise<void> {
    await this.#waiting(async () => {
      this.checkMembership();
      this.say(body);
      await this.#until((state) => state.status === 'complete');
    });
  }

  checkMembership(): void {
    this.#abort.signal.throwIfAborted();
    if (this.#state.status === 'regrouping') throw new MembershipChanged();
  }

  /** Until there is a place for this worker in a generation that is not overtaken by another one. */
  async #reportBoundary(boundary: Boundary | null): Promise<Membership> {
    for (;;) {
      await this.#until((state) => state.status === 'regrouping', false);
      this.say({ kind: 'boundary', at: boundary });
      await this.#until((state) => state.status !== 'atBoundary', false);
      const { assignment } = this.#state;
      if (assignment === null) continue;
      await this.#form(assignment);
      if (this.#state.assignment !== assignment) continue;
      const { rank, worldSize, generation, origin, receivers } = assignment;
      return { rank, worldSize, generation, origin, receivers };
    }
  }

  async #form(assignment: Assignment): Promise<void> {
    const { transport, run, reduceDeadlineMs: deadlineMs } = this.#options;
    const rank = { ...assignment, hosts: workersByHost(assignment.peers.map(({ host }) => host)) };
    if (assignment.origin.kind === 'peer') this.#receiving = receivingFrom(assignment.origin.rank);
    for (const frame of this.#earlyState.splice(0)) this.#receiving?.accept(frame);
    if (this.#allReduce === null) {
      this.#allReduce = new AllReduce({
        ...rank,
        run,
        transport,
        deadlineMs,
        signal: this.#abort.signal,
        onState: (frame) => this.#onState(frame),
        onDamaged: ({ sender }) => this.say({ kind: 'damaged', sender }),
        onProgress: () => this.#progressed(),
      });
    } else {
      this.#allReduce.form(rank, new MembershipChanged());
    }
    await transport?.connect(assignment.peers.filter((peer) => peer.rank !== assignment.rank));
  }

  #dispatch(event: WorkerEvent): void {
    const { state, effects } = reduceWorker(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#apply(effect);
    for (const waiter of this.#waiters) if (waiter.holds(this.#state)) waiter.resolve();
  }

  #apply(effect: WorkerEffect): void {
    if (effect.kind === 'send') this.#options.send(effect.body, this.#state.generation);
    if (effect.kind === 'abort') this.#onAbort(effect.failure);
    if (effect.kind === 'regroup') this.#onRegroup(effect.generation);
  }

  #onRegroup(generation: number): void {
    const changed = new MembershipChanged();
    for (const waiter of this.#waiters) if (waiter.isOfGeneration) waiter.reject(changed);
    this.#receiving?.reject(changed);
    this.#receiving = null;
    this.#earlyState = [];
    // What comes from now on of the old generation is stale.
    this.#allReduce?.form({ rank: 0, worldSize: 1, generation }, changed);
    this.#options.onRegroup(generation);
  }

  #onState(frame: ArrivedFrame): void {
    if (this.#receiving === null) this.#earlyState.push(frame);
    else this.#receiving.accept(frame);
  }

  #onAbort(reason: Failure): void {
    const error = errorOfFailure(reason);
    this.#abort.abort(error);
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#receiving?.reject(error);
    this.#options.onAbort(reason);
  }

  async #waiting<T>(call: () => Promise<T>): Promise<T> {
    this.#calls++;
    this.#isTraining = false;
    this.#progressed();
    try {
      return await call();
    } finally {
      this.#calls--;
      this.#progressed();
    }
  }

  #progressed(): void {
    this.#sinceMs = this.#options.nowMs();
  }

  async #until(holds: Waiter['holds'], isOfGeneration = true): Promise<void> {
    this.#abort.signal.throwIfAborted();
    if (holds(this.#state)) return;
    let waiter: Waiter | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { holds, resolve, reject, isOfGeneration };
        this.#waiters.add(waiter);
      });
    } finally {
      this.#waiters.delete(waiter!);
    }
  }
}

function receivingFrom(rank: number): Receiving {
  const receipt = new StateReceipt(rank);
  let resolve: (state: Uint8Array) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const whole = new Promise<Uint8Array>((onWhole, onError) => {
    resolve = onWhole;
    reject = onError;
  });
  // Avoids an unhandled rejection when nobody awaits the state.
  whole.catch(() => undefined);
  const accept = (frame: ArrivedFrame) => {
    const state = receipt.accept(frame);
    if (state !== null) resolve(state);
  };
  return { rank, whole, accept, reject };
}
