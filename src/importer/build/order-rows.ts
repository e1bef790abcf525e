/** The rows of a store, from the records that stay: in order of length, each with its class and its split. */
import { filled } from '../../core/typed-arrays.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import type { OrderedRows } from '../../data/format/ordered-rows.ts';
import { orderByLength } from '../../data/format/radix-sort.ts';
import { SPLITS, type Split, UNLABELLED } from '../../data/format/store.ts';
import type { DataTarget } from '../../data/format/target.ts';
import { NameTally, type Tally } from '../../data/info/import-report.ts';
import { assignFold, assignSplits } from './assign-splits.ts';
import type { ResolvedOptions } from './build-options.ts';
import type { SpilledRow } from './gather-spilled.ts';
import { groupRows, mixedGroups } from './groups.ts';
import { classesOf } from './labels.ts';
import type { RecordTable } from './record-table.ts';
import type { TargetTable } from './target-table.ts';

export interface BuiltRow extends SpilledRow {
  /** Number of its record in the tables. */
  readonly record: number;
}

export interface BuiltRows {
  readonly rows: OrderedRows<BuiltRow>;
  /** Groups in each split. */
  readonly groups: Readonly<Record<Split, number>>;
  /** Groups whose rows have several classes; none where targets are of another kind. */
  readonly mixedGroups: Tally;
  /** Undefined for one class each, or none. */
  readonly target: DataTarget | undefined;
  /** The class of each timestep, or UNLABELLED. */
  readonly timestepsOf: (row: BuiltRow) => Int32Array;
}

interface KeptRecords {
  readonly table: RecordTable;
  readonly targets: TargetTable;
  /** Numbers of the records that stay. */
  readonly kept: Uint32Array;
  readonly classes: readonly string[];
}

export function orderRows(
  { table, targets, kept, classes }: KeptRecords,
  { shares, folds, seed, targetNames }: ResolvedOptions,
): BuiltRows {
  const labels = labelsOf(table, targets, kept, classes);
  const labelCount = targets.isUsed ? 1 : classes.length;
  const { groups, groupOf } = groupRows(table, kept, labels, labelCount);
  const mixed = new NameTally(compareUtf8);
  if (!targets.isUsed) for (const name of mixedGroups(groups)) mixed.add(name);
  const classOfName = targets.isUsed ? targets.classOfName(kept, classes) : new Int32Array(0);
  const splitOfGroup = folds ? assignFold(groups, folds, seed) : assignSplits(groups, shares, seed);
  const count = kept.length;
  const lengths = filled(new Int32Array(count), (position) => table.lengths.at(kept[position]!));
  const order = orderByLength(lengths);
  const index = {
    lengths: filled(new Int32Array(count), (number) => lengths[order[number]!]!),
    labels: filled(new Int32Array(count), (number) => labels[order[number]!]!),
    splits: filled(new Uint8Array(count), (number) => splitOfGroup[groupOf[order[number]!]!]!),
  };
  const at = (number: number): BuiltRow => {
    const row = kept[order[number]!]!;
    const [label, split] = [index.labels[number]!, SPLITS[index.splits[number]!]!];
    const [id, group] = [table.ids.at(row), table.groupAt(row)];
    const [offset, length] = [table.offsetAt(row), index.lengths[number]!];
    const ofRow = targets.targetsOf(row, classOfName);
    return { id, group, label, targets: ofRow, split, length, offset, record: row };
  };
  const groupsIn = (split: Split) =>
    splitOfGroup.reduce((sum, number) => sum + (SPLITS[number] === split ? 1 : 0), 0);
  const trainingRecords = function* () {
    for (let number = 0; number < order.length; number++) {
      if (SPLITS[index.splits[number]!] === 'train') yield kept[order[number]!]!;
    }
  };
  return {
    rows: { length: kept.length, at, index },
    groups: perSplit(groupsIn),
    mixedGroups: mixed.finish(),
    target: targets.isUsed ? targets.describe(trainingRecords(), targetNames) : undefined,
    timestepsOf: ({ record, length }) => targets.timestepsOf(record, length, classOfName),
  };
}

/** The class of each row; where targets are of another kind, 0 for a row that has one. */
function labelsOf(
  table: RecordTable,
  targets: TargetTable,
  kept: Uint32Array,
  classes: readonly string[],
): Int32Array {
  if (!targets.isUsed) return classesOf(table, kept, classes);
  return filled(new Int32Array(kept.length), (position) =>
    targets.has(kept[position]!) ? 0 : UNLABELLED,
  );
}

export function perSplit(count: (split: Split) => number): Record<Split, number> {
  return { train: count('train'), validation: count('validation'), test: count('test') };
}
