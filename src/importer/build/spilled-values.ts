/** The values of the rows of a spill in their final order, and their statistics. */
import type { ValueType } from '../../data/format/store.ts';
import { ValueStatistics, type ValueSummary } from '../../data/format/value-statistics.ts';
import { allocateValues, BYTES_PER_VALUE, type StoredValues } from '../../data/format/values.ts';
import { readSpilled } from './spill.ts';
import { type TypeBegin, typeAt } from './value-types.ts';

/** Rows that are written together, as what a thread can be sent. */
export interface SpilledBatch {
  /** Of each row: where its values are in the spill. */
  readonly offsets: Float64Array;
  /** Numbers of timesteps. */
  readonly lengths: Int32Array;
  /** 1 for those of the training split. */
  readonly isTraining: Uint8Array;
}

/** What the spill holds. */
export interface SpillShape {
  /** Open for reading. */
  readonly file: number;
  /** The type of the dataset. */
  readonly valueType: ValueType;
  /** The types in which values were spilled. */
  readonly begins: readonly TypeBegin[];
  /** Values of one timestep. */
  readonly channels: number;
}

/** Gathers one batch after the other. */
export class SpilledValues {
  readonly #shape: SpillShape;
  readonly #statistics: ValueStatistics;
  #read: StoredValues;

  constructor(shape: SpillShape) {
    this.#shape = shape;
    this.#statistics = new ValueStatistics(shape.valueType, shape.channels);
    this.#read = allocateValues(shape.valueType, 0);
  }

  /** The values of the rows, one row after the other. Those that lie so in the spill are read in one piece. */
  gather({ offsets, lengths, isTraining }: SpilledBatch): StoredValues {
    const { valueType, begins, channels } = this.#shape;
    const places = new Float64Array(lengths.length + 1);
    lengths.forEach((length, row) => {
      places[row + 1] = places[row]! + length * channels;
    });
    const sizeOf = (row: number) => lengths[row]! * channels;
    const values = allocateValues(valueType, places.at(-1)!);
    if (this.#read.length < values.length) this.#read = allocateValues(valueType, values.length);
    const read = this.#read;
    const inOrder = [...offsets.keys()].sort((a, b) => offsets[a]! - offsets[b]!);
    let [first, begin, end] = [0, 0, 0];
    inOrder.forEach((row, i) => {
      end += sizeOf(row);
      const type = typeAt(begins, offsets[row]!);
      const next = offsets[row]! + sizeOf(row) * BYTES_PER_VALUE[type];
      const isNext = i + 1 < inOrder.length && offsets[inOrder[i + 1]!] === next;
      if (isNext && typeAt(begins, next) === type) return;
      readWidened(this.#shape, offsets[inOrder[first]!]!, read.subarray(begin, end));
      [first, begin] = [i + 1, end];
    });
    let at = 0;
    for (const row of inOrder) {
      values.set(read.subarray(at, at + sizeOf(row)), places[row]);
      at += sizeOf(row);
    }
    for (let row = 0; row < lengths.length; row++) {
      this.#statistics.add(values.subarray(places[row], places[row + 1]), isTraining[row] === 1);
    }
    return values;
  }

  /** Of all that was gathered. */
  finish(): ValueSummary {
    return this.#statistics.finish();
  }
}

/** Reads values that were spilled in one type, in the type of the dataset. */
export function readWidened(
  { file, valueType, begins }: Pick<SpillShape, 'file' | 'valueType' | 'begins'>,
  offset: number,
  into: StoredValues,
): void {
  const type = typeAt(begins, offset);
  const spilled = type === valueType ? into : allocateValues(type, into.length);
  readSpilled(file, offset, spilled);
  if (spilled !== into) into.set(spilled);
}
