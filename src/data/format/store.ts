/**
 * What the rest of Lockstep knows of a dataset. A store is a folder: `sequences.arrow` (Arrow IPC, rows
 * sorted by length, ascending), `index.arrow` (the same rows without their values) and `manifest.json`.
 * The row number in this order is the sequence's number everywhere: plan, random draws, predictions.
 */

export type ValueType = 'uint8' | 'uint16' | 'float32';
export type Split = 'train' | 'validation' | 'test';
export const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

/** Label of a sequence without one. */
export const UNLABELLED = -1;

export interface StoreManifest {
  readonly formatVersion: 1;
  readonly name: string;
  readonly valueType: ValueType;
  /** Names of the classes; a label is a position here. Empty: nothing is labelled. */
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
  /** How it was made, for people: importer, source, options. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** The columns that planning needs; a position is a sequence's number. */
export interface StoreIndex {
  /** Ascending. */
  readonly lengths: Int32Array;
  /** Class of each sequence, or UNLABELLED. */
  readonly labels: Int32Array;
  /** Position in `SPLITS`. */
  readonly splits: Uint8Array;
}

export interface Store {
  readonly path: string;
  readonly manifest: StoreManifest;
  readonly index: StoreIndex;
  /** Ids of sequences, as they were imported. */
  ids(): readonly string[];
  /** The values `[start, start + count)` of one sequence; integer types come as Int32Array. */
  read(sequence: number, start: number, count: number): Promise<Int32Array | Float32Array>;
  close(): Promise<void>;
}
