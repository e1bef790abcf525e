/** Turns names into numbers: classes, labels, and each group's count of every class. Pure. */
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { compareUtf8 } from '../format/byte-order.ts';
import { SPLITS, type Split, UNLABELLED } from '../format/store.ts';
import type { GroupCounts } from './assign-splits.ts';
import type { SpilledRecord } from './select-records.ts';

/**
 * @param records sorted by id
 * @throws LockstepError DATA_INVALID when two records have the same id
 */
export function refuseRepeatedIds(records: readonly SpilledRecord[]): void {
  records.forEach(({ id }, i) => {
    if (i === 0 || records[i - 1]!.id !== id) return;
    if (records.every(({ length }) => length === 1)) throw longForm(id);
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import: two different sequences have the id "${id}".`,
      'Give every sequence an id of its own.',
    );
  });
}

/** A table as pandas calls it: id, time and value in each row. */
function longForm(id: string): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import: several rows have the id "${id}", and each row holds one value. This is the long form, a row for each timestep.`,
    'Write one row for each sequence, with all its values in one cell: in pandas, table.groupby("id").agg(list).',
  );
}

/** All class names, sorted: by value if all are numbers, otherwise by their bytes. */
export function classNames(records: readonly SpilledRecord[]): string[] {
  const names = [...new Set(records.flatMap(({ label }) => (label === undefined ? [] : [label])))];
  const numeric = names.every((name) => /^-?\d+$/.test(name));
  return names.sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || compareUtf8(a, b));
}

/**
 * The number of a record's class, or UNLABELLED.
 * @throws LockstepError DATA_INVALID when the label is not a class
 */
export function labelNumber(
  { id, label }: SpilledRecord,
  labels: ReadonlyMap<string, number>,
): number {
  if (label === undefined) return UNLABELLED;
  const found = labels.get(label);
  if (found !== undefined) return found;
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import "${id}": its label "${label}" is not one of the classes (${listNames([...labels.keys()])}).`,
    'Add the class to the list, or correct the label.',
  );
}

/**
 * What each group holds of every class.
 * @throws LockstepError DATA_INVALID when the source puts a group into two splits
 */
export function countGroups(
  records: readonly SpilledRecord[],
  classCount: number,
  labelOf: (record: SpilledRecord) => number,
): GroupCounts[] {
  const groups = new Map<string, { perClass: number[]; given: Split | undefined }>();
  for (const record of records) {
    let group = groups.get(record.group);
    if (group === undefined) {
      group = { perClass: Array<number>(classCount + 1).fill(0), given: undefined };
      groups.set(record.group, group);
    }
    const label = labelOf(record);
    group.perClass[label === UNLABELLED ? classCount : label]!++;
    group.given = agreedSplit(record, group.given);
  }
  return Array.from(groups, ([name, group]) => ({ name, ...group }));
}

function agreedSplit(record: SpilledRecord, given: Split | undefined): Split | undefined {
  if (record.split === undefined || given === undefined) return record.split ?? given;
  if (record.split === given) return given;
  const [first, second] = SPLITS.filter((split) => split === given || split === record.split);
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import: the source puts group "${record.group}" in the splits ${first} and ${second}.`,
    'Put all sequences of a group in one split, or leave the split column out.',
  );
}
