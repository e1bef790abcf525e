/**
 * Ends this process after the run was aborted, even when its main thread is blocked in a computation: an
 * exit code needs the main thread, a signal does not.
 */
import { writeSync } from 'node:fs';
import type { Failure } from '../core/failure.ts';
import { errorOfFailure } from '../core/failure.ts';

/** The main thread must take notice so soon. */
const NOTICE_MS = 1_000;
/** Having noticed, it may take so long to end the process by itself. */
const ENDING_MS = 1_500;

export class LastResort {
  readonly #kill: (line: string) => void;
  #failure: Failure | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(kill: (line: string) => void = killThisProcess) {
    this.#kill = kill;
  }

  /** The run is over: the process must end. */
  arm(failure: Failure): void {
    this.#failure = failure;
    this.#wait(NOTICE_MS, 'its main thread is blocked');
  }

  /** The main thread knows and prints the reason itself. */
  noticed(): void {
    if (this.#failure !== null) this.#wait(ENDING_MS, 'its main thread did not end it');
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number, why: string): void {
    clearTimeout(this.#timer);
    const line = `${errorOfFailure(this.#failure!).toLine()} (Process ${process.pid} is killed: ${why}.)`;
    this.#timer = setTimeout(() => this.#kill(line), ms);
  }
}

function killThisProcess(line: string): void {
  // Not console.error: in a thread that goes through the main thread, which is blocked.
  writeSync(2, `${line}\n`);
  process.kill(process.pid, 'SIGKILL');
}
