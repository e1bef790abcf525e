/** Which of the checked records stay: drops exact duplicates, then what is over a cap. Pure. */
import { compareUtf8 } from '../format/byte-order.ts';
import type { Split } from '../format/store.ts';
import { randomRank } from './assign-splits.ts';
import type { SkipReason } from './record.ts';
import type { LabelConflict } from './report.ts';

/** A record whose values are on disk. */
export interface SpilledRecord {
  readonly id: string;
  readonly group: string;
  readonly label: string | undefined;
  readonly split: Split | undefined;
  /** Number of values. */
  readonly length: number;
  /** Offset of the values in the spill. */
  readonly offset: number;
  /** Digest of the values, equal only for equal sequences. */
  readonly digest: string;
}

/** Upper bounds for the sequences that an import keeps. */
export interface Caps {
  /** Most sequences of one class; unlabelled ones have no cap. */
  readonly perClass?: number | undefined;
  /** Most sequences of one class, or without a class, in one group. */
  readonly perGroup?: number | undefined;
}

/** Called for each record that does not stay. */
export type OnDropped = (record: SpilledRecord, reason: SkipReason) => void;

/** The records that stay, and the label conflicts. */
export interface Deduplicated {
  readonly records: SpilledRecord[];
  readonly conflicts: LabelConflict[];
}

/** Keeps the first by id of equal sequences, with its label and group. */
export function dropDuplicates(
  records: readonly SpilledRecord[],
  onDropped: OnDropped,
): Deduplicated {
  const kept = new Map<string, SpilledRecord>();
  const conflicts: LabelConflict[] = [];
  for (const record of records.toSorted(byIdThenRest)) {
    const first = kept.get(record.digest);
    if (first === undefined) {
      kept.set(record.digest, record);
      continue;
    }
    onDropped(record, 'duplicate');
    if (first.label !== record.label) conflicts.push(conflictOf(first, record));
  }
  return { records: [...kept.values()], conflicts };
}

function byIdThenRest(a: SpilledRecord, b: SpilledRecord): number {
  return (
    compareUtf8(a.id, b.id) ||
    compareUtf8(a.label ?? '', b.label ?? '') ||
    compareUtf8(a.group, b.group)
  );
}

function conflictOf(kept: SpilledRecord, dropped: SpilledRecord): LabelConflict {
  const nameOf = (label: string | undefined) => label ?? '(unlabelled)';
  return {
    kept: kept.id,
    keptLabel: nameOf(kept.label),
    dropped: dropped.id,
    droppedLabel: nameOf(dropped.label),
  };
}

/** Applies the cap of each (group, class), then of each class. Seed and id decide at random what stays. */
export function applyCaps(
  records: readonly SpilledRecord[],
  caps: Caps,
  seed: number,
  onDropped: OnDropped,
): SpilledRecord[] {
  const ranks = new Map(records.map(({ id }) => [id, randomRank(id, seed)]));
  const shuffled = records.toSorted(
    (a, b) => ranks.get(a.id)! - ranks.get(b.id)! || compareUtf8(a.id, b.id),
  );
  const groupKey = ({ group, label }: SpilledRecord) => JSON.stringify([group, label]);
  const classKey = ({ label }: SpilledRecord) => label;
  const withinGroups = firstOfEach(shuffled, caps.perGroup, groupKey, (record) =>
    onDropped(record, 'group-cap'),
  );
  return firstOfEach(withinGroups, caps.perClass, classKey, (record) =>
    onDropped(record, 'class-cap'),
  );
}

/** The first `cap` records of each key. Records without a key all stay. */
function firstOfEach(
  records: readonly SpilledRecord[],
  cap: number | undefined,
  keyOf: (record: SpilledRecord) => string | undefined,
  drop: (record: SpilledRecord) => void,
): SpilledRecord[] {
  const taken = new Map<string, number>();
  return records.filter((record) => {
    const key = keyOf(record);
    if (cap === undefined || key === undefined) return true;
    const before = taken.get(key) ?? 0;
    if (before >= cap) {
      drop(record);
      return false;
    }
    taken.set(key, before + 1);
    return true;
  });
}
