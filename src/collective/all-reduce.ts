/**
 * The all-reduce: runs the exchange plan of each round over a transport. All ranks call `reduce` in the same
 * order. `form` begins a new generation: it counts rounds from 0 again, over new memory, so nothing from an unfinished
 * round can reach a later one.
 *
 * A rank finishes a round only when all ranks have begun it, so it is at most one round ahead of another. The sum has
 * the subtrees of every rank with micro-batches, and every piece of it was finished by its owner. A rank that has
 * neither sends everyone an empty frame as it begins.
 *
 * When memory may be reused. Our vectors and our part of the result are read in place by the workers of this host, and
 * by the transport until it has sent them. No message says when they have finished. But what we left in round n is free
 * when round n+1 is done here:
 *
 *   1. Round n+1 is done only when every rank has begun it.
 *   2. A rank that has begun round n+1 had finished round n. So it had received all frames of round n that the plan
 *      sends it: the transport needs them no more.
 *   3. And it had used them all. A combiner adds vectors of its host before the piece can be finished, and whoever gets
 *      a finished piece copies it into its own result at once.
 *
 * Hence two slots. This holds whatever the shapes of the two rounds are.
 */
import { LockstepError } from '../core/errors.ts';
import type { DataHeader } from '../protocol/data-frame.ts';

import { decodeHeader, encodeHeader, isIntact, runTag } from '../protocol/data-frame.ts';
import type { Awaited } from '../protocol/messages.ts';

import type { ExchangePlan } from './exchange-plan.ts';
import { exchangePlan, isSmall } from './exchange-plan.ts';
import type { OutgoingPart, OwnSubtree, ReduceInput, ReduceShape } from './exchange-round.ts';
import { ExchangeRound } from './exchange-round.ts';
import { RotatingBuffer } from './rotating-buffer.ts';
import { sharedFloats } from './transport/host-memory.ts';
import type { Frame, Transport } from './transport/transport.ts';

/** Rounds whose memory is in use at once. */
const SLOTS = 2;
const KEPT_PLANS = 16;

/** This worker's rank in one generation. */
export interface GenerationRank {
  readonly rank: number;
  readonly worldSize: number;
  readonly generation: number;
  /** Numbers of workers on each host, in order of rank. @default one host */
  readonly hosts?: readonly number[] | undefined;
}

/** What an all-reduce needs. */
export interface AllReduceOptions extends GenerationRank {
  /** Identity of the run; see the control protocol. */
  readonly run: string;
  /** Connected to all peers; null without peers. */
  readonly transport: Transport | null;
  /** Deadline of a round from its beginning here; it includes the computation of the slowest rank. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Gets this generation's frames that carry a state. */
  readonly onState?: (frame: ArrivedFrame) => void;
  /** Gets the header of a damaged frame of this generation, which the all-reduce drops. */
  readonly onDamaged?: (header: DataHeader) => void;
  /** Called for each useful frame. */
  readonly onProgress?: () => void;
}

/** Numbers of dropped frames, by reason. */
export interface DroppedFrames {
  /** Without a header of this protocol, or with a payload that is no multiple of four bytes. */
  malformed: number;
  /** From this generation, with a payload that differs from the sent one. */
  damaged: number;
  /** From another run, generation or round. */
  stale: number;
  /** From this round, but not awaited: duplicates. */
  unawaited: number;
}

/** A frame with its decoded header. */
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

/** One rank's side of all rounds. */
export class AllReduce {
  readonly dropped: DroppedFrames = { malformed: 0, damaged: 0, stale: 0, unawaited: 0 };
  readonly #options: AllReduceOptions;
  readonly #tag: string;
  #current: GenerationRank;
  #resultMemory: RotatingBuffer;
  /** Of what goes to other hosts: memory of this process alone, which the transport may hold as long as it likes. */
  #sentMemory = new RotatingBuffer(SLOTS, sharedFloats);
  /** Of this generation, by shape. */
  readonly #plans = new Map<string, ExchangePlan>();
  /** Frames of later rounds, from peers that are ahead. */
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

  /** What the round in progress still misses; null between rounds. */
  get awaited(): Awaited | null {
    return this.#active?.round.awaited ?? null;
  }

