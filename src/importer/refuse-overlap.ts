import { LockstepError } from '../core/errors.ts';
import { isWithin } from '../core/real-path.ts';

/**
 * Refuses a dataset within its own source, whose files a second import would read, and a source within the
 * dataset, which --overwrite would remove.
 * @throws LockstepError USAGE
 */
export function refuseOverlap(source: string, target: string): void {
  const isInSource = isWithin(target, source);
  if (!isInSource && !isWithin(source, target)) return;
  throw new LockstepError(
    'USAGE',
    isInSource
      ? `Cannot write a dataset to "${target}": it lies in its own source "${source}".`
      : `Cannot write a dataset to "${target}": its source "${source}" lies in it.`,
    'Choose a folder beside the source.',
  );
}
