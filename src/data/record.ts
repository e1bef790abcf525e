/** What every importer yields: records, and the names of things that it could not turn into a record. */
import type { Split } from './format/store.ts';

/** One sequence before any check. */
export interface RawRecord {
  /** Unique in the dataset; no absolute path. */
  readonly id: string;
  /** Sequences of one group go to the same split; absent: the sequence is its own group. */
  readonly group?: string | undefined;
  /** Single-label classification: the name of its class; absent: unlabelled. */
  readonly label?: string | undefined;
  /** The split that the source gives; absent: the import assigns one by shares. */
  readonly split?: Split | undefined;
  /** What the source calls the split, where it has another name for it. */
  readonly splitName?: string | undefined;
  /** `[length · channels]`, timestep by timestep: all channels of timestep 0, then of timestep 1, … */
  readonly values: ArrayLike<number>;
  /** The times of its timesteps are not evenly spaced. */
  readonly hasUnevenTimes?: boolean | undefined;
  /** Timesteps a second, where the source says so. */
  readonly sampleRate?: number | undefined;
  /** Missing values at the end fill a table up: the sequence ends before them. */
  readonly isPadded?: boolean | undefined;
  /** Values of one timestep, equally many in all sequences of a dataset; 1 by default. */
  readonly channels?: number | undefined;
  /** Multi-label classification: the names of any number of classes. */
  readonly labels?: readonly string[] | undefined;
  /** Regression: one or more numbers, equally many for all sequences of a dataset. */
  readonly targets?: readonly number[] | undefined;
  /** Segmentation: the name of one class for each timestep; '' is none. */
  readonly timestepLabels?: readonly string[] | undefined;
}

/** Something that the importer read and that is no record. */
export interface RawSkip {
  readonly id: string;
  readonly skipped: SkipReason;
  /** What was found and where, for the report. */
  readonly detail?: string | undefined;
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** The class that it would have. */
  readonly label?: string | undefined;
}

/** What an importer yields. */
export type ImportItem = RawRecord | RawSkip;

/** Why the dataset lacks something that the importer read, in the words of the report. */
export const SKIP_REASONS = {
  'no-class': 'file in no folder that names a class',
  'no-utf8-name': 'file whose name is not UTF-8, so it cannot be opened',
  link: 'symbolic link within the folder, to a folder, or to nothing',
  binary: 'binary file (contains a NUL byte)',
  'not-utf8': 'text is not valid UTF-8',
  empty: 'empty sequence',
  'all-missing': 'all values are missing',
  'not-a-number': 'contains text that is not a number',
  'uneven-channels': 'channels of different lengths',
  'uneven-labels': 'not one label for each timestep',
  'partial-target': 'lacks some numbers of its target',
  'unknown-letter': 'contains a letter outside the alphabet (--alphabet)',
  'not-finite': 'contains NaN or Infinity',
  'not-integer': 'contains a value that is not an integer',
  'out-of-range': 'contains a value outside the range of the value type',
  flattened: 'has a shape that float32 is too coarse for',
  'unknown-value': 'contains a value above those that the model was trained on',
  'too-short': 'shorter than the minimum length',
  'too-long': 'longer than the maximum length',
  duplicate: 'exact duplicate of another sequence',
  'group-cap': 'over the cap for its class within its group',
  'class-cap': 'over the cap for its class',
} as const;

/** Key of a reason. */
export type SkipReason = keyof typeof SKIP_REASONS;

/** Whether the item is no record. */
export function isSkip(item: ImportItem): item is RawSkip {
  return 'skipped' in item;
}
