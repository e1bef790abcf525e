/**
 * Memory that is used again in later rounds. Peers may read it long after `send` has resolved, and no message says
 * when they have finished. Fresh memory would cost as much as the reduction, since the system zeroes each page.
 */
export class RotatingBuffer {
  readonly #allocate: (floats: number) => Float32Array;
  readonly #slots: Float32Array[];

  /** @param slots number of rounds whose frames may be in flight at once */
  constructor(slots: number, allocate: (floats: number) => Float32Array) {
    this.#allocate = allocate;
    this.#slots = Array.from({ length: slots }, () => new Float32Array(0));
  }

  /**
   * Room for `floats` numbers, valid until the call for `round + slots`. Until then only the caller writes to it.
   */
  take(round: number, floats: number): Float32Array {
    const slot = round % this.#slots.length;
    // A slot that grows leaves its old memory to peers that still read it.
    if (this.#slots[slot]!.length < floats) this.#slots[slot] = this.#allocate(floats);
    return this.#slots[slot]!.subarray(0, floats);
  }
}
