import type { ValueType } from '../../data/format/store.ts';
import { allocateValues, BYTES_PER_VALUE, type StoredValues } from '../../data/format/values.ts';
import type { Spill } from './spill.ts';

/** Where a row's values are. */
export interface SpilledValues {
  /** In the spill. */
  readonly offset: number;
  /** Number of timesteps. */
  readonly length: number;
}

/** Reads the values of several rows at once: those that lie one behind the other in the spill, in one piece. */
export class SpilledRows {
  readonly #spill: Spill;
  readonly #valueType: ValueType;
  readonly #channels: number;
  #values: StoredValues;
  /** Where each loaded row begins in `#values`, by its offset. */
  readonly #places = new Map<number, number>();

  constructor(spill: Spill, valueType: ValueType, channels: number) {
    this.#spill = spill;
    this.#valueType = valueType;
    this.#channels = channels;
    this.#values = allocateValues(valueType, 0);
  }

  /** Takes the place of the rows that were loaded before. */
  load(rows: readonly SpilledValues[]): void {
    const sizeOf = ({ length }: SpilledValues) => length * this.#channels;
    const total = rows.reduce((sum, row) => sum + sizeOf(row), 0);
    if (this.#values.length < total) this.#values = allocateValues(this.#valueType, total);
    this.#places.clear();
    const inOrder = rows.toSorted((a, b) => a.offset - b.offset);
    let [first, begin, end] = [0, 0, 0];
    inOrder.forEach((row, i) => {
      this.#places.set(row.offset, end);
      end += sizeOf(row);
      const next = row.offset + sizeOf(row) * BYTES_PER_VALUE[this.#valueType];
      if (inOrder[i + 1]?.offset === next) return;
      this.#spill.read(inOrder[first]!.offset, this.#values.subarray(begin, end));
      [first, begin] = [i + 1, end];
    });
  }

  /** The values of a loaded row, until others are loaded. */
  of({ offset, length }: SpilledValues): StoredValues {
    const place = this.#places.get(offset)!;
    return this.#values.subarray(place, place + length * this.#channels);
  }
}
