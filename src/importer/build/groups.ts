/** The groups of an import's records, and how many records of each class they hold. */
import { LockstepError } from '../../core/errors.ts';
import { filled } from '../../core/typed-arrays.ts';
import { SPLITS } from '../../data/format/store.ts';
import type { RecordTable } from './record-table.ts';

/** Groups by number, in compressed rows. */
export interface Groups {
  readonly length: number;
  nameOf(group: number): string;
  /** Classes, with one more for records without a class. */
  readonly classes: number;
  /** The counts of group g are `[begins[g], begins[g + 1])` of the two columns below. */
  readonly begins: Uint32Array;
  /** Ascending within a group. */
  readonly classOf: Int32Array;
  readonly counts: Int32Array;
  /** The number of the split that the source gives the group; -1 where it gives none. */
  readonly given: Int8Array;
}

/** Groups, and the number of each row's group. */
export interface GroupedRows {
  readonly groups: Groups;
  /** By position in `rows`. */
  readonly groupOf: Int32Array;
}

/**
 * @param rows those of the table that count
 * @param labels class of each of them; UNLABELLED is -1
 * @throws LockstepError DATA_INVALID when the source puts a group into two splits
 */
export function groupRows(
  table: RecordTable,
  rows: Uint32Array,
  labels: Int32Array,
  classCount: number,
): GroupedRows {
  const { groupOf, firstRow } = numberGroups(table, rows);
  const classes = classCount + 1;
  const keys = filled(new Float64Array(rows.length), (position) => {
    const label = labels[position]!;
    return groupOf[position]! * classes + (label < 0 ? classCount : label);
  });
  const nameOf = (group: number) => table.groupAt(rows[firstRow[group]!]!);
  const given = givenSplits(table, rows, groupOf, nameOf);
  return { groupOf, groups: { ...countKeys(keys.sort(), classes, given.length), nameOf, given } };
}

/** Names of the groups with sequences of several classes. */
export function* mixedGroups({
  length,
  begins,
  classOf,
  classes,
  nameOf,
}: Groups): Generator<string> {
  for (let group = 0; group < length; group++) {
    const [begin, end] = [begins[group]!, begins[group + 1]!];
    const hasUnlabelled = end > begin && classOf[end - 1] === classes - 1;
    if (end - begin - (hasUnlabelled ? 1 : 0) > 1) yield nameOf(group);
  }
}

/** A record that is its own group shares it with those whose group is named like its id. */
function numberGroups(
  table: RecordTable,
  rows: Uint32Array,
): { groupOf: Int32Array; firstRow: Uint32Array } {
  const numbers = new Int32Array(table.groups.names.length).fill(-1);
  const firstRow = new Uint32Array(rows.length);
  let groups = 0;
  const begun = (position: number) => {
    firstRow[groups] = position;
    return groups++;
  };
  const groupOf = filled(new Int32Array(rows.length), (position) => {
    const row = rows[position]!;
    const named = table.groups.numberAt(row);
    const name = named >= 0 ? named : namedLike(table, row);
    if (name === undefined) return begun(position);
    if (numbers[name]! < 0) numbers[name] = begun(position);
    return numbers[name]!;
  });
  return { groupOf, firstRow };
}

function namedLike(table: RecordTable, row: number): number | undefined {
  return table.groups.names.length === 0 ? undefined : table.groups.find(table.ids.at(row));
}

/** Counts equal keys (group · classes + class), which are sorted. */
export function countKeys(
  keys: Float64Array,
  classes: number,
  length: number,
): Pick<Groups, 'length' | 'classes' | 'begins' | 'classOf' | 'counts'> {
  const distinct = distinctOf(keys);
  const counts = new Int32Array(distinct.length);
  let entry = -1;
  for (let i = 0; i < keys.length; i++) {
    if (i === 0 || keys[i] !== keys[i - 1]) entry++;
    counts[entry]!++;
  }
  const begins = new Uint32Array(length + 1);
  for (const key of distinct) begins[Math.floor(key / classes) + 1]!++;
  for (let group = 0; group < length; group++) begins[group + 1]! += begins[group]!;
  return {
    length,
    classes,
    begins,
    counts,
    classOf: filled(new Int32Array(distinct.length), (entry) => distinct[entry]! % classes),
  };
}

/** Each of the sorted keys once. */
function distinctOf(keys: Float64Array): Float64Array {
  const distinct = new Float64Array(keys.length);
  let count = 0;
  for (let i = 0; i < keys.length; i++) {
    if (i === 0 || keys[i] !== keys[i - 1]) distinct[count++] = keys[i]!;
  }
  return distinct.slice(0, count);
}

function givenSplits(
  table: RecordTable,
  rows: Uint32Array,
  groupOf: Int32Array,
  nameOf: (group: number) => string,
): Int8Array {
  const groups = groupOf.reduce((most, group) => Math.max(most, group), -1) + 1;
  const given = new Int8Array(groups).fill(-1);
  rows.forEach((row, position) => {
    const split = table.splitNumberAt(row);
    const group = groupOf[position]!;
    if (split < 0 || given[group] === split) return;
    if (given[group]! >= 0) throw inTwoSplits(nameOf(group), [given[group]!, split]);
    given[group] = split;
  });
  return given;
}

function inTwoSplits(group: string, splits: readonly number[]): LockstepError {
  const [first, second] = SPLITS.filter((_, split) => splits.includes(split));
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import: the source puts group "${group}" in the splits ${first} and ${second}.`,
    'Put all sequences of a group in one split, or leave the split column out.',
  );
}
