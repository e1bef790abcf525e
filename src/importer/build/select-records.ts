/** Which of the checked records stay: drops exact duplicates, then what is over a cap. Pure. */
import { selected } from '../../core/typed-arrays.ts';
import { SPLITS } from '../../data/format/store.ts';
import type { LabelConflict } from '../../data/info/import-report.ts';
import type { SkipReason } from '../../data/record.ts';
import { randomRank } from './assign-splits.ts';
import type { NameColumn } from './column.ts';
import type { RecordTable } from './record-table.ts';

/** Upper bounds for the sequences that an import keeps. */
export interface Caps {
  /** Most sequences of one class; unlabelled ones have no cap. */
  readonly perClass?: number | undefined;
  /** Most sequences of one class, or without a class, in one group. */
  readonly perGroup?: number | undefined;
}

/** Called for each row that does not stay. */
export type OnDropped = (row: number, reason: SkipReason) => void;

/** The rows that stay, and the label conflicts. */
export interface Deduplicated {
  readonly rows: Uint32Array;
  readonly conflicts: LabelConflict[];
}

/** What is told of equal sequences. */
export interface DuplicateEvents {
  readonly onDropped: OnDropped;
  /** Gets the names of two that the source puts into different splits. */
  readonly onOtherSplit: (names: string) => void;
}

/** An empty place of the hash table. */
const FREE = 0xffffffff;

/**
 * Keeps the first by id of equal sequences, with its target and group.
 * @param targets a text for each target that is not one class
 */
export function dropDuplicates(
  table: RecordTable,
  targets: NameColumn,
  rowsById: Uint32Array,
  { onDropped, onOtherSplit }: DuplicateEvents,
): Deduplicated {
  const places = new Uint32Array(2 ** Math.ceil(Math.log2(2 * rowsById.length + 2))).fill(FREE);
  const conflicts: LabelConflict[] = [];
  const rows = selected(rowsById, (row) => {
    const place = placeOf(table, places, row);
    const first = places[place]!;
    if (first === FREE) {
      places[place] = row;
      return true;
    }
    onDropped(row, 'duplicate');
    const splits = [first, row].map((one) => table.splitNumberAt(one));
    if (Math.min(...splits) >= 0 && splits[0] !== splits[1]) {
      onOtherSplit([first, row].map((one) => nameWithSplit(table, one)).join(' = '));
    }
    const columns = [table.labels, targets];
    const isSame = columns.every((one) => one.numberAt(first) === one.numberAt(row));
    if (!isSame) conflicts.push(conflictOf(table, targets, first, row));
    return false;
  });
  return { rows, conflicts };
}

/** The place of the row's values in a table with open addressing. */
function placeOf(table: RecordTable, places: Uint32Array, row: number): number {
  const mask = places.length - 1;
  let place = table.hashAt(row) & mask;
  for (; places[place] !== FREE; place = (place + 1) & mask) {
    if (table.hasEqualValues(places[place]!, row)) break;
  }
  return place;
}

const nameWithSplit = (table: RecordTable, row: number): string =>
  `${table.ids.at(row)} (${SPLITS[table.splitNumberAt(row)]})`;

function conflictOf(
  table: RecordTable,
  targets: NameColumn,
  kept: number,
  dropped: number,
): LabelConflict {
  const nameOf = (row: number) => table.labels.at(row) ?? targets.at(row) ?? '(unlabelled)';
  return {
    kept: table.ids.at(kept),
    keptLabel: nameOf(kept),
    dropped: table.ids.at(dropped),
    droppedLabel: nameOf(dropped),
  };
}

/**
 * Applies the cap of each (group, class), then of each class. Seed and id decide at random what stays.
 * @param rows by id, as what it returns
 */
export function applyCaps(
  table: RecordTable,
  rows: Uint32Array,
  caps: Caps & { readonly seed: number },
  onDropped: OnDropped,
): Uint32Array {
  if (caps.perClass === undefined && caps.perGroup === undefined) return rows;
  const ranks = Float64Array.from(rows, (row) => randomRank(table.ids.at(row), caps.seed));
  const shuffled = rows
    .map((_, position) => position)
    .sort((a, b) => ranks[a]! - ranks[b]! || a - b);
  const groupKey = (row: number) => JSON.stringify([table.groupAt(row), table.labels.at(row)]);
  const classKey = (row: number) => table.labels.at(row);
  const inOrder = shuffled.map((position) => rows[position]!);
  const withinGroups = firstOfEach(inOrder, caps.perGroup, groupKey, (row) =>
    onDropped(row, 'group-cap'),
  );
  const kept = firstOfEach(withinGroups, caps.perClass, classKey, (row) =>
    onDropped(row, 'class-cap'),
  );
  const isKept = new Uint8Array(table.length);
  for (const row of kept) isKept[row] = 1;
  return selected(rows, (row) => isKept[row] === 1);
}

/** The first `cap` rows of each key. Rows without a key all stay. */
function firstOfEach(
  rows: Uint32Array,
  cap: number | undefined,
  keyOf: (row: number) => string | undefined,
  drop: (row: number) => void,
): Uint32Array {
  if (cap === undefined) return rows;
  const taken = new Map<string, number>();
  return selected(rows, (row) => {
    const key = keyOf(row);
    if (key === undefined) return true;
    const before = taken.get(key) ?? 0;
    if (before >= cap) {
      drop(row);
      return false;
    }
    taken.set(key, before + 1);
    return true;
  });
}
