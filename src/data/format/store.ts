/**
 * What the rest of Lockstep knows about a dataset. A store is a folder: `sequences.arrow` (Arrow IPC, rows
 * sorted by length, ascending), `index.arrow` (the same rows without their values) and `manifest.json`.
 * A row's number in this order is its sequence's number everywhere: plan, random draws, predictions.
 */

/** The types that values can have on disk. */
export type ValueType = 'uint8' | 'uint16' | 'float32';
/** A part of the dataset that shares no group with the others. */
export type Split = 'train' | 'validation' | 'test';
/** The splits, in the order of their numbers. */
export const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

/** The label of a sequence without a class. */
export const UNLABELLED = -1;

/** The contents of `manifest.json`. */
export interface StoreManifest {
  readonly formatVersion: 1;
  readonly name: string;
  readonly valueType: ValueType;
  /** Names of the classes; a label is an index into them. Empty: no sequence has a label. */
  readonly classes: readonly string[];
  /** Smallest and largest value of all sequences. */
  readonly valueRange: { readonly minimum: number; readonly maximum: number };
  /**
   * Integer values: `symbolCounts[v]` is how often v occurs in the training split (length: maximum + 1).
   * Float values: empty.
   */
  readonly symbolCounts: readonly number[];
  /**
   * Integer values of at most 64 symbols: `transitionCounts[a · symbols + b]` is how often b follows a in
   * the training split. Otherwise empty.
   */
  readonly transitionCounts: readonly number[];
  /** Mean over all values of the training split. */
  readonly meanValue: number;
  readonly sequences: number;
  readonly tokens: number;
  readonly length: { readonly minimum: number; readonly maximum: number };
  readonly splits: Readonly<
    Record<Split, { sequences: number; tokens: number; perClass: readonly number[] }>
  >;
  /** SHA-256 of each file, hex. */
  readonly files: Readonly<Record<string, { sizeBytes: number; sha256: string }>>;
  /** SHA-256 over the files' hashes: the identity of the data. */
  readonly contentHash: string;
  /** For people: importer, source and options of the import. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** The columns that planning needs, indexed by a sequence's number. */
export interface StoreIndex {
  /** Ascending. */
  readonly lengths: Int32Array;
  /** Class of each sequence, or UNLABELLED. */
  readonly labels: Int32Array;
  /** Index into `SPLITS`. */
  readonly splits: Uint8Array;
}

/** A dataset with random access. */
export interface Store {
  readonly path: string;
  readonly manifest: StoreManifest;
  readonly index: StoreIndex;
  /** Id of each sequence, as imported. */
  ids(): readonly string[];
  /**
   * The values `[start, start + count)` of one sequence: integers as Int32Array, real values as Float32Array.
   * @throws LockstepError STORE_CORRUPT when the file is damaged
   */
  read(sequence: number, start: number, count: number): Promise<Int32Array | Float32Array>;
  close(): Promise<void>;
}
