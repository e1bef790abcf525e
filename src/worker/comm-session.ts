/**
 * The comm thread's work: all sockets of a worker, its heartbeats, its side of the control protocol and its
 * all-reduce. It runs beside the main thread, which TensorFlow blocks for seconds at a time.
 */
import { AllReduce } from '../collective/all-reduce.ts';
import { openTransport } from '../collective/transport/open-transport.ts';
import type { Transport } from '../collective/transport/transport.ts';
import { asLockstepError } from '../core/errors.ts';
import type { Failure } from '../core/failure.ts';
import { errorOfFailure, failureOfError } from '../core/failure.ts';
import { decodeFromCoordinator, encode } from '../protocol/codec.ts';
import type { ControlClient } from '../protocol/control-socket.ts';
import { openControlClient } from '../protocol/control-socket.ts';
import { describeRefused } from '../protocol/gate.ts';
import type { WorkerBody } from '../protocol/messages.ts';
import { PROTOCOL_VERSION } from '../protocol/messages.ts';
import { removePrivateFolder } from '../protocol/private-folder.ts';
import { HEARTBEAT_MS, TICK_MS } from '../protocol/timing.ts';
import type { JoinRequest, Membership } from './comm.ts';
import type { Call, CallName, Calls, FromThread, ThreadOptions, ToThread } from './comm-call.ts';
import { LastResort } from './last-resort.ts';
import { Lifeline } from './lifeline.ts';
import type { Assignment, WorkerEffect, WorkerEvent, WorkerState } from './protocol-state.ts';
import { INITIAL_WORKER_STATE, leaseDecision, reduceWorker } from './protocol-state.ts';

/** `fail` waits so long for the coordinator's word that the run is aborted. */
const FAIL_CONFIRM_MS = 1_500;

type Post = (message: FromThread) => void;

