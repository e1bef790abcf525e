import { LockstepError } from '../../core/errors.ts';
import type { RawRecord } from './record.ts';

/**
 * Refuses a record with more than a dataset holds: one class at most.
 * @throws LockstepError DATA_INVALID
 */
export function refuseUnstored({ id, ...record }: RawRecord): void {
  const found =
    (record.labels !== undefined && 'several labels') ||
    (record.targets !== undefined && 'numbers as its target') ||
    (record.timestepLabels !== undefined && 'a label for each timestep');
  if (!found) return;
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import "${id}": it has ${found}, and a dataset holds sequences with one class at most.`,
    'Name one column of classes with --label.',
  );
}
