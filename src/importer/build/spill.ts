/**
 * A temporary file for values whose final order is not known yet, so that an import may be larger than
 * memory. The open file has no name on disk, so nothing stays behind even if the process is killed.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, write } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { writeFailure } from '../../core/file-error.ts';
import { makeFolders } from '../../core/make-folders.ts';
import { bytesOf, type StoredValues } from '../../data/format/values.ts';

const BUFFER_BYTES = 4 * 2 ** 20;
const writeBytes = promisify(write);

/** Values on disk; `close` it after use. */
export class Spill {
  /** Open for reading and writing. */
  readonly file: number;
  readonly #target: string;
  /** Filled up to `#blockBytes`. */
  #block = new Uint8Array(BUFFER_BYTES);
  #blockBytes = 0;
  /** Filled ones that wait. */
  #blocks: Uint8Array<ArrayBuffer>[] = [];
  /** One that was written, to be filled again. */
  #spare: Uint8Array<ArrayBuffer> | undefined;
  #appendedBytes = 0;
  #writtenBytes = 0;
  #writing: Promise<void> | undefined;

  private constructor(file: number, target: string) {
    this.file = file;
    this.#target = target;
  }

  /**
   * Opens a spill on the disk that will hold `target`.
   * @throws LockstepError OUT_OF_RESOURCES or USAGE when it cannot write, here or later
   */
  static beside(target: string): Spill {
    const folder = dirname(resolve(target));
    // `tidyAfterCrash` knows the name, should the process die before it is gone.
    const path = join(folder, `.${basename(target)}.tmp-${randomBytes(6).toString('hex')}`);
    try {
      makeFolders(folder);
      const file = openSync(path, 'wx+');
      unlinkSync(path);
      return new Spill(file, target);
    } catch (error) {
      throw writeFailure(error, target, 0);
    }
  }

  /** Appends a copy of values and returns the offset at which `readSpilled` finds them. `flush` it when it is full. */
  append(values: StoredValues): number {
    const offset = this.#appendedBytes;
    if (this.#blockBytes + values.byteLength > this.#block.length) {
      this.#closeBlock(Math.max(BUFFER_BYTES, values.byteLength));
    }
    this.#block.set(bytesOf(values), this.#blockBytes);
    this.#blockBytes += values.byteLength;
    this.#appendedBytes += values.byteLength;
    return offset;
  }

  /** Bytes appended so far. */
  get sizeBytes(): number {
    return this.#appendedBytes;
  }

  get isFull(): boolean {
    return this.#blocks.length > 0;
  }

  #closeBlock(nextBytes: number): void {
    this.#blocks.push(this.#block.subarray(0, this.#blockBytes));
    this.#block = nextBytes === BUFFER_BYTES ? this.#emptyBlock() : new Uint8Array(nextBytes);
    this.#blockBytes = 0;
  }

  #emptyBlock(): Uint8Array<ArrayBuffer> {
    const block = this.#spare ?? new Uint8Array(BUFFER_BYTES);
    this.#spare = undefined;
    return block;
  }

  /** Starts to write what fills the memory. */
  async flush(): Promise<void> {
    await this.#settle();
    this.#writing = this.#write(this.#blocks);
    // What becomes of it, `#settle` says.
    this.#writing.catch(() => {});
    this.#blocks = [];
  }

  /** After this, `readSpilled` finds everything appended so far. */
  async finish(): Promise<void> {
    this.#closeBlock(0);
    await this.flush();
    await this.#settle();
  }

  async #settle(): Promise<void> {
    await this.#writing?.catch((error) => {
      throw writeFailure(error, this.#target, this.#writtenBytes);
    });
  }

  async #write(blocks: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    for (const bytes of blocks) {
      for (let done = 0; done < bytes.length; ) {
        const left = bytes.length - done;
        const { bytesWritten } = await writeBytes(this.file, bytes, done, left, this.#writtenBytes);
        done += bytesWritten;
        this.#writtenBytes += bytesWritten;
      }
      if (bytes.buffer.byteLength === BUFFER_BYTES) this.#spare = new Uint8Array(bytes.buffer);
    }
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => {});
    closeSync(this.file);
  }
}

/** Fills `into`, at once: many short reads in turn would wait longer for their promises than for the disk. */
export function readSpilled(file: number, offset: number, into: StoredValues): void {
  const bytes = bytesOf(into);
  for (let done = 0; done < bytes.length; ) {
    const bytesRead = readSync(file, bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) throw new Error(`the spill ends at byte ${offset + done}`);
    done += bytesRead;
  }
}
