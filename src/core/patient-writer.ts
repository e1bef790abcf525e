/**
 * Writes to a file, terminal or pipe without waiting for it. A terminal that takes nothing (Ctrl-S), a pipe that
 * nobody reads or a full disk must not hold up a process whose silence is fatal: what can't be written is dropped
 * and counted.
 */
import { constants, fstatSync, openSync, writeSync, write as writeToFile } from 'node:fs';
import { systemErrorCode } from './system-error.ts';

export interface PatientWriterOptions {
  /** What waits beyond so many bytes is dropped. @default 64 KiB */
  readonly mostWaitingBytes?: number;
}

const MOST_WAITING_BYTES = 64 * 1024;
/** How soon a terminal or pipe that was full is tried again. */
const RETRY_MS = 50;

export class PatientWriter {
  readonly #fd: number;
  readonly #mostWaitingBytes: number;
  /** Asks the system to take what it can at once; undefined where each write goes through another thread. */
  readonly #nonBlocking: number | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #failure: unknown;
  /** The file ends within a text that was refused: the next one begins a line. */
  #isTorn = false;
  #underWay: Promise<void> | undefined;

  /** @param fd of the file, terminal or pipe */
  constructor(fd: number, { mostWaitingBytes = MOST_WAITING_BYTES }: PatientWriterOptions = {}) {
    this.#fd = fd;
    this.#mostWaitingBytes = mostWaitingBytes;
    this.#nonBlocking = nonBlockingFd(fd);
  }

  /** Texts that were dropped or refused. */
  get lost(): number {
    return this.#lost;
  }

  /** Why the newest text was refused; undefined while all were taken. */
  get failure(): unknown {
    return this.#failure;
  }

  /** All that is written in one turn of the event loop is kept or dropped together. */
  write(text: string | Uint8Array): void {
    if (this.#waitingBytes >= this.#mostWaitingBytes) this.#drop();
    const bytes = Buffer.from(text);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#underWay ??= this.#writeAll();
  }

  /**
   * Resolves when all that was kept is written or refused, at the latest after `limitMs`.
   * @returns whether nothing waits any more
   */
  async settled(limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.#underWay === undefined) return true;
    if (limitMs === Number.POSITIVE_INFINITY) {
      await this.#underWay;
      return true;
    }
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const inTime = await Promise.race([this.#underWay.then(() => true), tooLate]);
    clearTimeout(timer);
    return inTime;
  }

  #drop(): void {
    this.#lost += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  async #writeAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const texts = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      await this.#writeTexts(this.#isTorn ? [Buffer.from('\n'), ...texts] : texts, texts.length);
    }
    this.#underWay = undefined;
  }

  async #writeTexts(texts: readonly Uint8Array[], count: number): Promise<void> {
    const bytes = Buffer.concat(texts);
    let written = 0;
    try {
      while (written < bytes.length) {
        const taken = await this.#writeOnce(bytes.subarray(written));
        if (taken === 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        written += taken;
      }
      this.#isTorn = false;
      this.#failure = undefined;
    } catch (thrown) {
      this.#lost += count;
      this.#isTorn ||= written > 0;
      this.#failure = thrown;
    }
  }

  /** Bytes that were taken; throws when none ever will be. */
  async #writeOnce(bytes: Uint8Array): Promise<number> {
    try {
      if (this.#nonBlocking !== undefined) return writeSync(this.#nonBlocking, bytes);
      return await new Promise<number>((resolve, reject) => {
        writeToFile(this.#fd, bytes, (error, count) =>
          error === null ? resolve(count) : reject(error),
        );
      });
    } catch (thrown) {
      if (systemErrorCode(thrown) === 'EAGAIN') return 0;
      throw thrown;
    }
  }
}

/**
 * A terminal or pipe is opened once more: a write that waits in another thread would keep the process from ending,
 * and O_NONBLOCK on a descriptor that is shared would concern other processes, too. Node has already made a socket
 * that is a standard stream non-blocking.
 */
function nonBlockingFd(fd: number): number | undefined {
  try {
    // As bigint: Node 20's realpath looks at the kind of the file that fs.stat saw last otherwise, and takes a link
    // behind a folder that it knows for no link when that was a socket or pipe.
    const kind = fstatSync(fd, { bigint: true });
    if (kind.isSocket()) return fd;
    if (kind.isFile()) return undefined;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return undefined; // Another user's terminal, or no /proc: a thread waits instead.
  }
}
