/** The processes that train and measure: a signal reaches them, and they get the time to save. */
import type { ChildProcess } from 'node:child_process';
import { LockstepError } from '../../core/errors.ts';
import { STOP_SIGNALS, type StopSignal } from '../../core/stop-signal.ts';
import { exitCodeOfChild } from '../../launch/exit.ts';

export class Children {
  readonly #alive = new Set<ChildProcess>();
  #stoppedBy: StopSignal | undefined;

  /** The signal that asks everything to end, once there was one. */
  get stoppedBy(): StopSignal | undefined {
    return this.#stoppedBy;
  }

  /** @returns the exit code, 128 + signal for a process that a signal ended */
  async ended(child: ChildProcess): Promise<number> {
    this.#alive.add(child);
    try {
      return await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code, signal) => {
          resolve(exitCodeOfChild(code, signal));
        });
      });
    } finally {
      this.#alive.delete(child);
    }
  }

  /** What the command ends with after a signal. */
  stopped(): LockstepError {
    return new LockstepError(
      this.#stoppedBy === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED',
      `The study was stopped${this.#stoppedBy === undefined ? '' : ` by ${this.#stoppedBy}`}; what the runs had is saved.`,
      'Give the same command again: finished runs are skipped, the others go on.',
    );
  }

  stop(signal: StopSignal): void {
    this.#stoppedBy = signal;
    for (const child of this.#alive) child.kill(signal);
  }

  /** Passes signals on from now until the returned function is called. */
  passSignals(): () => void {
    const handlers = STOP_SIGNALS.map((signal) => {
      // A terminal's Ctrl-C reaches the children by itself; a second one would stop them without saving.
      const handle = () => {
        if (signal === 'SIGINT' && process.stdin.isTTY) this.#stoppedBy = signal;
        else this.stop(signal);
      };
      process.on(signal, handle);
      return () => process.off(signal, handle);
    });
    return () => {
      for (const off of handlers) off();
    };
  }
}
