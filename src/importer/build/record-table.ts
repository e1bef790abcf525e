/** The checked records of an import: about 60 bytes each and their ids. Their values are on disk. */
import { wordAt } from '../../core/hash.ts';
import { filled } from '../../core/typed-arrays.ts';
import { sortByKeys } from '../../data/format/radix-sort.ts';
import { SPLITS, type Split } from '../../data/format/store.ts';
import { NameColumn, NumberColumn, TextColumn } from './column.ts';

/** A record whose values are on disk. */
export interface SpilledRecord {
  readonly id: string;
  readonly group: string;
  readonly label: string | undefined;
  readonly split: Split | undefined;
  /** Number of timesteps. */
  readonly length: number;
  /** Offset of the values in the spill. */
  readonly offset: number;
  /** Digest of the values, equal only for equal sequences: 16 bytes or more, a character each. */
  readonly digest: string;
}

/** Records by their row, in the order in which they were read. */
export class RecordTable {
  readonly ids = new TextColumn();
  readonly labels = new NameColumn();
  /** None where a record is its own group. */
  readonly groups = new NameColumn();
  readonly lengths = new NumberColumn((capacity) => new Int32Array(capacity));
  readonly #splits = new NumberColumn((capacity) => new Int8Array(capacity));
  readonly #offsets = new NumberColumn((capacity) => new Float64Array(capacity));
  #digests = [0, 4, 8, 12].map(() => new NumberColumn((size) => new Int32Array(size)));
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(record: SpilledRecord): void {
    this.ids.push(record.id);
    this.labels.push(record.label);
    this.groups.push(record.group === record.id ? undefined : record.group);
    this.lengths.push(record.length);
    this.#splits.push(record.split === undefined ? -1 : SPLITS.indexOf(record.split));
    this.#offsets.push(record.offset);
    for (let part = 0; part < this.#digests.length; part++) {
      this.#digests[part]!.push(wordAt(record.digest, 4 * part));
    }
    this.#length++;
  }

  replaceDigest(row: number, digest: string): void {
    for (let part = 0; part < this.#digests.length; part++) {
      this.#digests[part]!.set(row, wordAt(digest, 4 * part));
    }
  }

  groupAt(row: number): string {
    return this.groups.at(row) ?? this.ids.at(row);
  }

  /** The number of the split that the source gives; -1 where it gives none. */
  splitNumberAt(row: number): number {
    return this.#splits.at(row);
  }

  offsetAt(row: number): number {
    return this.#offsets.at(row);
  }

  /** 32 bits of the digest. */
  hashAt(row: number): number {
    return this.#digests[0]!.at(row);
  }

  hasEqualValues(a: number, b: number): boolean {
    return this.#digests.every((part) => part.at(a) === part.at(b));
  }

  /** Frees the memory of what tells equal values: a fifth of all. */
  forgetDigests(): void {
    this.#digests = [];
  }

  /** All rows by id; equal ids by label and group, so the order of reading does not matter. */
  rowsById(): Uint32Array {
    const rows = filled(new Uint32Array(this.#length), (row) => row);
    const isSorted = rows.every((row) => row === 0 || this.#compare(row - 1, row) <= 0);
    if (isSorted) return rows;
    return sortByKeys(rows, this.ids.sortKeys(), (a, b) => this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    return this.ids.compare(a, b) || this.#compareRest(a, b);
  }

  #compareRest(a: number, b: number): number {
    const texts = [a, b].map((row) => [this.labels.at(row) ?? '', this.groupAt(row)]);
    const [first, second] = texts.map((pair) => pair.map((text) => Buffer.from(text)));
    return Buffer.compare(first![0]!, second![0]!) || Buffer.compare(first![1]!, second![1]!);
  }
}
