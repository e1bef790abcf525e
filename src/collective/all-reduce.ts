/**
 * The all-reduce: runs the exchange plan of each round over a transport. All ranks call `reduce` in the same
 * order; a rank may be one round ahead of another, never two, since finishing a round takes a frame of it
 * from every peer.
 *
 * When memory may be reused (peers read what we sent where it lies, and nothing says when they are done): what
 * was sent in round n is free when round n+1 is done here. A frame of round n+1 from a peer means that it began
 * that round, so had finished round n, so had read all our frames of it. Hence two slots.
 */
import { LockstepError } from '../core/errors.ts';
import type { DataHeader } from '../protocol/data-frame.ts';
import { decodeHeader, encodeHeader, runTag } from '../protocol/data-frame.ts';
import type { OutgoingPart, ReduceInput } from './exchange-round.ts';
import { ExchangeRound } from './exchange-round.ts';
import { RotatingBuffer } from './rotating-buffer.ts';
import type { Frame, Transport } from './transport/transport.ts';

export interface AllReduceOptions {
  readonly rank: number;
  readonly worldSize: number;
  /** Identity of the run, see the control protocol. */
  readonly run: string;
  readonly generation: number;
  /** Connected to all peers; null when there are none. */
  readonly transport: Transport | null;
  /** A round must be done so long after it began here; the slowest rank's computation counts. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Frames that were not used, by why. */
export interface DroppedFrames {
  /** No header of this protocol, or a payload that is not whole numbers. */
  malformed: number;
  /** Of another run, generation or round. */
  stale: number;
  /** Of this round, but not awaited: duplicates. */
  unawaited: number;
}

interface Arrived {
  readonly header: DataHeader;
  readonly payload: Float32Array;
}

interface Active {
  readonly round: ExchangeRound;
  readonly resolve: (sum: Float32Array) => void;
  readonly reject: (error: LockstepError) => void;
}

export class AllReduce {
  readonly dropped: DroppedFrames = { malformed: 0, stale: 0, unawaited: 0 };
  readonly #options: AllReduceOptions;
  readonly #tag: string;
  readonly #reduceMemory: RotatingBuffer;
  readonly #gatherMemory: RotatingBuffer;
  readonly #resultMemory = new RotatingBuffer(2, sharedFloats);
  /** Frames of the next rounds, from peers that are ahead. */
  readonly #early = new Map<number, Arrived[]>();
  /** Number of the round in progress, or of the next one. */
  #number = 0;
  #active: Active | null = null;
  #broken: LockstepError | null = null;

  constructor(options: AllReduceOptions) {
    this.#options = options;
    this.#tag = runTag(options.run);
    const { transport } = options;
    const allocate = (floats: number) => transport?.memory(floats) ?? new Float32Array(floats);
    this.#reduceMemory = new RotatingBuffer(2, allocate);
    this.#gatherMemory = new RotatingBuffer(2, allocate);
    if (transport !== null) void this.#receive(transport);
  }

