/** Turns errors of the file system about a source into sentences. */
import { LockstepError } from '../../core/errors.ts';
import { systemErrorCode } from '../../core/system-error.ts';

/** DATA_NOT_FOUND for a missing `what`, DATA_INVALID for an unreadable one, otherwise the error itself. */
export function readFailure(thrown: unknown, path: string, what: 'file' | 'folder'): unknown {
  const code = systemErrorCode(thrown);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return thrown;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const message = `Cannot import from "${path}": there is no such ${what}.`;
    return new LockstepError('DATA_NOT_FOUND', message, 'Check the path.', { cause: thrown });
  }
  const message = `Cannot import from "${path}": the ${what} cannot be read (${code}).`;
  const advice = 'Check that it is a readable file or folder, or leave it out.';
  return new LockstepError('DATA_INVALID', message, advice, { cause: thrown });
}
