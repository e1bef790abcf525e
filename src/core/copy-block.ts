/** Copies of short arrays, many of them in one block of memory: an array of its own takes longer to make than to fill. */

const BLOCK_BYTES = 2 ** 18;
const ALIGNMENT = 8;

/** Makes copies, which nothing changes later. A block lives as long as any of its copies. */
export class CopyBlock {
  #block = new ArrayBuffer(0);
  #used = 0;

  doubles(values: Float64Array): Float64Array<ArrayBuffer> {
    const at = this.#take(values.byteLength);
    const copy = new Float64Array(this.#block, at, values.length);
    copy.set(values);
    return copy;
  }

  /** @param values at most 255 */
  bytes(values: Int32Array): Uint8Array<ArrayBuffer> {
    const at = this.#take(values.length);
    const copy = new Uint8Array(this.#block, at, values.length);
    copy.set(values);
    return copy;
  }

  /** Where `sizeBytes` begin in the block. */
  #take(sizeBytes: number): number {
    if (this.#used + sizeBytes > this.#block.byteLength) {
      this.#block = new ArrayBuffer(Math.max(BLOCK_BYTES, sizeBytes));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used = Math.ceil((at + sizeBytes) / ALIGNMENT) * ALIGNMENT;
    return at;
  }
}
