/** Turns names into numbers: classes and labels. Pure. */
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { filled } from '../../core/typed-arrays.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import { UNLABELLED } from '../../data/format/store.ts';
import type { RecordTable } from './record-table.ts';

/**
 * @param rows by id
 * @throws LockstepError DATA_INVALID when two records have the same id
 */
export function refuseRepeatedIds({ ids, lengths }: RecordTable, rows: Uint32Array): void {
  for (let position = 1; position < rows.length; position++) {
    const [row, before] = [rows[position]!, rows[position - 1]!];
    if (ids.compare(row, before) !== 0) continue;
    const id = ids.at(row);
    if (rows.every((one) => lengths.at(one) === 1)) throw longForm(id);
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import: two different sequences have the id "${id}".`,
      'Give every sequence an id of its own.',
    );
  }
}

/** A table as pandas calls it: id, time and value in each row. */
function longForm(id: string): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import: several rows have the id "${id}", and each row holds one value. This is the long form, a row for each timestep.`,
    'Name the column of the times with --time: it collects the rows of each id into one sequence.',
  );
}

/** The class names of these rows, sorted: by value if all are numbers, otherwise by their bytes. */
export function classNames({ labels }: RecordTable, rows: Uint32Array): string[] {
  const isUsed = new Uint8Array(labels.names.length);
  for (const row of rows) isUsed[labels.numberAt(row)] = 1;
  return sortedNames(labels.names.filter((_, number) => isUsed[number] === 1));
}

/** By value if all are numbers, otherwise by their bytes. */
export function sortedNames(names: readonly string[]): string[] {
  const numeric = names.every((name) => /^-?\d+$/.test(name));
  return names.toSorted((a, b) => (numeric ? Number(a) - Number(b) : 0) || compareUtf8(a, b));
}

/**
 * The class of each row, or UNLABELLED.
 * @throws LockstepError DATA_INVALID when a label is not a class
 */
export function classesOf(
  { ids, labels }: RecordTable,
  rows: Uint32Array,
  classes: readonly string[],
): Int32Array {
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const classOfName = Int32Array.from(labels.names, (name) => numbers.get(name) ?? UNLABELLED);
  return filled(new Int32Array(rows.length), (position) => {
    const row = rows[position]!;
    const name = labels.numberAt(row);
    if (name < 0) return UNLABELLED;
    const found = classOfName[name]!;
    if (found === UNLABELLED) throw unknownLabel(ids.at(row), labels.names[name]!, classes);
    return found;
  });
}

function unknownLabel(id: string, label: string, classes: readonly string[]): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import "${id}": its label "${label}" is not one of the classes (${listNames([...classes])}).`,
    'Add the class to the list, or correct the label.',
  );
}
