/**
 * The comm thread's work: all sockets of a worker and its heartbeats around the participant, which decides. It runs
 * beside the main thread, which TensorFlow blocks for seconds at a time.
 */
import type { OwnSubtree, ReduceShape } from '../../collective/exchange-round.ts';
import { hostIdentity } from '../../collective/transport/host-identity.ts';
import type { CrossingFloats } from '../../collective/transport/host-memory.ts';
import { isPlaced } from '../../collective/transport/host-memory.ts';
import { openTransport } from '../../collective/transport/open-transport.ts';
import type { Transport } from '../../collective/transport/transport.ts';
import { asLockstepError } from '../../core/errors.ts';
import type { Failure } from '../../core/failure.ts';
import { failureOfError } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import { removeTemporaryFolder } from '../../core/temporary-folder.ts';
import { decodeFromCoordinator, encode } from '../../protocol/codec.ts';
import type { ControlClient } from '../../protocol/control-socket.ts';
import { openControlClient } from '../../protocol/control-socket.ts';
import { describeRefused } from '../../protocol/gate.ts';
import type { WorkerBody } from '../../protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../protocol/messages.ts';
import { HEARTBEAT_MS, TICK_MS } from '../../protocol/timing.ts';
import { workerName } from '../../protocol/worker-name.ts';
import type { Membership } from '../comm.ts';
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
import { Lifeline } from './lifeline.ts';
import { Participant } from './participant.ts';
import { Watchdog } from './watchdog.ts';

/** `fail` waits so long for the coordinator's word. */
const FAIL_CONFIRM_MS = 1_500;

type Post = (message: FromThread, transfer?: ArrayBuffer[]) => void;

export class CommService {
  readonly #options: ThreadOptions;
  readonly #post: Post;
  readonly #client: ControlClient;
  readonly #transport: Transport | null;
  readonly #participant: Participant;
  readonly #lifeline: Lifeline;
  readonly #watchdog = new Watchdog();
  readonly #timers: NodeJS.Timeout[];
  readonly #generation: Int32Array;

