/** One open file of a dataset, whose reads compare what they read with its checksums. */
import type { FileHandle } from 'node:fs/promises';
import { BLOCK_BYTES, type BlockChecksums, compareBlocks } from './checksums.ts';
import { readFully } from './read-fully.ts';

/** Bytes that are compared at a time. */
const PIECE_BYTES = 256 * BLOCK_BYTES;

export class DataFile {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  /** Absent in a dataset of an older version. */
  readonly #sums: BlockChecksums | undefined;

  constructor(handle: FileHandle, sizeBytes: number, sums?: BlockChecksums) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
    this.#sums = sums;
  }

  /** Fills the array from a place of the file. @throws Error that says where the file ends, or has changed */
  async readAt(into: Uint8Array, offset: number): Promise<void> {
    if (this.#sums === undefined) return await readFully(this.#handle, into, offset);
    for (let done = 0; done < into.length; ) {
      const from = offset + done;
      const count = Math.min(into.length - done, PIECE_BYTES - (from % BLOCK_BYTES));
      await this.#readBlocks(into.subarray(done, done + count), from, this.#sums);
      done += count;
    }
  }

  /** Reads the whole blocks around a part, since only they have checksums. */
  async #readBlocks(into: Uint8Array, offset: number, sums: BlockChecksums): Promise<void> {
    const first = Math.floor(offset / BLOCK_BYTES);
    const start = first * BLOCK_BYTES;
    const end = offset + into.length;
    const around = Math.min(this.sizeBytes, Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES);
    if (end > around) throw new Error(`it ends at byte ${around}, ${end - around} too early`);
    const isWhole = start === offset && around === end;
    const bytes = isWhole ? into : Buffer.allocUnsafe(around - start);
    await readFully(this.#handle, bytes, start);
    compareBlocks(bytes, first, sums);
    if (!isWhole) into.set(bytes.subarray(offset - start, end - start));
  }
}
