import { LockstepError } from '../../core/errors.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';

/**
 * A run that had begun and did not end well: the error that ended it, and where the run stands.
 * @example
 * train({ config }).catch((error) => {
 *   if (error instanceof RunFailed) console.error(error.message, error.outcome.lastCheckpoint);
 * });
 */
export class RunFailed extends LockstepError {
  readonly outcome: RunOutcome;

  constructor({ code, message, advice }: LockstepError, outcome: RunOutcome) {
    super(code, message, advice);
    this.outcome = outcome;
  }

  /** As the run ended: a signal that came before the first step has an exit code of its own. */
  override get exitCode(): number {
    return this.outcome.exitCode;
  }
}
