/** Values kept of each channel: 2 MiB as float64. */
const CAPACITY = 2 ** 18;

/**
 * Quantiles of a stream in constant memory. Up to `CAPACITY` values they are exact. Of a longer stream it keeps a
 * sample that follows from the positions of its values alone: those whose hashed position is below a threshold, which
 * halves whenever the sample is full. So at least 131 072 values count, and the rank of a quartile is off by 0.12 %
 * (one standard deviation).
 */
export class QuantileSample {
  readonly #capacity: number;
  #values = new Float64Array(0);
  #hashes = new Uint32Array(0);
  #size = 0;
  #position = 0;
  #threshold = 2 ** 32;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  add(value: number): void {
    const hash = hashOf(this.#position++);
    if (hash >= this.#threshold) return;
    if (this.#size === this.#values.length) this.#makeRoom();
    if (hash >= this.#threshold) return;
    this.#values[this.#size] = value;
    this.#hashes[this.#size++] = hash;
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

  #makeRoom(): void {
    const size = this.#values.length;
    if (size === this.#capacity) this.#halve();
    else this.#resize(Math.min(this.#capacity, Math.max(1024, 2 * size)));
  }

  #resize(size: number): void {
    const [values, hashes] = [new Float64Array(size), new Uint32Array(size)];
    values.set(this.#values);
    hashes.set(this.#hashes);
    [this.#values, this.#hashes] = [values, hashes];
  }

  #halve(): void {
    while (this.#size === this.#capacity) {
      this.#threshold /= 2;
      let kept = 0;
      for (let index = 0; index < this.#size; index++) {
        if (this.#hashes[index]! >= this.#threshold) continue;
        this.#values[kept] = this.#values[index]!;
        this.#hashes[kept++] = this.#hashes[index]!;
      }
      this.#size = kept;
    }
  }
}

/** Mixes the bits of a position (the finaliser of MurmurHash3). */
function hashOf(position: number): number {
  let h = (position ^ Math.imul(Math.floor(position / 2 ** 32), 0x9e3779b1)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
