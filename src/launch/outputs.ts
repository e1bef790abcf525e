/**
 * Standard output and standard error of a program of ours. No write waits, and no error of theirs (a reader that is
 * gone, a full disk, a terminal that hung up) ends the process: files hold everything that matters of a run.
 */
import { Writable } from 'node:stream';
import { EXIT, LockstepError } from '../core/errors.ts';
import { writeFailure } from '../core/file-error.ts';
import { PatientWriter } from '../core/patient-writer.ts';
import { systemErrorCode } from '../core/system-error.ts';

/** At the end a terminal or pipe that takes nothing is waited for so long. */
const END_MS = 3_000;
/** Then the process ends, whatever still goes on. */
const LAST_MS = 5_000;

type Standard = NodeJS.WriteStream & { readonly fd: number };

abstract class Output extends Writable {
  readonly fd: number;
  readonly isTTY: boolean;
  protected readonly writer: PatientWriter;
  readonly #original: Standard;

  constructor(original: Standard, mostWaitingBytes?: number) {
    super();
    this.#original = original;
    this.fd = original.fd;
    this.isTTY = original.isTTY ?? false;
    const limit = mostWaitingBytes === undefined ? {} : { mostWaitingBytes };
    this.writer = new PatientWriter(original.fd, limit);
  }

  /** Width of the terminal. */
  get columns(): number {
    return this.#original.columns;
  }

  async settled(limitMs: number): Promise<boolean> {
    return await this.writer.settled(limitMs);
  }
}

/** Standard error: notices. For a reader that is too slow they are dropped, and the next one says how many. */
class Notices extends Output {
  #told = 0;

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    const { lost } = this.writer;
    if (lost > this.#told && this.writer.failure === undefined) {
      this.writer.write(
        `(${lost - this.#told} texts were not shown: their reader was too slow.)\n`,
      );
      this.#told = lost;
    }
    this.writer.write(chunk);
    done();
  }
}

/** Standard output: results. They wait for their reader, and a result that can't be written is an error. */
class Results extends Output {
  #isNeeded = false;
  #isOffer = false;
  readonly #onFailure: (failure: unknown) => void;

  constructor(original: Standard, onFailure: (failure: unknown) => void) {
    super(original, Number.POSITIVE_INFINITY);
    this.#onFailure = onFailure;
  }

  /** Whether what was written is what the command was called for. */
  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  /** A text that the command can do without. */
  offer(text: string): void {
    this.#isOffer = true;
    this.write(text);
    this.#isOffer = false;
  }

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    if (!this.#isOffer) this.#isNeeded = true;
    return super.write(chunk, ...(rest as [BufferEncoding]));
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.writer.write(chunk);
    void this.writer.settled().then(() => {
      const { failure } = this.writer;
      if (failure !== undefined && this.#isNeeded) this.#onFailure(failure);
      else done();
    });
  }
}

export interface Outputs {
  /**
   * Waits until both are written, or a while for one that takes nothing. From then on the process ends soon,
   * whatever still goes on.
   */
  finish(): Promise<void>;
}

/** Puts patient streams in the place of the process's own. */
export function guardOutputs(): Outputs {
  const stderr = new Notices(process.stderr);
  const stdout = new Results(process.stdout, (failure) => void endOfResults(failure, finish));
  Object.defineProperty(process, 'stderr', { value: stderr, configurable: true });
  Object.defineProperty(process, 'stdout', { value: stdout, configurable: true });
  const finish = async (): Promise<void> => {
    const shown = await Promise.all([
      stdout.settled(stdout.isNeeded ? Number.POSITIVE_INFINITY : END_MS),
      stderr.settled(END_MS),
    ]);
    setTimeout(() => process.exit(), shown.every(Boolean) ? LAST_MS : 0).unref();
  };
  return { finish };
}

/** Prints something on standard output that the command can do without: it is not waited for long. */
export function offerOnStdout(text: string): void {
  const { stdout } = process;
  if (stdout instanceof Results) (stdout as Results).offer(text);
  else stdout.write(text);
}

/** A reader that has seen enough (`| head`) is no failure. */
async function endOfResults(failure: unknown, finish: () => Promise<void>): Promise<void> {
  if (systemErrorCode(failure) !== 'EPIPE') {
    const error = writeFailure(failure, 'standard output', 0);
    process.stderr.write(`${error instanceof LockstepError ? error.toLine() : String(failure)}\n`);
    process.exitCode = error instanceof LockstepError ? error.exitCode : EXIT.resources;
    await finish();
  }
  process.exit();
}