interface Waiter {
  /** Whether what it waits for has come. */
  readonly holds: (state: WorkerState) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class CommSession {
  readonly #options: ThreadOptions;
  readonly #post: Post;
  readonly #client: ControlClient;
  readonly #lifeline: Lifeline;
  readonly #lastResort = new LastResort();
  readonly #abort = new AbortController();
  readonly #timers: NodeJS.Timeout[];
  readonly #waiters = new Set<Waiter>();
  #state = INITIAL_WORKER_STATE;
  #transport: Transport | null = null;
  #allReduce: AllReduce | null = null;

  constructor(options: ThreadOptions, post: Post) {
    const { coordinatorEndpoint, slot, parentPid } = options.identity;
    this.#options = options;
    this.#post = post;
    this.#lifeline = new Lifeline(parentPid, {
      nowMs: () => performance.now(),
      parentPid: () => process.ppid,
    });
    const handlers = {
      onFrame: (frame: Uint8Array | null) => this.#onFrame(frame),
      onSendFailure: (error: Error) => this.#break(failureOfError(asLockstepError(error))),
    };
    const name = `worker-${slot}`;
    this.#client = openControlClient(coordinatorEndpoint, name, handlers, options.keys);
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#heartbeat(), HEARTBEAT_MS),
    ];
    this.#heartbeat();
  }

  handle(message: ToThread): void {
    if (message.kind === 'call') void this.#answer(message.id, message.call);
    else if (message.kind === 'say') this.#dispatch({ kind: 'said', body: message.body });
    else if (message.kind === 'abortSeen') this.#lastResort.noticed();
  }

  /** Closes the sockets; the thread may end afterwards (zeromq.js crashes when they outlive it). */
  async close(): Promise<void> {
    this.#lastResort.disarm();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#transport?.close();
    this.#client.close();
  }

  async #answer(id: number, call: Call): Promise<void> {
    try {
      const answer = await this.#perform(call);
      this.#post({ kind: 'answer', id, answer });
    } catch (thrown) {
      const error = failureOfError(asLockstepError(thrown));
      this.#post({ kind: 'failure', id, failure: error });
    }
  }

  async #perform({ name, request }: Call): Promise<Calls[CallName]['answer']> {
    switch (name) {
      case 'join':
        return await this.#join(request);
      case 'ready':
      case 'finish':
        return await this.#sayAndWait(request);
      case 'awaitLease':
        return await this.#awaitLease(request.step);
      case 'allReduce':
        return await this.#allReduce!.reduce(request);
      case 'fail':
        return await this.#fail(request);
    }
  }

  async #join(request: JoinRequest): Promise<Membership> {
    const { slot, worldSize, dataAddress } = this.#options.identity;
    const { keys } = this.#options;
    const onRefused = (text: string) =>
      this.#say({ kind: 'event', step: this.#state.step, payload: { kind: 'refused', text } });
    if (worldSize > 1) {
      this.#transport = openTransport({ address: dataAddress, keys, onRefused });
    }
    const dataEndpoint = (await this.#transport?.bind()) ?? '';
    this.#say({ kind: 'hello', slot, pid: process.pid, dataEndpoint, ...request });
    await this.#until((state) => state.assignment !== null);
    const assignment = this.#state.assignment!;
    await this.#formCollective(assignment);
    const { rank, generation } = assignment;
    return { rank, worldSize: assignment.worldSize, generation };
  }

  async #formCollective({ rank, worldSize, generation, peers }: Assignment): Promise<void> {
    await this.#transport?.connect(peers.filter((peer) => peer.rank !== rank));
    this.#allReduce = new AllReduce({
      rank,
      worldSize,
      generation,
      run: this.#options.identity.run,
      transport: this.#transport,
      deadlineMs: this.#options.reduceDeadlineMs,
      signal: this.#abort.signal,
    });
  }

  async #sayAndWait(body: Extract<WorkerBody, { kind: 'ready' | 'finished' }>): Promise<null> {
    if (body.kind === 'finished') this.#tellRefused();
    this.#say(body);
    const phase = body.kind === 'ready' ? 'running' : 'complete';
    await this.#until((state) => state.phase === phase);
    return null;
  }

  /** What reached this worker's data socket and was not used; silent when that is nothing. */
  #tellRefused(): void {
    const { malformed = 0, stale = 0, unawaited = 0 } = this.#allReduce?.dropped ?? {};
    const frames = { malformed, stale, unawaited };
    const counts = this.#transport?.gateCounts ?? { accepted: 0, admitted: 0, wrongKeys: 0 };
    const text = describeRefused(counts, malformed + stale + unawaited);
    if (text === '') return;
    const payload = { kind: 'refused', slot: this.#options.identity.slot, text, ...counts, frames };
    this.#say({ kind: 'event', step: this.#state.step, payload });
  }

  async #awaitLease(step: number): Promise<'run' | 'drain'> {
    await this.#until((state) => leaseDecision(state, step) !== 'wait');
    return leaseDecision(this.#state, step) === 'drain' ? 'drain' : 'run';
  }

  /** Resolves when the coordinator has aborted the run for all, or when it can't be reached. */
  async #fail(reason: Failure): Promise<null> {
    this.#say({ kind: 'failed', step: this.#state.step, ...reason });
    const { signal } = this.#abort;
    if (signal.aborted) return null;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FAIL_CONFIRM_MS);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return null;
  }

  #say(body: WorkerBody): void {
    this.#dispatch({ kind: 'said', body });
  }

  #break(reason: Failure): void {
    this.#dispatch({ kind: 'broke', failure: reason });
  }

  #onFrame(frame: Uint8Array | null): void {
    const decoded = decodeFromCoordinator(frame ?? new Uint8Array(0));
    if (!decoded.ok) {
      this.#break(failureOfError(decoded.error));
    } else if (decoded.message.run === this.#options.identity.run) {
      this.#lifeline.heard();
      this.#dispatch({ kind: 'received', message: decoded.message });
    }
  }

  #dispatch(event: WorkerEvent): void {
    const { state, effects } = reduceWorker(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#apply(effect);
    for (const waiter of this.#waiters) if (waiter.holds(state)) waiter.resolve();
  }

  #apply(effect: WorkerEffect): void {
    if (effect.kind === 'send') this.#send(effect.body);
    if (effect.kind === 'abort') this.#onAbort(effect.failure);
  }

  #onAbort(reason: Failure): void {
    const { privateFolder } = this.#options.identity;
    if (reason.code === 'COORDINATOR_LOST') {
      this.#client.giveUp();
      // The coordinator would have removed it.
      if (privateFolder !== null) removePrivateFolder(privateFolder);
    }
    const error = errorOfFailure(reason);
    this.#abort.abort(error);
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#post({ kind: 'aborted', failure: reason });
    this.#lastResort.arm(reason);
  }

  #send(body: WorkerBody): void {
    const { run } = this.#options.identity;
    const envelope = { protocol: PROTOCOL_VERSION, run, generation: this.#state.generation };
    try {
      this.#client.send(encode({ ...body, ...envelope }));
    } catch (thrown) {
      this.#break(failureOfError(asLockstepError(thrown)));
    }
  }

  #heartbeat(): void {
    // Sent in every phase, also after an abort: this process is still there.
    this.#send({ kind: 'heartbeat', step: this.#state.step });
  }

  #tick(): void {
    const lost = this.#lifeline.check();
    if (lost !== null) this.#break(lost);
  }

  async #until(holds: Waiter['holds']): Promise<void> {
    this.#abort.signal.throwIfAborted();
    if (holds(this.#state)) return;
    let waiter: Waiter | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { holds, resolve, reject };
        this.#waiters.add(waiter);
      });
    } finally {
      this.#waiters.delete(waiter!);
    }
  }
}
