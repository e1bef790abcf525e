/** The main thread's side of the comm thread: `Comm` for a worker process. */
import type { Worker } from 'node:worker_threads';
import type { OwnSubtree, ReduceInput, ReduceShape } from '../../collective/exchange-round.ts';
import { asLockstepError, LockstepError } from '../../core/errors.ts';
import { errorOfFailure, failureOfError } from '../../core/failure.ts';
import { takeKeptSignals } from '../../launch/kept-signals.ts';
import { startThread } from '../../launch/program.ts';
import { readKeyFile } from '../../protocol/curve-keys.ts';
import type { Boundary, WorkerBody } from '../../protocol/messages.ts';
import type { Comm, JoinRequest, Membership, StepReport } from '../comm.ts';
import { plainJson } from '../comm.ts';
import type { WorkerIdentity } from '../identity.ts';
import { MembershipChanged } from '../membership-changed.ts';
import type {
  Call,
  CallName,
  Calls,
  CrossingSubtree,
  FromThread,
  Placed,
  ThreadOptions,
  ToThread,
} from './comm-call.ts';
import { LeafMemory } from './leaf-memory.ts';

/** Rounds wait for the slowest rank, whose first step may build graphs and tune kernels. */
const REDUCE_DEADLINE_MS = 15 * 60_000;
/** A process that ends without `close` waits so long for the comm thread to close the sockets. */
const EXIT_WAIT_MS = 1_000;

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts the comm thread, which connects to the coordinator and says so from then on that this process
 * lives. Handles the process's signals: Ctrl-C reaches the coordinator too, which ends the run for all, so it
 * is ignored here; SIGTERM or SIGUSR1 sent to this process alone is passed on. Throws INSECURE or USAGE for
 * a key file that is not to be used.
 */
export function openComm(
  identity: WorkerIdentity,
  options: { readonly reduceDeadlineMs?: number } = {},
): Comm {
  const reduceDeadlineMs = options.reduceDeadlineMs ?? REDUCE_DEADLINE_MS;
  const keys = identity.keyFile === null ? null : readKeyFile(identity.keyFile);
  return new CommClient({
    identity,
    keys,
    reduceDeadlineMs,
    closed: new SharedArrayBuffer(4),
    generation: new SharedArrayBuffer(4),
  });
}

class CommClient implements Comm {
  readonly #thread: Worker;
  readonly #abort = new AbortController();
  readonly #pending = new Map<number, Pending>();
  readonly #exit: Promise<void>;
  readonly #releaseSignals: () => void;
  readonly #leafMemory = new LeafMemory();
  /** Vectors of the next all-reduce that the comm thread has. */
  readonly #offered = new Set<Float32Array>();
  #nextId = 0;
  /** Steps applied so far: the time of an event. */
  #step = 0;
  #closing = false;
  readonly #closed: Int32Array;
  readonly #newestGeneration: Int32Array;
  /** That of this worker's place. */
  #generation = 0;

