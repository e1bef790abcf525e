/** Dilated convolutions of one sequence at a time, with the 84 kernels. Zeros surround a sequence. */
import { reserveWasm } from '../core/wasm.ts';
import { KERNEL_LENGTH, KERNELS, REACH } from './kernels.ts';
import { MOST_BIASES, type SimdFunctions, simdFunctions } from './simd.ts';

/** A sequence of real values. */
export interface Series {
  readonly channels: number;
  readonly length: number;
  /** `[channels, length]`. */
  readonly values: Float32Array;
}

/** One kernel at one dilation; its outputs in several channels are added. */
export interface Convolution {
  readonly dilation: number;
  /** Index into `KERNELS`. */
  readonly kernel: number;
  readonly channels: Int32Array;
}

/** What the outputs of a convolution above one bias come to. */
export interface Pool {
  /** How many there are. */
  count: number;
  /** Sum of their places among all outputs, from 0. */
  places: number;
  /** Most of them in a row. */
  longest: number;
  /** Sum of what they are above the bias. */
  excess: number;
}

/** Where two arrays lie whose sum is the output of a convolution, `[length]`. */
interface Addends {
  readonly left: number;
  readonly right: number;
}

const BYTES = Float32Array.BYTES_PER_ELEMENT;
const VECTOR_BYTES = 16;
/** Four vectors of which the first 0, 1, 2, 3 numbers count. */
const MASKS_BYTES = 4 * VECTOR_BYTES;
/** Address of what four pools have come to. */
const STATE = MASKS_BYTES;
/** Biases that are pooled at once. */
const LANES = 4;
/** Vectors of the state of four pools. */
const STATE_VECTORS = 5;
/** Outputs whose sums are added in single precision and 32-bit integers. */
const POOL_BLOCK = 1024;

export class Convolver {
  readonly #channels: number;
  /** Zeros on each side of a sequence, in bytes. */
  readonly #padding: number;
  /** Address of the numbers to compare with, then of their counts, then of a sequence. */
  readonly #biases = MASKS_BYTES + STATE_VECTORS * VECTOR_BYTES;
  readonly #counts: number;
  readonly #sequence: number;
  readonly #simd: SimdFunctions = simdFunctions();
  #length = 0;
  /** Bytes from one array of a sequence to the next. */
  #stride = 0;
  /** What the arrays of partial sums hold, by array; 0 for nothing of this sequence. */
  readonly #held: Float64Array;
  #floats = new Float32Array(0);
  #integers = new Int32Array(0);

  /**
   * @param largestDilation of those that will be asked for
   * @param biases that outputs will be compared with
   */
  constructor(channels: number, largestDilation: number, biases: Float32Array) {
    this.#channels = channels;
    this.#padding = alignedBytes(REACH * largestDilation);
    this.#counts = this.#biases + alignedBytes(biases.length);
    this.#sequence = this.#counts + alignedBytes(biases.length);
    this.#held = new Float64Array(2 + channels);
    this.#reserve(this.#sequence);
    for (let n = 0; n < 4; n++) this.#integers.fill(-1, 4 * n, 5 * n);
    this.#floats.set(biases, this.#biases / BYTES);
  }

  /** Takes a sequence: what follows is of this one. */
  load({ length, values }: Series): void {
    const count = alignedBytes(length);
    // A vector behind the end is read, but does not count.
    this.#stride = this.#padding + count + this.#padding + VECTOR_BYTES;
    this.#length = length;
    this.#held.fill(0);
    this.#reserve(this.#sequence + (3 * this.#channels + 4) * this.#stride);
    for (let channel = 0; channel < this.#channels; channel++) {
      const own = values.subarray(channel * length, (channel + 1) * length);
      this.#write(this.#place(channel), own, 1);
      this.#write(this.#triples(channel), own, 3);
    }
  }

  /** The output of a convolution at each timestep, as a copy. */
  output(convolution: Convolution): Float32Array {
    const { left, right } = this.#addends(convolution);
    const total = this.#scratch(3);
    this.#simd.add(total, left, right, this.#length * BYTES);
    return this.#floats.slice(total / BYTES, total / BYTES + this.#length);
  }

  /**
   * Counts the outputs that are greater than each of the biases `[begin, end)`.
   * @param isPadded whether outputs count for which the kernel reaches over an end of the sequence. Where there are no
   *   others, they do.
   * @returns how many outputs there are
   */
  countAbove(convolution: Convolution, begin: number, end: number, isPadded: boolean): number {
    const { left, right } = this.#addends(convolution);
    const { skipped, count } = this.#counted(convolution, isPadded);
    const [a, b] = [left + skipped * BYTES, right + skipped * BYTES];
    const size = (count & ~3) * BYTES;
    const mask = (count & 3) * VECTOR_BYTES;
    for (let bias = begin; bias < end; bias += MOST_BIASES) {
      const compare = this.#simd.count[Math.min(MOST_BIASES, end - bias) - 1]!;
      compare(a, b, size, mask, this.#biases + bias * BYTES, this.#counts + bias * BYTES);
    }
    return count;
  }

  /** What was counted, one number a bias; valid until the next `load`. */
  get counts(): Int32Array {
    return this.#integers.subarray(this.#counts / BYTES, this.#sequence / BYTES);
  }

  /**
   * Pools the outputs that are greater than each of the biases `[begin, end)`, into the first of `pools`.
   * @param isPadded as for `countAbove`
   * @returns how many outputs there are
   */
  poolAbove(
    convolution: Convolution,
    { begin, end, isPadded }: { readonly begin: number; readonly end: number; isPadded: boolean },
    pools: readonly Pool[],
  ): number {
    const { left, right } = this.#addends(convolution);
    const { skipped, count } = this.#counted(convolution, isPadded);
    const total = this.#scratch(3);
    const offset = skipped * BYTES;
    this.#simd.add(total, left + offset, right + offset, count * BYTES);
    for (let bias = begin; bias < end; bias += LANES) {
      this.#poolLanes(
        bias,
        total,
        count,
        pools.slice(bias - begin, Math.min(end, bias + LANES) - begin),
      );
    }
    return count;
  }

