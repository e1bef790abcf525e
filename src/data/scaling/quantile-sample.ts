import type { Places } from './moments.ts';

/** Values kept of each channel: 1 MiB with their blocks. */
const CAPACITY = 2 ** 16;

/**
 * Quantiles of a stream in constant memory. Up to `CAPACITY` values they are exact. Of a longer stream it keeps one value
 * of each block of 2ᵏ, at a place that follows from the block's number alone; whenever it is full, k grows by one and
 * every second value goes. So at least 32 768 values count, each from another part of the stream, and the rank of a
 * quartile is off by 0.24 % at most (one standard deviation of as many random values).
 */
export class QuantileSample {
  readonly #capacity: number;
  #values = new Float64Array(1024);
  /** Number of the block that each value is from. */
  #blocks = new Float64Array(1024);
  #size = 0;
  /** Values of the stream so far, missing ones included. */
  #position = 0;
  /** A power of two, at most 2³⁰: `&` then is a remainder, and takes a tenth of the time of `%`. */
  #blockSize = 1;
  #block = 0;
  /** Position of the value that is next to be kept. */
  #next = 0;

  /** @param capacity at least 2 */
  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  /** Adds one channel of a sequence; missing values (NaN) do not count. */
  add(values: ArrayLike<number>, { begin, stride }: Pick<Places, 'begin' | 'stride'>): void {
    const count = Math.ceil((values.length - begin) / stride);
    while (this.#next < this.#position + count) {
      const value = values[begin + (this.#next - this.#position) * stride]!;
      if (!Number.isNaN(value)) this.#keep(value);
      this.#goTo(this.#block + 1);
    }
    this.#position += count;
  }

  /** The quantiles at these shares, between neighbours by linear interpolation; zeros for an empty stream. */
  at(shares: readonly number[]): number[] {
    const sorted = this.#values.slice(0, this.#size).sort();
    if (sorted.length === 0) return shares.map(() => 0);
    return shares.map((share) => {
      const place = share * (sorted.length - 1);
      const below = Math.floor(place);
      const [low, high] = [sorted[below]!, sorted[Math.ceil(place)]!];
      return low + (high - low) * (place - below);
    });
  }

  #keep(value: number): void {
    if (this.#size === this.#capacity) this.#halve();
    else if (this.#size === this.#values.length) this.#grow();
    this.#values[this.#size] = value;
    this.#blocks[this.#size++] = this.#block;
  }

  #goTo(block: number): void {
    this.#block = block;
    this.#next = block * this.#blockSize + (hashOf(block) & (this.#blockSize - 1));
  }

  #grow(): void {
    const size = Math.min(this.#capacity, 2 * this.#values.length);
    const [values, blocks] = [new Float64Array(size), new Float64Array(size)];
    values.set(this.#values);
    blocks.set(this.#blocks);
    [this.#values, this.#blocks] = [values, blocks];
  }

  /** Of each pair of blocks the value of one stays. The block of the value that is being kept becomes its pair. */
  #halve(): void {
    let kept = 0;
    for (let index = 0; index < this.#size; index++) {
      const block = this.#blocks[index]!;
      const pair = Math.floor(block / 2);
      if ((block & 1) !== (hashOf(pair) & 1)) continue;
      this.#values[kept] = this.#values[index]!;
      this.#blocks[kept++] = pair;
    }
    this.#size = kept;
    this.#blockSize *= 2;
    this.#block = Math.floor(this.#block / 2);
  }
}

/** Mixes the bits of a number (the finaliser of MurmurHash3). */
function hashOf(number: number): number {
  let h = (number ^ Math.imul(Math.floor(number / 2 ** 32), 0x9e3779b1)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
