/**
 * The all-reduce: runs the exchange plan of each round over a transport. All ranks call `reduce` in the same
 * order; a rank may be one round ahead of another, never two, since finishing a round takes a frame of it
 * from every peer. `form` begins a new generation: rounds are counted from 0 again, over new memory, so
 * nothing of an unfinished round can reach a later one.
 *
 * When memory may be reused (peers read our vectors and our part of the result where they lie, and nothing says when
 * they are done): what was sent in round n is free when round n+1 is done here. A frame of round n+1 from a peer means that it began
 * that round, so had finished round n, so had read all our frames of it. Hence two slots.
 */
import { LockstepError } from '../core/errors.ts';
import type { DataHeader } from '../protocol/data-frame.ts';

import { decodeHeader, encodeHeader, isIntact, runTag } from '../protocol/data-frame.ts';
import type { Awaited } from '../protocol/messages.ts';

import { FRAME_FLOATS } from './exchange-plan.ts';
import type { OutgoingPart, OwnSubtree, ReduceInput, ReduceShape } from './exchange-round.ts';
import { ExchangeRound } from './exchange-round.ts';
import { RotatingBuffer } from './rotating-buffer.ts';
import { sharedFloats } from './transport/host-memory.ts';
import type { Frame, Transport } from './transport/transport.ts';

/** Which rank this worker is in one generation. */
export interface GenerationRank {
  readonly rank: number;
  readonly worldSize: number;
  readonly generation: number;
}

export interface AllReduceOptions extends GenerationRank {
  /** Identity of the run, see the control protocol. */
  readonly run: string;
  /** Connected to all peers; null when there are none. */
  readonly transport: Transport | null;
  /** A round must be done so long after it began here; the slowest rank's computation counts. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Gets the frames of this generation that carry a state. */
  readonly onState?: (frame: ArrivedFrame) => void;
  /** Gets the header of a frame of this generation whose payload is not the one that was sent: it is dropped. */
  readonly onDamaged?: (header: DataHeader) => void;
  /** Called when a frame that is of use has come. */
  readonly onProgress?: () => void;
}

/** Frames that were not used, by why. */
export interface DroppedFrames {
  /** No header of this protocol, or a payload that is not whole numbers. */
  malformed: number;
  /** Of this generation, with a payload that is not what was sent. */
  damaged: number;
  /** Of another run, generation or round. */
  stale: number;
  /** Of this round, but not awaited: duplicates. */
  unawaited: number;
}

export interface ArrivedFrame {
  readonly header: DataHeader;
  readonly payload: Float32Array;
}

