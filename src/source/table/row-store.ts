/**
 * Collects rows of numbers by key in any order, in bounded memory: beyond the bound the rows wait in a temporary
 * file, which has no name on disk.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFailure } from '../../core/file-error.ts';

/** Most bytes of rows in memory. */
const MOST_BYTES = 256 * 2 ** 20;
const FIRST_ROWS = 4;
/** The file is written in blocks of about this size. */
const WRITE_BYTES = 4 * 2 ** 20;

/** The rows of one key. */
interface Rows {
  /** Those in memory. */
  numbers: Float64Array;
  size: number;
  /** Where the others are in the file: byte, then count of numbers. */
  readonly blocks: number[];
}

/** `close` it after use. */
export class RowStore {
  readonly #width: number;
  readonly #mostBytes: number;
  readonly #rows: Rows[] = [];
  #waitingBytes = 0;
  #file: FileHandle | undefined;
  #fileBytes = 0;

  /** @param width numbers of a row */
  constructor(width: number, mostBytes = MOST_BYTES) {
    this.#width = width;
    this.#mostBytes = mostBytes;
  }

  /** Adds the numbers of one row, in their order; `flush` when it returns true. */
  add(key: number, row: Float64Array): boolean {
    this.#rows[key] ??= { numbers: new Float64Array(0), size: 0, blocks: [] };
    const rows = this.#rows[key];
    if (rows.size === rows.numbers.length) {
      const grown = new Float64Array(Math.max(FIRST_ROWS * this.#width, rows.size * 2));
      grown.set(rows.numbers);
      this.#waitingBytes += grown.byteLength - rows.numbers.byteLength;
      rows.numbers = grown;
    }
    const { numbers, size } = rows;
    for (let i = 0; i < this.#width; i++) numbers[size + i] = row[i]!;
    rows.size += this.#width;
    return this.#waitingBytes > this.#mostBytes;
  }

  /**
   * Moves all rows into the file.
   * @throws LockstepError OUT_OF_RESOURCES or USAGE when it cannot write
   */
  async flush(): Promise<void> {
    try {
      this.#file ??= await temporaryFile();
      await this.#writeRows(this.#file);
    } catch (error) {
      throw writeFailure(error, tmpdir(), this.#fileBytes);
    }
    this.#waitingBytes = 0;
  }

  async #writeRows(file: FileHandle): Promise<void> {
    let block: Buffer[] = [];
    let blockBytes = 0;
    const write = async () => {
      await writeAll(file, Buffer.concat(block), this.#fileBytes);
      this.#fileBytes += blockBytes;
      block = [];
      blockBytes = 0;
    };
    for (const rows of this.#rows) {
      if (rows.size === 0) continue;
      rows.blocks.push(this.#fileBytes + blockBytes, rows.size);
      block.push(bytesOf(rows.numbers, rows.size));
      blockBytes += rows.size * Float64Array.BYTES_PER_ELEMENT;
      rows.numbers = new Float64Array(0);
      rows.size = 0;
      if (blockBytes >= WRITE_BYTES) await write();
    }
    await write();
  }

  /** The rows of a key in the order in which they came, one behind the other; forgets those in memory. */
  async take(key: number): Promise<Float64Array> {
    const { numbers, size, blocks } = this.#rows[key]!;
    this.#rows[key]!.numbers = new Float64Array(0);
    if (blocks.length === 0) return numbers.subarray(0, size);
    const stored = blocks.reduce((sum, count, i) => (i % 2 === 1 ? sum + count : sum), 0);
    const all = new Float64Array(stored + size);
    let filled = 0;
    for (let i = 0; i < blocks.length; i += 2) {
      const part = all.subarray(filled, filled + blocks[i + 1]!);
      await readAll(this.#file!, bytesOf(part, part.length), blocks[i]!);
      filled += part.length;
    }
    all.set(numbers.subarray(0, size), filled);
    return all;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

const bytesOf = (numbers: Float64Array, count: number): Buffer =>
  Buffer.from(numbers.buffer, numbers.byteOffset, count * numbers.BYTES_PER_ELEMENT);

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

async function readAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new Error(`the temporary file ends at byte ${position + done}`);
    done += bytesRead;
  }
}

async function temporaryFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `lockstep-rows-${randomBytes(6).toString('hex')}`);
  const file = await open(path, 'wx+');
  await unlink(path);
  return file;
}
