/**
 * Standard error for what is shown while a run goes on. A terminal that takes nothing (Ctrl-S, a reader that
 * stands still) must not hold up the process that watches the run, so nothing here waits for it.
 */
import { write as writeFile } from 'node:fs';
import { systemErrorCode } from '../core/file-error.ts';

export interface DisplayOutput {
  readonly isTTY: boolean;
  /** Width of the terminal. */
  readonly columns?: number | undefined;
  write(text: string): boolean;
}

export interface PatientOutput extends DisplayOutput {
  /** Resolves when all that was kept is written, or never can be. */
  flushed(): Promise<void>;
}

/** What waits beyond so many characters is dropped: old frames of a progress bar are worth nothing. */
const MOST_WAITING = 64 * 1024;
/** How soon a pipe that was full is tried again. */
const RETRY_MS = 50;

/** @param fd of the file, terminal or pipe */
export function patientOutput(
  fd: number,
  { isTTY = false, columns }: { readonly isTTY?: boolean; readonly columns?: number | undefined },
): PatientOutput {
  return new Patient(fd, isTTY, columns);
}

class Patient implements PatientOutput {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly #fd: number;
  #waiting = '';
  #underWay: Promise<void> | undefined;

  constructor(fd: number, isTTY: boolean, columns: number | undefined) {
    this.#fd = fd;
    this.isTTY = isTTY;
    this.columns = columns;
  }

  /** All that is written in one turn of the event loop is kept or dropped together. */
  write(text: string): boolean {
    this.#waiting = this.#waiting.length < MOST_WAITING ? this.#waiting + text : text;
    this.#underWay ??= this.#writeAll();
    return true;
  }

  async flushed(): Promise<void> {
    await this.#underWay;
  }

  async #writeAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting !== '') {
      const bytes = Buffer.from(this.#waiting);
      this.#waiting = '';
      if (!(await this.#writeBytes(bytes))) break;
    }
    this.#waiting = '';
    this.#underWay = undefined;
  }

  /** False when the reader is gone: then what is shown interests nobody. */
  async #writeBytes(bytes: Buffer): Promise<boolean> {
    for (let written = 0; written < bytes.length; ) {
      const count = await writeOnce(this.#fd, bytes.subarray(written));
      if (count === undefined) return false;
      if (count === 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      written += count;
    }
    return true;
  }
}

/** Bytes that were taken; undefined when none ever will be. */
async function writeOnce(fd: number, bytes: Buffer): Promise<number | undefined> {
  return await new Promise((resolve) => {
    writeFile(fd, bytes, (error, count) => {
      if (error === null) resolve(count);
      else resolve(systemErrorCode(error) === 'EAGAIN' ? 0 : undefined);
    });
  });
}
