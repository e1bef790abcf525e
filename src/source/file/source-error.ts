/** Sentences about a source that cannot be read. */
import { LockstepError } from '../../core/errors.ts';

/** DATA_INVALID about a file: "Cannot read FILE: …". */
export function sourceError(
  path: string,
  what: string,
  {
    cause,
    advice = 'Correct the file, or leave it out.',
  }: { cause?: unknown; advice?: string } = {},
): LockstepError {
  return new LockstepError('DATA_INVALID', `Cannot read "${path}": ${what}.`, advice, { cause });
}