interface Active {
  readonly round: ExchangeRound;
  readonly sum: Promise<Float32Array>;
  readonly resolve: (sum: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

export class AllReduce {
  readonly dropped: DroppedFrames = { malformed: 0, damaged: 0, stale: 0, unawaited: 0 };
  readonly #options: AllReduceOptions;
  readonly #tag: string;
  #current: GenerationRank;
  #resultMemory: RotatingBuffer;
  /** Frames of the next rounds, from peers that are ahead. */
  readonly #early = new Map<number, ArrivedFrame[]>();
  /** Number of the round in progress, or of the next one. */
  #number = 0;
  #active: Active | null = null;
  #broken: LockstepError | null = null;

  constructor(options: AllReduceOptions) {
    this.#options = options;
    this.#current = options;
    this.#tag = runTag(options.run);
    const { transport } = options;
    this.#resultMemory = this.#newMemory();
    if (transport !== null) void this.#receive(transport);
  }

  /** What the round in progress misses; null between rounds. */
  get awaited(): Awaited | null {
    return this.#active?.round.awaited ?? null;
  }

  /** Drops the round in progress, which rejects with `why`; frames of the generation before are stale now. */
  form(current: GenerationRank, why: Error): void {
    this.#current = current;
    this.#early.clear();
    this.#number = 0;
    this.#broken = null;
    this.#active?.reject(why);
    this.#active = null;
    this.#options.transport?.forgetMemory();
    // Peers may still read what lies in the memory before.
    this.#resultMemory = this.#newMemory();
  }

  #newMemory(): RotatingBuffer {
    const { transport } = this.#options;
    return new RotatingBuffer(2, (floats) => transport?.memory(floats) ?? sharedFloats(floats));
  }

  /**
   * The canonical sum over all micro-batches of all ranks, the same bits on each, in memory that other threads
   * may see; it is valid, and read only, until the reduce after the next one. Neither are the vectors of the input to
   * be written before the next reduce has resolved: peers read them where they lie. Throws TIMEOUT past the deadline,
   * PROTOCOL when ranks disagree about what they reduce, UNEXPECTED for other subtrees than those of this rank's
   * share, and the signal's reason when aborted.
   */
  async reduce({ subtrees, ...shape }: ReduceInput): Promise<Float32Array> {
    const { round, sum } = this.#open(shape);
    for (const subtree of subtrees) if (!round.has(subtree)) round.add(subtree);
    round.checkWhole();
    this.#settle();
    return await sum;
  }

  /**
   * A subtree of the next `reduce` that is already there: peers get it while this rank computes the others.
   * Throws what `reduce` throws.
   */
  offer(shape: ReduceShape, subtree: OwnSubtree): void {
    this.#open(shape).round.add(subtree);
    this.#settle();
  }

  /** The round in progress, begun if there is none. */
  #open(shape: ReduceShape): Active {
    const { signal, transport } = this.#options;
    signal.throwIfAborted();
    if (this.#broken !== null) throw this.#broken;
    if (this.#active !== null) {
      const { step } = this.#active.round.shape;
      if (step === shape.step) return this.#active;
      const message = `Cannot reduce step ${shape.step} while step ${step} is being reduced.`;
      throw new LockstepError('UNEXPECTED', message, 'This is a defect: please report it.');
    }
    const result = this.#resultMemory.take(this.#number, shape.length);
    const post = (part: OutgoingPart) => this.#post(shape, part);
    const frameFloats = transport?.frameFloats ?? FRAME_FLOATS;
    const { rank, worldSize } = this.#current;
    const round = new ExchangeRound(rank, worldSize, shape, result, frameFloats, post);
    return this.#begin(round);
  }

  #begin(round: ExchangeRound): Active {
    const { signal, deadlineMs } = this.#options;
    let resolve: Active['resolve'] = () => {};
    let reject: Active['reject'] = () => {};
    const sum = new Promise<Float32Array>((onSum, onError) => {
      resolve = onSum;
      reject = onError;
    });
    const active = { round, sum, resolve, reject };
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => reject(this.#late(round)), deadlineMs);
    const end = () => {
      if (this.#active === active) this.#active = null;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    // Whoever calls `reduce` hears of it; after an `offer` nobody may.
    sum.then(end, end);
    this.#active = active;
    const early = this.#early.get(this.#number) ?? [];
    this.#early.delete(this.#number);
    for (const arrived of early) this.#use(arrived);
    return active;
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
    const ahead = header.round - this.#number;
    const ours = header.run === this.#tag && header.generation === this.#current.generation;
    if (!ours || ahead < 0 || ahead > 1) {
      this.dropped.stale++;
      return;
    }
    if (!isIntact(header, payload)) {
      this.dropped.damaged++;
      this.#options.onDamaged?.(header);
      return;
    }
    const arrived = { header, payload: asFloats(payload) };
    this.#options.onProgress?.();
    if (header.stage === 'state') this.#options.onState?.(arrived);
    else if (ahead === 0 && this.#active !== null) {
      this.#use(arrived);
      this.#settle();
    } else {
      this.#early.set(header.round, [...(this.#early.get(header.round) ?? []), arrived]);
    }
  }

  #use({ header, payload }: ArrivedFrame): void {
    const { round, reject } = this.#active!;
    const { step, length, microBatches } = round.shape;
    const agrees =
      header.step === step &&
      header.vectorLength === length &&
      header.microBatches === microBatches;
    if (!agrees) reject(disagreement(this.#current.rank, round.shape, header));
    else if (!round.accept(header, payload)) this.dropped.unawaited++;
  }

  #settle(): void {
    if (!this.#active?.round.done) return;
    const { round, resolve } = this.#active;
    // At once: from here on this rank is past the round, whatever happens to the generation.
    this.#active = null;
    this.#number++;
    resolve(round.result);
  }

  #post({ step, length, microBatches }: ReduceShape, out: OutgoingPart): void {
    const { transport } = this.#options;
    const sentBy = this.#current;
    const { generation, rank } = sentBy;
    const payload = new Uint8Array(out.part.buffer, out.part.byteOffset, out.part.byteLength);
    const fields = {
      run: this.#tag,
      generation,
      round: this.#number,
      step,
      stage: out.stage,
      sender: rank,
      vectorLength: length,
      microBatches,
      level: out.node.level,
      index: out.node.index,
      offset: out.offset,
    };
    const header = encodeHeader(fields, transport!.wantsChecksums ? payload : null);
    transport!.send(out.peer, { header, payload }).catch((thrown: unknown) => {
      const fallback = new LockstepError('PROTOCOL', `Cannot send to rank ${out.peer}.`, RESUME, {
        cause: thrown,
      });
      // A link that a new generation closed is no failure of that generation.
      if (sentBy !== this.#current) return;
      this.#break(thrown instanceof LockstepError ? thrown : fallback);
    });
  }

  /** No round can be done any more. */
  #break(error: LockstepError): void {
    this.#broken ??= error;
    this.#active?.reject(this.#broken);
  }

  #late(round: ExchangeRound): LockstepError {
    const { deadlineMs } = this.#options;
    const { rank } = this.#current;
    const { step } = round.shape;
    const message = `Rank ${rank} waited ${deadlineMs} ms in the all-reduce of step ${step} for rank ${round.awaited.ranks.join(', ')}.`;
    return new LockstepError('TIMEOUT', message, RESUME);
  }
}

const RESUME = 'Read the logs of the ranks named, then resume from the last checkpoint.';

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

function disagreement(rank: number, own: ReduceShape, theirs: DataHeader): LockstepError {
  const message =
    `Rank ${rank} reduces step ${own.step} with ${own.microBatches} micro-batches of ${own.length} numbers, ` +
    `rank ${theirs.sender} reduces step ${theirs.step} with ${theirs.microBatches} of ${theirs.vectorLength}.`;
  return new LockstepError('PROTOCOL', message, 'Start all processes from one installation.');
}