  /** Begins a generation: rejects the round in progress with `why`, and treats older frames as stale. */
  form(current: GenerationRank, why: Error): void {
    this.#current = current;
    this.#early.clear();
    this.#plans.clear();
    this.#number = 0;
    this.#broken = null;
    this.#active?.reject(why);
    this.#active = null;
    this.#options.transport?.forgetMemory();
    // Peers may still read the old memory.
    this.#resultMemory = this.#newMemory();
    this.#sentMemory = new RotatingBuffer(SLOTS, sharedFloats);
  }

  #newMemory(): RotatingBuffer {
    const { transport } = this.#options;
    return new RotatingBuffer(SLOTS, (floats) => transport?.memory(floats) ?? sharedFloats(floats));
  }

  /**
   * The canonical sum over all micro-batches of all ranks: the same bits on each. Other threads may see its memory.
   * It is read-only, and valid until the reduce after the next one. The caller must not write to the input's
   * vectors before the next reduce has resolved, since peers read them in place.
   * @throws LockstepError TIMEOUT past the deadline; PROTOCOL when ranks disagree about what they reduce;
   *   UNEXPECTED when the subtrees are not those of this rank's share
   * @throws the reason of `signal` when aborted; `why` of `form` when a new generation begins
   */
  async reduce({ subtrees, ...shape }: ReduceInput): Promise<Float32Array> {
    const { round, sum } = this.#open(shape);
    for (const subtree of subtrees) if (!round.has(subtree)) round.add(subtree);
    round.checkWhole();
    this.#settle();
    return await sum;
  }

  /**
   * Sends one finished subtree of the next `reduce` early, while this rank computes the others.
   * @throws what `reduce` throws
   */
  offer(shape: ReduceShape, subtree: OwnSubtree): void {
    this.#open(shape).round.add(subtree);
    this.#settle();
  }

  /** The round in progress; begins one if none is. */
  #open(shape: ReduceShape): Active {
    this.#options.signal.throwIfAborted();
    if (this.#broken !== null) throw this.#broken;
    if (this.#active !== null) {
      const { step } = this.#active.round.shape;
      if (step === shape.step) return this.#active;
      const message = `Cannot reduce step ${shape.step} while step ${step} is being reduced.`;
      throw new LockstepError('UNEXPECTED', message, 'This is a defect: please report it.');
    }
    const memory = {
      result: this.#resultMemory.take(this.#number, shape.length),
      sent: (floats: number) => this.#sentMemory.take(this.#number, floats),
    };
    const post = (part: OutgoingPart) => this.#post(shape, part);
    return this.#begin(new ExchangeRound(shape, this.#plan(shape), memory, post));
  }

  /** A plan takes as long as a small sum, and the steps of a phase have few shapes. */
  #plan({ microBatches, length }: ReduceShape): ExchangePlan {
    const key = `${microBatches} ${length}`;
    const plan = this.#plans.get(key) ?? this.#newPlan(microBatches, length);
    if (this.#plans.size === KEPT_PLANS) this.#plans.clear();
    this.#plans.set(key, plan);
    return plan;
  }

  #newPlan(microBatches: number, floats: number): ExchangePlan {
    const { rank, worldSize: workers, hosts } = this.#current;
    const { frameFloats: localFrameFloats, smallFloats } = this.#options.transport ?? {};
    const shape = { workers, hosts, microBatches, floats, localFrameFloats };
    return exchangePlan(rank, { ...shape, everywhere: isSmall(shape, smallFloats) });
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
    // Avoids an unhandled rejection: after an `offer` nobody may await the sum yet.
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
    // Before anything else: from here on this rank has passed the round, whatever happens to the generation.
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
    const wantsChecksum = transport!.wantsChecksum(out.peer, payload);
    const header = encodeHeader(fields, wantsChecksum ? payload : null);
    transport!.send(out.peer, { header, payload }).catch((thrown: unknown) => {
      const fallback = new LockstepError('PROTOCOL', `Cannot send to rank ${out.peer}.`, RESUME, {
        cause: thrown,
      });
      // The failure of a link that a new generation has closed does not concern that generation.
      if (sentBy !== this.#current) return;
      this.#break(thrown instanceof LockstepError ? thrown : fallback);
    });
  }

  /** Rejects the round in progress and all later ones. */
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

/** The payload as numbers; a copy if it does not begin at a multiple of four bytes. */
function asFloats(payload: Uint8Array): Float32Array {
  // Not `slice`: a Buffer's `slice` shares its memory.
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