  constructor(options: ThreadOptions) {
    this.#closed = new Int32Array(options.closed);
    this.#newestGeneration = new Int32Array(options.generation);
    process.once('exit', this.#closeAtExit);
    this.#thread = startThread(new URL('./comm-thread.ts', import.meta.url), options);
    this.#thread.on('message', (message: FromThread) => this.#onMessage(message));
    this.#thread.on('error', (error) => this.#onAbort(asLockstepError(error)));
    this.#exit = new Promise((resolve) => {
      this.#thread.once('exit', () => resolve());
    });
    void this.#exit.then(() => this.#onThreadEnd());
    this.#releaseSignals = handleSignals((signal) => {
      // Schedulers signal all processes of a host: one that leaves the run decides that for its workers.
      if (process.env.LOCKSTEP_SIGNALS !== 'agent') this.#say({ kind: 'signalled', signal });
    });
  }

  get aborted(): AbortSignal {
    return this.#abort.signal;
  }

  async join(request: JoinRequest): Promise<Membership> {
    return this.#placed(await this.#call('join', request));
  }

  async reportBoundary(boundary: Boundary | null): Promise<Membership> {
    return this.#placed(await this.#call('reportBoundary', boundary));
  }

  async receiveState(): Promise<Uint8Array> {
    return await this.#call('receiveState', null);
  }

  async sendState(snapshot: Uint8Array): Promise<void> {
    await this.#call('sendState', snapshot, [snapshot.buffer as ArrayBuffer]);
  }

  checkMembership(): void {
    this.#abort.signal.throwIfAborted();
    if (Atomics.load(this.#newestGeneration, 0) !== this.#generation) throw new MembershipChanged();
  }

  async ready(info: { step: number; stateHash: string }): Promise<void> {
    this.#step = info.step;
    await this.#call('ready', info);
  }

  async awaitLease(step: number): Promise<'run' | 'drain'> {
    return await this.#call('awaitLease', { step });
  }

  async allReduce(input: ReduceInput): Promise<Float32Array> {
    const subtrees = input.subtrees
      .filter(({ vector }) => !this.#offered.has(vector))
      .map((subtree) => this.#crossing(subtree));
    this.#offered.clear();
    this.#leafMemory.endTurn();
    return this.#leafMemory.read(await this.#call('allReduce', { ...input, subtrees }));
  }

  offer(shape: ReduceShape, subtree: OwnSubtree): void {
    this.#offered.add(subtree.vector);
    this.#send({ kind: 'offer', shape, subtree: this.#crossing(subtree) });
  }

  #crossing({ level, index, vector }: OwnSubtree): CrossingSubtree {
    return { level, index, vector: this.#leafMemory.write(vector) };
  }

  stepDone({ step, sums, stateHash, report }: StepReport): void {
    const said = { step, sums: { ...sums }, ...(stateHash !== undefined && { stateHash }) };
    this.#say({ kind: 'stepDone', ...said, report: plainJson(report) });
    this.#step = step + 1;
  }

  event(payload: Readonly<Record<string, unknown>>): void {
    this.#say({ kind: 'event', step: this.#step, payload: plainJson(payload) });
  }

  result(payload: Readonly<Record<string, unknown>>): void {
    this.#say({ kind: 'result', step: this.#step, payload: plainJson(payload) });
  }

  async finish(info: {
    step: number;
    stateHash: string;
    reason: 'completed' | 'drained';
  }): Promise<void> {
    await this.#call('finish', { kind: 'finished', ...info });
  }

  async fail(error: LockstepError): Promise<void> {
    if (this.#abort.signal.aborted) return;
    // The answer is the abort itself, in one way or another.
    await this.#call('fail', failureOfError(error)).catch(() => undefined);
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#releaseSignals();
      this.#send({ kind: 'close' });
    }
    await this.#exit;
    process.off('exit', this.#closeAtExit);
  }

  /**
   * For `process.exit` and uncaught errors: ZeroMQ aborts a process that ends while a thread has sockets
   * (zeromq.js#411), and the exit code would be lost.
   */
  readonly #closeAtExit = (): void => {
    this.#send({ kind: 'close' });
    Atomics.wait(this.#closed, 0, 0, EXIT_WAIT_MS);
  };

  #call<Name extends CallName>(
    name: Name,
    request: Calls[Name]['request'],
    transfer: ArrayBuffer[] = [],
  ): Promise<Calls[Name]['answer']> {
    if (this.#abort.signal.aborted) return Promise.reject(this.#abort.signal.reason);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#send({ kind: 'call', id, call: { name, request } as Call }, transfer);
    });
  }

  #say(body: WorkerBody): void {
    if (!this.#abort.signal.aborted) this.#send({ kind: 'say', body });
  }

  #placed({ membership, hasPeersHere }: Placed): Membership {
    this.#generation = membership.generation;
    this.#leafMemory.renew(hasPeersHere);
    this.#offered.clear();
    return membership;
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(message, transfer);
  }

  #onMessage(message: FromThread): void {
    if (message.kind === 'aborted') {
      this.#send({ kind: 'abortSeen' });
      this.#onAbort(errorOfFailure(message.failure));
      return;
    }
    if (message.kind === 'areYouThere') {
      this.#send({ kind: 'here' });
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'answer') pending?.resolve(message.answer);
    else if (message.kind === 'membershipChanged') pending?.reject(new MembershipChanged());
    else pending?.reject(errorOfFailure(message.failure));
  }

  #onAbort(error: LockstepError): void {
    this.#abort.abort(error);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #onThreadEnd(): void {
    const what = this.#closing ? 'was closed' : 'ended by itself';
    const advice = 'This is a defect: please report it with the log of the run.';
    const error = new LockstepError('UNEXPECTED', `The comm thread ${what}.`, advice);
    if (!this.#closing || this.#pending.size > 0) this.#onAbort(error);
  }
}

/** Installs the handlers and returns what removes them. */
function handleSignals(onSignal: (signal: 'SIGTERM' | 'SIGUSR1') => void): () => void {
  const ignore = () => {};
  process.on('SIGINT', ignore);
  process.on('SIGHUP', ignore);
  process.on('SIGTERM', onSignal);
  process.on('SIGUSR1', onSignal);
  for (const signal of takeKeptSignals()) {
    if (signal === 'SIGTERM' || signal === 'SIGUSR1') onSignal(signal);
  }
  return () => {
    process.off('SIGINT', ignore);
    process.off('SIGHUP', ignore);
    process.off('SIGTERM', onSignal);
    process.off('SIGUSR1', onSignal);
  };
}
