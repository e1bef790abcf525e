/**
 * A coordinator process that loads while nobody knows yet whether it is needed: the host that goes on with a run then
 * doesn't wait for it.
 */
import type { ChildProcess } from 'node:child_process';

export class StandbyCoordinator {
  readonly #start: () => ChildProcess;
  #ready: ChildProcess | null = null;

  /** @param start starts a process that runs `runSupervised`, with a channel to this one */
  constructor(start: () => ChildProcess) {
    this.#start = start;
  }

  /** Starts the process, unless there is one. One that can't be started is not missed: `take` tries again. */
  prepare(): void {
    if (this.#ready !== null) return;
    const child = this.#start();
    const forget = (): void => {
      if (this.#ready === child) this.#ready = null;
    };
    child.once('error', forget);
    child.once('exit', forget);
    this.#ready = child;
  }

  /** The process that is ready, or a new one. It is the caller's from now on. */
  take(): ChildProcess {
    const child = this.#ready ?? this.#start();
    this.#ready = null;
    return child;
  }

  /** It is not needed. */
  discard(): void {
    this.#ready?.kill('SIGKILL');
    this.#ready = null;
  }
}
