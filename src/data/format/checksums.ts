/**
 * CRC-32 of each block of a dataset's files, in one file beside them. By them a read notices what has changed since the
 * import, for as many bytes as it reads. The content hash does not cover that file, so datasets with and without
 * checksums have the same identity.
 */
import { crc32 } from 'node:zlib';
import { compareUtf8 } from './byte-order.ts';
import type { StoreManifest } from './store.ts';

/** Bytes that share a checksum: 4 bytes of checksums for 16 KiB are 0.02 %, and a short sequence costs one block. */
export const BLOCK_BYTES = 16 * 2 ** 10;

const BYTES_EACH = 4;

/** The checksums of a file's blocks; its last block may be shorter. */
export type BlockChecksums = Uint32Array;

/** Passes the chunks of a file on, and collects its checksums meanwhile. */
export class ChecksumCollector {
  readonly #sums: number[] = [];
  #sum = 0;
  /** Bytes of the block that is not yet full. */
  #filled = 0;

  async *through(
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#add(chunk);
      yield chunk;
    }
  }

  /** After the last chunk. */
  finish(): BlockChecksums {
    if (this.#filled > 0) this.#end();
    return Uint32Array.from(this.#sums);
  }

  #add(chunk: Uint8Array): void {
    for (let start = 0; start < chunk.length; ) {
      const end = Math.min(chunk.length, start + BLOCK_BYTES - this.#filled);
      this.#sum = crc32(chunk.subarray(start, end), this.#sum);
      this.#filled += end - start;
      if (this.#filled === BLOCK_BYTES) this.#end();
      start = end;
    }
  }

  #end(): void {
    this.#sums.push(this.#sum);
    this.#sum = 0;
    this.#filled = 0;
  }
}

/** The bytes of the file of checksums: those of each file, little-endian, in the order of the files' names. */
export function encodeChecksums(byFile: ReadonlyMap<string, BlockChecksums>): Uint8Array {
  const names = [...byFile.keys()].sort(compareUtf8);
  return Buffer.concat(names.map((name) => Buffer.from(byFile.get(name)!.buffer)));
}

/** What `encodeChecksums` wrote. @throws Error when there are too few or too many for the files */
export function decodeChecksums(
  bytes: Uint8Array,
  files: StoreManifest['files'],
): Map<string, BlockChecksums> {
  const byFile = new Map<string, BlockChecksums>();
  let position = 0;
  for (const name of Object.keys(files).sort(compareUtf8)) {
    const end = position + Math.ceil(files[name]!.sizeBytes / BLOCK_BYTES) * BYTES_EACH;
    if (end > bytes.length) break;
    byFile.set(name, new Uint32Array(Uint8Array.from(bytes.subarray(position, end)).buffer));
    position = end;
  }
  if (position === bytes.length && byFile.size === Object.keys(files).length) return byFile;
  throw new Error(`it has ${bytes.length} bytes, which is not one checksum for each block`);
}

/**
 * Compares bytes that begin and end at the ends of blocks with their checksums.
 * @param first number of their first block
 * @throws Error that names the first block that differs
 */
export function compareBlocks(bytes: Uint8Array, first: number, sums: BlockChecksums): void {
  for (let start = 0, block = first; start < bytes.length; start += BLOCK_BYTES, block++) {
    const end = Math.min(bytes.length, start + BLOCK_BYTES);
    if (crc32(bytes.subarray(start, end)) === sums[block]) continue;
    const at = block * BLOCK_BYTES;
    throw new Error(`the bytes ${at} to ${at + end - start} have changed since they were written`);
  }
}