  constructor(options: ThreadOptions, post: Post) {
    const { coordinatorEndpoint, slot, attempt, worldSize, parentPid, coordinatorWaitMs } =
      options.identity;
    this.#options = options;
    this.#post = post;
    this.#generation = new Int32Array(options.generation);
    this.#lifeline = new Lifeline(parentPid, coordinatorWaitMs, {
      nowMs: () => performance.now(),
      parentPid: () => process.ppid,
    });
    const handlers = {
      onFrame: (frame: Uint8Array | null) => this.#onFrame(frame),
      onReconnected: () => this.#participant.say({ kind: 'reconnected', rank: null }),
      onSendFailure: (error: Error) =>
        this.#participant.broke(failureOfError(asLockstepError(error))),
    };
    const name = workerName({ slot, attempt }, options.identity.run, options.keys);
    this.#client = openControlClient(coordinatorEndpoint, name, handlers, options.keys);
    const { dataAddress: address, dataReachedAt: reachedAt } = options.identity;
    const onRefused = (text: string) => this.#tell({ kind: 'refused', text });
    const onReconnected = (rank: number) => this.#participant.say({ kind: 'reconnected', rank });
    const host = hostIdentity();
    this.#transport =
      worldSize > 1
        ? openTransport({ address, reachedAt, keys: options.keys, onRefused, onReconnected }, host)
        : null;
    this.#participant = new Participant({
      run: options.identity.run,
      slot,
      pid: process.pid,
      host,
      transport: this.#transport,
      reduceDeadlineMs: options.reduceDeadlineMs,
      nowMs: () => performance.now(),
      send: (body, generation) => this.#send(body, generation),
      askMainThread: () => post({ kind: 'areYouThere' }),
      onRegroup: (generation) => Atomics.store(this.#generation, 0, generation),
      onAbort: (failure) => this.#onAbort(failure),
    });
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#heartbeat(), HEARTBEAT_MS),
    ];
    this.#heartbeat();
  }

  handle(message: ToThread): void {
    if (message.kind === 'call') void this.#answer(message.id, message.call);
    else if (message.kind === 'say') this.#participant.say(message.body);
    else if (message.kind === 'offer') this.#offer(message.shape, message.subtree);
    else if (message.kind === 'here') this.#participant.mainThreadAnswered();
    else if (message.kind === 'abortSeen') this.#watchdog.noticed();
  }

  /** Closes the sockets; the thread may end afterwards (zeromq.js crashes when they outlive it). */
  async close(): Promise<void> {
    this.#watchdog.disarm();
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([this.#client.close(), this.#transport?.close()]);
  }

  async #answer(id: number, call: Call): Promise<void> {
    try {
      const answer = await this.#perform(call);
      this.#post({ kind: 'answer', id, answer }, movedWith(answer));
    } catch (thrown) {
      if (thrown instanceof MembershipChanged) this.#post({ kind: 'membershipChanged', id });
      else this.#post({ kind: 'failure', id, failure: failureOfError(asLockstepError(thrown)) });
    }
  }

  async #perform({ name, request }: Call): Promise<Calls[CallName]['answer']> {
    const participant = this.#participant;
    switch (name) {
      case 'join':
        return this.#placed(await participant.join(request));
      case 'reportBoundary':
        return this.#placed(await participant.reportBoundary(request));
      case 'receiveState':
        return await participant.receiveState();
      case 'awaitLease':
        return await participant.awaitLease(request.step);
      case 'allReduce':
        return this.#cross(
          await participant.allReduce({
            ...request,
            subtrees: request.subtrees.map((subtree) => this.#crossed(subtree)),
          }),
        );
      case 'sendState':
        await participant.sendState(request);
        return null;
      case 'ready':
        await participant.ready(request);
        return null;
      case 'finish':
        this.#tellRefused();
        await participant.finish(request);
        return null;
      case 'fail':
        await this.#fail(request);
        return null;
    }
  }

  #placed(membership: Membership): Placed {
    return { membership, hasPeersHere: this.#transport?.hasPeersHere ?? false };
  }

  /** @throws MembershipChanged when the main thread has dropped the vectors, with their generation */
  #crossed({ vector, ...node }: CrossingSubtree): OwnSubtree {
    const floats = isPlaced(vector) ? (this.#transport?.at(vector) ?? null) : vector;
    if (floats === null) throw new MembershipChanged();
    return { ...node, vector: floats };
  }

  #offer(shape: ReduceShape, subtree: CrossingSubtree): void {
    try {
      this.#participant.offer(shape, this.#crossed(subtree));
    } catch (thrown) {
      // The main thread hears of it by what it asks next.
      if (!(thrown instanceof MembershipChanged)) {
        this.#participant.broke(failureOfError(asLockstepError(thrown)));
      }
    }
  }

  #cross(sum: Float32Array): CrossingFloats {
    return this.#transport?.placeOf(sum) ?? sum;
  }

  /** What reached this worker's data socket and was not used; silent when that is nothing. */
  #tellRefused(): void {
    const frames = this.#participant.droppedFrames;
    const counts = this.#transport?.gateCounts ?? { accepted: 0, admitted: 0, wrongKeys: 0 };
    const { malformed, damaged, stale, unawaited } = frames;
    const text = describeRefused(counts, malformed + damaged + stale + unawaited);
    if (text === '') return;
    this.#tell({
      ...{ kind: 'refused', slot: this.#options.identity.slot, text },
      ...{ ...counts, frames: { ...frames } },
    });
  }

  #tell(payload: JsonObject): void {
    this.#participant.say({ kind: 'event', step: this.#participant.state.step, payload });
  }

  /** Resolves when the coordinator has answered by an abort, or when it can't be reached. */
  async #fail(reason: Failure): Promise<void> {
    this.#participant.say({ kind: 'failed', step: this.#participant.state.step, ...reason });
    const signal = this.#participant.aborted;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FAIL_CONFIRM_MS);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #onFrame(frame: Uint8Array | null): void {
    const decoded = decodeFromCoordinator(frame ?? new Uint8Array(0));
    if (!decoded.ok) {
      this.#participant.broke(failureOfError(decoded.error));
    } else if (decoded.message.run === this.#options.identity.run) {
      this.#lifeline.heard();
      this.#participant.received(decoded.message);
    }
  }

  #onAbort(reason: Failure): void {
    const { privateFolder, parentPid } = this.#options.identity;
    if (reason.code === 'COORDINATOR_LOST') {
      this.#client.giveUp();
      // The supervisor would have removed it. A coordinator that only can't be heard still needs the keys in it.
      const isGone = parentPid !== null && process.ppid !== parentPid;
      if (privateFolder !== null && isGone) removeTemporaryFolder(privateFolder);
    }
    this.#post({ kind: 'aborted', failure: reason });
    this.#watchdog.arm(reason);
  }

  #send(body: WorkerBody, generation: number): void {
    const { run } = this.#options.identity;
    try {
      this.#client.send(encode({ ...body, protocol: PROTOCOL_VERSION, run, generation }));
    } catch (thrown) {
      this.#participant.broke(failureOfError(asLockstepError(thrown)));
    }
  }

  #heartbeat(): void {
    // Sent in every phase, also after an abort: this process is still there.
    const { unheardMs } = this.#lifeline;
    const heartbeat = {
      ...this.#participant.heartbeat(),
      ...(unheardMs !== null && { unheardMs }),
    };
    this.#send(heartbeat, this.#participant.state.generation);
  }

  #tick(): void {
    const lost = this.#lifeline.check();
    if (lost !== null) this.#participant.broke(lost);
  }
}

/** A state's memory goes along with the answer; a sum lies where both threads see it. */
function movedWith(answer: Calls[CallName]['answer']): ArrayBuffer[] {
  return ArrayBuffer.isView(answer) && answer.buffer instanceof ArrayBuffer ? [answer.buffer] : [];
}
