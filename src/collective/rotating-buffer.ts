/** Memory for outgoing frames, since ZeroMQ sends from it after `send` has resolved, and never says when it is done. */
export class RotatingBuffer {
  readonly #slots: Float32Array[];

  /** @param slots how many rounds' frames may be in flight at once. */
  constructor(slots: number) {
    this.#slots = Array.from({ length: slots }, () => new Float32Array(0));
  }

  /**
   * Room for `floats` numbers, valid until this is called for `round + slots`. Until then nothing writes to
   * it but the caller.
   */
  take(round: number, floats: number): Float32Array {
    const slot = round % this.#slots.length;
    // A slot that grows leaves its old memory to ZeroMQ's references and the garbage collector.
    if (this.#slots[slot]!.length < floats) this.#slots[slot] = new Float32Array(floats);
    return this.#slots[slot]!.subarray(0, floats);
  }
}
