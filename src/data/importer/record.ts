/** What every importer yields: records, and the names of what it could not turn into one. */
import type { Split } from '../format/store.ts';

/** One sequence as it was found, before any check. */
export interface RawRecord {
  /** Unique in the dataset; no absolute path. */
  readonly id: string;
  /** Sequences of one group never end up in two splits; absent: the sequence is a group of its own. */
  readonly group?: string | undefined;
  /** Name of its class; absent: unlabelled. */
  readonly label?: string | undefined;
  /** Split that the source gives; absent: assigned by shares. */
  readonly split?: Split | undefined;
  readonly values: ArrayLike<number>;
}

/** Something that was looked at and is no record. */
export interface RawSkip {
  readonly id: string;
  readonly skipped: SkipReason;
}

export type ImportItem = RawRecord | RawSkip;

/** Why something that was read is not in the dataset, in the words of the report. */
export const SKIP_REASONS = {
  binary: 'binary file (contains a NUL byte)',
  'not-utf8': 'text is not valid UTF-8',
  empty: 'empty sequence',
  'not-finite': 'contains NaN or Infinity',
  'not-integer': 'contains a value that is not an integer',
  'out-of-range': 'contains a value outside the range of the value type',
  'unknown-value': 'contains a value above those that the model was trained on',
  'too-short': 'shorter than the minimum length',
  'too-long': 'longer than the maximum length',
  duplicate: 'exact duplicate of another sequence',
  'group-cap': 'over the cap for its class within its group',
  'class-cap': 'over the cap for its class',
} as const;

export type SkipReason = keyof typeof SKIP_REASONS;

export function isSkip(item: ImportItem): item is RawSkip {
  return 'skipped' in item;
}