  /**
   * The canonical sum over all micro-batches of all ranks, the same bits on each, in memory that other threads
   * may see; it is valid until the reduce after the next one. The vectors are read until it resolves and never
   * written. Throws TIMEOUT past the deadline, PROTOCOL when ranks disagree about
   * what they reduce, and the signal's reason when aborted.
   */
  async reduce(input: ReduceInput): Promise<Float32Array> {
    const { rank, worldSize, signal } = this.#options;
    signal.throwIfAborted();
    if (this.#broken !== null) throw this.#broken;
    const number = this.#number;
    const memory = {
      reduce: (floats: number) => this.#reduceMemory.take(number, floats),
      gather: (floats: number) => this.#gatherMemory.take(number, floats),
      result: (floats: number) => this.#resultMemory.take(number, floats),
    };
    const post = (part: OutgoingPart) => this.#post(input, part);
    const round = new ExchangeRound(rank, worldSize, input, memory, post);
    const sum = await this.#untilDone(round);
    this.#number++;
    return sum;
  }

  async #untilDone(round: ExchangeRound): Promise<Float32Array> {
    const { signal, deadlineMs } = this.#options;
    let onAbort = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Float32Array>((resolve, reject) => {
        this.#active = { round, resolve, reject };
        onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        timer = setTimeout(() => reject(this.#late(round)), deadlineMs);
        const early = this.#early.get(this.#number) ?? [];
        this.#early.delete(this.#number);
        for (const arrived of early) this.#use(arrived);
        this.#settle();
      });
    } finally {
      this.#active = null;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #receive(transport: Transport): Promise<void> {
    try {
      for await (const frame of transport.frames()) this.#onFrame(frame);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      this.#break(new LockstepError('PROTOCOL', `Cannot receive from peers: ${why}.`, RESUME));
    }
  }

  #onFrame({ header: bytes, payload }: Frame): void {
    const header = decodeHeader(bytes);
    if (header === null || payload.byteLength % Float32Array.BYTES_PER_ELEMENT !== 0) {
      this.dropped.malformed++;
      return;
    }
    const { generation } = this.#options;
    const ahead = header.round - this.#number;
    const ours = header.run === this.#tag && header.generation === generation;
    if (!ours || ahead < 0 || ahead > 1) {
      this.dropped.stale++;
      return;
    }
    const arrived = { header, payload: asFloats(payload) };
    if (ahead === 0 && this.#active !== null) {
      this.#use(arrived);
      this.#settle();
    } else {
      this.#early.set(header.round, [...(this.#early.get(header.round) ?? []), arrived]);
    }
  }

  #use({ header, payload }: Arrived): void {
    const { round, reject } = this.#active!;
    const { step, length, microBatches } = round.input;
    const agrees =
      header.step === step &&
      header.vectorLength === length &&
      header.microBatches === microBatches;
    if (!agrees) reject(disagreement(this.#options.rank, round.input, header));
    else if (!round.accept(header, payload)) this.dropped.unawaited++;
  }

  #settle(): void {
    if (this.#active?.round.done) this.#active.resolve(this.#active.round.result);
  }

  #post({ step, length, microBatches }: ReduceInput, out: OutgoingPart): void {
    const { transport, generation, rank } = this.#options;
    const header = encodeHeader({
      run: this.#tag,
      generation,
      round: this.#number,
      step,
      phase: out.phase,
      sender: rank,
      vectorLength: length,
      microBatches,
      level: out.node.level,
      index: out.node.index,
      offset: out.offset,
    });
    const payload = new Uint8Array(out.part.buffer, out.part.byteOffset, out.part.byteLength);
    transport!.send(out.peer, { header, payload }).catch((thrown: unknown) => {
      const fallback = new LockstepError('PROTOCOL', `Cannot send to rank ${out.peer}.`, RESUME, {
        cause: thrown,
      });
      this.#break(thrown instanceof LockstepError ? thrown : fallback);
    });
  }

  /** No round can be done any more. */
  #break(error: LockstepError): void {
    this.#broken ??= error;
    this.#active?.reject(this.#broken);
  }

  #late(round: ExchangeRound): LockstepError {
    const { rank, deadlineMs } = this.#options;
    const { step } = round.input;
    const message = `Rank ${rank} waited ${deadlineMs} ms in the all-reduce of step ${step} for rank ${round.awaitedRanks.join(', ')}.`;
    return new LockstepError('TIMEOUT', message, RESUME);
  }
}

const RESUME = 'Read the logs of the ranks named, then resume from the last checkpoint.';

/** Fresh memory of this size costs as much as the reduction: the pages are zeroed one by one. */
function sharedFloats(floats: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(floats * Float32Array.BYTES_PER_ELEMENT));
}

/** The payload as numbers; copied when it does not begin at a multiple of four bytes. */
function asFloats(payload: Uint8Array): Float32Array {
  // Not `slice`: a Buffer's is a view.
  const isAligned = payload.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0;
  const aligned = isAligned ? payload : new Uint8Array(payload);
  return new Float32Array(
    aligned.buffer,
    aligned.byteOffset,
    aligned.byteLength / Float32Array.BYTES_PER_ELEMENT,
  );
}

function disagreement(rank: number, own: ReduceInput, theirs: DataHeader): LockstepError {
  const message =
    `Rank ${rank} reduces step ${own.step} with ${own.microBatches} micro-batches of ${own.length} numbers, ` +
    `rank ${theirs.sender} reduces step ${theirs.step} with ${theirs.microBatches} of ${theirs.vectorLength}.`;
  return new LockstepError('PROTOCOL', message, 'Start all processes from one installation.');
}
