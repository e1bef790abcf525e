/**
 * Memory that peers read long after `send` has resolved, and nothing says when they are done. It is used again, since
 * fresh memory costs as much as the reduction: its pages are zeroed one by one.
 */
export class RotatingBuffer {
  readonly #allocate: (floats: number) => Float32Array;
  readonly #slots: Float32Array[];

  /** @param slots how many rounds' frames may be in flight at once. */
  constructor(slots: number, allocate: (floats: number) => Float32Array) {
    this.#allocate = allocate;
    this.#slots = Array.from({ length: slots }, () => new Float32Array(0));
  }

  /**
   * Room for `floats` numbers, valid until this is called for `round + slots`. Until then nothing writes to
   * it but the caller.
   */
  take(round: number, floats: number): Float32Array {
    const slot = round % this.#slots.length;
    // A slot that grows leaves its old memory to whoever still reads it.
    if (this.#slots[slot]!.length < floats) this.#slots[slot] = this.#allocate(floats);
    return this.#slots[slot]!.subarray(0, floats);
  }
}