  /** Pools above up to four biases from `bias`; further lanes are those of other biases, and unread. */
  #poolLanes(bias: number, total: number, count: number, pools: readonly Pool[]): void {
    const state = this.#floats.subarray(STATE / BYTES, this.#biases / BYTES);
    const integers = this.#integers.subarray(STATE / BYTES, this.#biases / BYTES);
    integers.fill(0);
    for (const pool of pools) Object.assign(pool, { count: 0, places: 0, longest: 0, excess: 0 });
    for (let first = 0; first < count; first += POOL_BLOCK) {
      const size = Math.min(POOL_BLOCK, count - first);
      const biases = this.#biases + bias * BYTES;
      const vectors = (size & ~3) * BYTES;
      this.#simd.pool(total + first * BYTES, vectors, size * BYTES, biases, STATE);
      for (const [lane, pool] of pools.entries()) {
        const above = integers[lane]!;
        pool.count += above;
        pool.places += (first + size) * above - integers[LANES + lane]!;
        pool.longest = integers[3 * LANES + lane]!;
        pool.excess += state[4 * LANES + lane]!;
      }
    }
  }

  /** The outputs that count. */
  #counted(
    { dilation }: Convolution,
    isPadded: boolean,
  ): { readonly skipped: number; readonly count: number } {
    const reach = REACH * dilation;
    const skipped = isPadded || this.#length <= 2 * reach ? 0 : reach;
    return { skipped, count: this.#length - 2 * skipped };
  }

  #addends({ dilation, kernel, channels }: Convolution): Addends {
    const [a, b, c] = KERNELS[kernel]!;
    let left = this.#firstTwo(channels[0]!, dilation, a, b);
    let right = this.#shifted(channels[0]!, dilation, c);
    for (let at = 1; at < channels.length; at++) {
      const total = this.#scratch(2);
      const term = this.#scratch(3);
      this.#simd.add(total, left, right, this.#length * BYTES);
      const next = this.#firstTwo(channels[at]!, dilation, a, b);
      const last = this.#shifted(channels[at]!, dilation, c);
      this.#simd.add(term, next, last, this.#length * BYTES);
      left = total;
      right = term;
    }
    return { left, right };
  }

  /** Minus the sum under the kernel, plus three times its values at positions a and b. */
  #firstTwo(channel: number, dilation: number, a: number, b: number): number {
    const size = this.#length * BYTES;
    const sums = this.#sums(channel);
    const one = this.#scratch(0);
    const two = this.#scratch(1);
    if (this.#isNew(2 + channel, dilation)) {
      this.#simd.minusNine(sums, this.#place(channel), dilation * BYTES, size);
    }
    const ofOne = (dilation * this.#channels + channel) * KERNEL_LENGTH + a;
    if (this.#isNew(0, ofOne)) {
      this.#simd.add(one, sums, this.#shifted(channel, dilation, a), size);
    }
    if (this.#isNew(1, ofOne * KERNEL_LENGTH + b)) {
      this.#simd.add(two, one, this.#shifted(channel, dilation, b), size);
    }
    return two;
  }

  /** Notes what an array is to hold, a number from 1; false when it holds that already. */
  #isNew(array: number, what: number): boolean {
    if (this.#held[array] === what) return false;
    this.#held[array] = what;
    return true;
  }

  /** The values of a channel at its first timestep; their triples, sums, and the four arrays for all follow. */
  #place(channel: number): number {
    return this.#sequence + channel * this.#stride + this.#padding;
  }

  #triples(channel: number): number {
    return this.#place(this.#channels + channel);
  }

  #shifted(channel: number, dilation: number, position: number): number {
    return this.#triples(channel) + (position - REACH) * dilation * BYTES;
  }

  #sums(channel: number): number {
    return this.#place(2 * this.#channels + channel);
  }

  #scratch(number: number): number {
    return this.#place(3 * this.#channels + number);
  }

  /** Writes factor · values with zeros on both sides. */
  #write(place: number, values: Float32Array, factor: number): void {
    const begin = place / BYTES;
    this.#floats.fill(0, begin - this.#padding / BYTES, begin);
    for (let at = 0; at < values.length; at++) this.#floats[begin + at] = factor * values[at]!;
    const end = (place - this.#padding + this.#stride) / BYTES;
    this.#floats.fill(0, begin + values.length, end);
  }

  #reserve(bytes: number): void {
    const { memory } = this.#simd;
    reserveWasm(memory, bytes);
    if (this.#floats.buffer === memory.buffer) return;
    this.#floats = new Float32Array(memory.buffer);
    this.#integers = new Int32Array(memory.buffer);
  }
}

/** In whole vectors. */
const alignedBytes = (numbers: number): number =>
  Math.ceil((numbers * BYTES) / VECTOR_BYTES) * VECTOR_BYTES;
