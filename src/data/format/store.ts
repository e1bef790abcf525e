/**
 * What the rest of Lockstep knows about a dataset. A store is a folder: `manifest.json` names the folder of the
 * version that counts. It has `sequences-00000.arrow` … (Arrow IPC, rows sorted by length, ascending, over all
 * shards), `index.arrow` (the same rows without their values) and `index.bin` (lengths, labels and splits).
 * A row's number in this order is its sequence's number everywhere: plan, random draws, predictions.
 */

import type { ChannelStatistics } from '../scaling/channel-statistics.ts';
import type { DataTarget } from './target.ts';

/** The types that values can have on disk. */
export type ValueType = 'uint8' | 'uint16' | 'float32';
/** A part of the dataset that shares no group with the others. */
export type Split = 'train' | 'validation' | 'test';
/** The splits, in the order of their numbers. */
export const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

/** The label of a sequence without a class. */
export const UNLABELLED = -1;

/** The rows `[start, end)` of a store, in one file. */
export interface Shard {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** The contents of `manifest.json`. */
export interface StoreManifest {
  /** 1 is read, 2 is written. */
  readonly formatVersion: 1 | 2;
  readonly name: string;
  readonly valueType: ValueType;
  /** Values of one timestep. */
  readonly channels: number;
  /** What there is to learn of each sequence. */
  readonly target: DataTarget;
  /** One for each channel, by which numbers are scaled; empty in a dataset of an older version. */
  readonly channelStatistics: readonly ChannelStatistics[];
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
   * Integer values of at most 64 symbols in one channel: `transitionCounts[a · symbols + b]` is how often b follows a in
   * the training split. Otherwise empty.
   */
  readonly transitionCounts: readonly number[];
  /** Mean over all values of the training split. */
  readonly meanValue: number;
  readonly sequences: number;
  readonly tokens: number;
  readonly length: { readonly minimum: number; readonly maximum: number };
  readonly splits: Readonly<
    Record<
      Split,
      {
        sequences: number;
        tokens: number;
        /** Sequences with each class; where each timestep has a class, timesteps with it. */
        perClass: readonly number[];
      }
    >
  >;
  /** Folder of the files, relative to the manifest's. */
  readonly folder: string;
  /** Ascending and without gaps. */
  readonly shards: readonly Shard[];
  /** SHA-256 of each file, hex. */
  readonly files: Readonly<Record<string, { sizeBytes: number; sha256: string }>>;
  /** The file with a checksum of each block of `files`, which is none of them; absent in a dataset of an older version. */
  readonly checksums?: { readonly sizeBytes: number; readonly sha256: string } | undefined;
  /** SHA-256 over the files' hashes: the identity of the data. */
  readonly contentHash: string;
  /** For people: importer, source and options of the import. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** Classes (ascending) or numbers of each sequence; none for one without a target. */
export interface SequenceTargets {
  /** `[sequences + 1]`: those of a sequence are `values` from its offset up to the next one. */
  readonly offsets: Int32Array;
  readonly values: Int32Array | Float32Array;
}

/** Classes by number, of the narrowest type that holds them all; a byte for each of 100 million sequences counts. */
export type Labels = Int8Array | Int16Array | Int32Array;

/** The columns that planning needs, indexed by a sequence's number. */
export interface StoreIndex {
  /** Ascending. */
  readonly lengths: Int32Array;
  /** Class of each sequence, or UNLABELLED. Where targets are of another kind: 0 for a sequence that has one. */
  readonly labels: Labels;
  /** The classes or numbers of each sequence, where the target is `classes` or `numbers`. */
  readonly targets?: SequenceTargets | undefined;
  /** Index into `SPLITS`. */
  readonly splits: Uint8Array;
}

/** A dataset with random access. */
export interface Store {
  readonly path: string;
  readonly manifest: StoreManifest;
  readonly index: StoreIndex;
  /** Id of each sequence, as imported; read at the first call. */
  ids(): Promise<readonly string[]>;
  /**
   * The values `[start, start + count)` of one sequence: integers as Int32Array, real values as Float32Array.
   * @throws LockstepError STORE_CORRUPT when the file is damaged
   */
  read(sequence: number, start: number, count: number): Promise<Int32Array | Float32Array>;
  /**
   * The classes of the timesteps `[start, start + count)` of one sequence, UNLABELLED where there is none. Absent
   * unless the target is `timestep-class`.
   * @throws LockstepError STORE_CORRUPT when the file is damaged
   */
  readTimestepLabels?(sequence: number, start: number, count: number): Promise<Int16Array>;
  close(): Promise<void>;
}
