/** Why a run ends early, as plain data: a `LockstepError` that can cross between processes and threads. */
import type { ErrorCode } from './errors.ts';
import { isErrorCode, LockstepError } from './errors.ts';

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
}

/** A failure; a code that is not in the table of errors, as another process may send, becomes UNEXPECTED. */
export function failure(code: string, message: string, advice: string): Failure {
  return { code: isErrorCode(code) ? code : 'UNEXPECTED', message, advice };
}

export function failureOfError({ code, message, advice }: LockstepError): Failure {
  return { code, message, advice };
}

export function errorOfFailure({ code, message, advice }: Failure): LockstepError {
  return new LockstepError(code, message, advice);
}
