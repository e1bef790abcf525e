import { LockstepError } from '../core/errors.ts';
import { codeOfSignal } from '../core/stop-signal.ts';
import { type StopRequests, stopSignalOf } from '../workflow/train/stop-requests.ts';

/** The error with which a stopped study ends. */
export function studyStopped(stop: StopRequests): LockstepError {
  const name = stopSignalOf(stop);
  return new LockstepError(
    codeOfSignal(name),
    `The study was stopped by ${name}; what the runs had is saved.`,
    'Give the same command again: finished runs are skipped, the others go on.',
  );
}
