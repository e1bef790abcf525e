/**
 * Ends this process after the run was aborted, even when its main thread is blocked in a computation: an
 * exit code needs the main thread, a signal does not.
 */
import { writeSync } from 'node:fs';
import type { Failure } from '../../core/failure.ts';
import { errorOfFailure } from '../../core/failure.ts';

/** Time in which the main thread must notice the abort. */
const NOTICE_MS = 1_000;
/** Time in which it then prints the reason and ends the process by itself. */
const ENDING_MS = 2_500;

export class Watchdog {
  readonly #kill: (line: string | null) => void;
  #failure: Failure | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** @param kill prints the line, unless the main thread has printed its own, and ends the process */
  constructor(kill: (line: string | null) => void = killThisProcess) {
    this.#kill = kill;
  }

  /** The run is over: the process must end. */
  arm(failure: Failure): void {
    this.#failure = failure;
    const line = `${errorOfFailure(failure).toLine()} (Process ${process.pid} is killed: its main thread is blocked.)`;
    this.#wait(NOTICE_MS, line);
  }

  /** The main thread knows and prints the reason itself. */
  noticed(): void {
    if (this.#failure !== null) this.#wait(ENDING_MS, null);
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number, line: string | null): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#kill(line), ms);
  }
}

function killThisProcess(line: string | null): void {
  // Not console.error: in a thread that goes through the main thread, which is blocked.
  try {
    if (line !== null) writeSync(2, `${line}\n`);
  } catch {
    // A full disk must not keep the process alive.
  }
  process.kill(process.pid, 'SIGKILL');
}
