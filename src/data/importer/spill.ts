/**
 * A temporary file for values whose final order is not known yet, so that an import may be larger than
 * memory. The open file has no name on disk, so nothing stays behind even if the process is killed.
 */

import { randomBytes } from 'node:crypto';
import { readSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeFailure } from '../../core/file-error.ts';
import { makeFolders } from '../../core/make-folders.ts';
import type { ValueType } from '../format/store.ts';
import { BYTES_PER_VALUE, bytesOf, type StoredValues, valuesFromBytes } from '../format/values.ts';

const BUFFER_BYTES = 4 * 2 ** 20;

/** Values on disk; `close` it after use. */
export class Spill {
  readonly #file: FileHandle;
  readonly #target: string;
  readonly #valueType: ValueType;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writtenBytes = 0;

  private constructor(file: FileHandle, target: string, valueType: ValueType) {
    this.#file = file;
    this.#target = target;
    this.#valueType = valueType;
  }

  /**
   * Opens a spill on the disk that will hold `target`.
   * @throws LockstepError OUT_OF_RESOURCES or USAGE when it cannot write, here or later
   */
  static async beside(target: string, valueType: ValueType): Promise<Spill> {
    const folder = dirname(resolve(target));
    const path = join(folder, `.spill-${randomBytes(6).toString('hex')}`);
    try {
      makeFolders(folder);
      const file = await open(path, 'wx+');
      await unlink(path);
      return new Spill(file, target, valueType);
    } catch (error) {
      throw writeFailure(error, target, 0);
    }
  }

  /** Appends values and returns the offset at which `read` finds them. */
  async append(values: StoredValues): Promise<number> {
    const offset = this.#writtenBytes + this.#waitingBytes;
    this.#waiting.push(bytesOf(values));
    this.#waitingBytes += values.byteLength;
    if (this.#waitingBytes >= BUFFER_BYTES) await this.flush();
    return offset;
  }

  /** After this, `read` finds everything appended so far. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      await this.#write(bytes);
    } catch (error) {
      throw writeFailure(error, this.#target, this.#writtenBytes);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const left = bytes.length - done;
      const { bytesWritten } = await this.#file.write(bytes, done, left, this.#writtenBytes);
      done += bytesWritten;
      this.#writtenBytes += bytesWritten;
    }
  }

  /** Reads at once: many short reads in turn would wait longer for their promises than for the disk. */
  read(offset: number, count: number): StoredValues {
    const bytes = new Uint8Array(count * BYTES_PER_VALUE[this.#valueType]);
    for (let done = 0; done < bytes.length; ) {
      const bytesRead = readSync(this.#file.fd, bytes, done, bytes.length - done, offset + done);
      if (bytesRead === 0) throw new Error(`the spill ends at byte ${offset + done}`);
      done += bytesRead;
    }
    return valuesFromBytes(this.#valueType, bytes);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
