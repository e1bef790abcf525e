/** Takes pieces of a wanted size from a stream of bytes. Holds one chunk at a time. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #taken = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return true;
      this.#chunk = next.value;
    }
    return false;
  }

  /** The next bytes: `count` of them, or fewer at the end of the stream. */
  async take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let missing = count;
    while (missing > 0 && !(await this.isAtEnd())) {
      const piece = this.#chunk.subarray(0, missing);
      this.#chunk = this.#chunk.subarray(piece.length);
      missing -= piece.length;
      pieces.push(piece);
    }
    this.#taken += count - missing;
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  /** Leaves out the next bytes. Returns how many there were. */
  async skip(count: number): Promise<number> {
    let left = count;
    while (left > 0 && !(await this.isAtEnd())) {
      const size = Math.min(left, this.#chunk.length);
      this.#chunk = this.#chunk.subarray(size);
      left -= size;
    }
    this.#taken += count - left;
    return count - left;
  }

  /** The rest of the stream. */
  async *rest(): AsyncGenerator<Buffer> {
    while (!(await this.isAtEnd())) yield await this.take(this.#chunk.length);
  }

  /** Closes the stream. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
