import { LockstepError } from '../core/errors.ts';

export function extensionInvalid(
  place: string,
  what: string,
  advice: string,
  cause?: unknown,
): LockstepError {
  const message = `Cannot load the extension ${place}: ${what}.`;
  return new LockstepError('EXTENSION_INVALID', message, advice, { cause });
}
