/** Gathers the manifest's statistics while the rows are written in their final order. */
import type { StoreRow } from './arrow-schema.ts';
import type { Split, StoreManifest, ValueType } from './store.ts';
import { UNLABELLED } from './store.ts';
import type { StoredValues } from './values.ts';

interface SplitCounts {
  sequences: number;
  tokens: number;
  perClass: number[];
}

type Statistics = Pick<
  StoreManifest,
  | 'valueRange'
  | 'symbolCounts'
  | 'transitionCounts'
  | 'meanValue'
  | 'sequences'
  | 'tokens'
  | 'length'
  | 'splits'
>;

/** With more symbols the pairs of neighbours are not counted: a table would be too large. */
const TRANSITION_SYMBOLS = 64;

/** Add every row once, then `finish`. */
export class StoreStatistics {
  readonly #valueType: ValueType;
  readonly #splits: Record<Split, SplitCounts>;
  readonly #symbolCounts = new Float64Array(65_536);
  readonly #transitionCounts = new Float64Array(TRANSITION_SYMBOLS ** 2);
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = Number.NEGATIVE_INFINITY;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;
  #trainSum = 0;

  constructor(valueType: ValueType, classCount: number) {
    this.#valueType = valueType;
    const none = (): SplitCounts => ({
      sequences: 0,
      tokens: 0,
      perClass: Array<number>(classCount).fill(0),
    });
    this.#splits = { train: none(), validation: none(), test: none() };
  }

  add(row: StoreRow, values: StoredValues): void {
    const counts = this.#splits[row.split];
    counts.sequences++;
    counts.tokens += row.length;
    if (row.label !== UNLABELLED) counts.perClass[row.label]!++;
    this.#shortest = Math.min(this.#shortest, row.length);
    this.#longest = Math.max(this.#longest, row.length);
    this.#addRange(values);
    if (row.split === 'train') this.#addTraining(values);
  }

  #addRange(values: StoredValues): void {
    for (const value of values) {
      if (value < this.#minimum) this.#minimum = value;
      if (value > this.#maximum) this.#maximum = value;
    }
  }

  #addTraining(values: StoredValues): void {
    let sum = 0;
    for (const value of values) sum += value;
    this.#trainSum += sum;
    if (values instanceof Float32Array) return;
    for (const value of values) this.#symbolCounts[value]!++;
    for (let position = 1; position < values.length; position++) {
      const [from, to] = [values[position - 1]!, values[position]!];
      if (from < TRANSITION_SYMBOLS && to < TRANSITION_SYMBOLS) {
        this.#transitionCounts[from * TRANSITION_SYMBOLS + to]!++;
      }
    }
  }

  /** `[symbols · symbols]`, row-major; empty for more than `TRANSITION_SYMBOLS`. */
  #transitions(symbols: number): number[] {
    if (symbols > TRANSITION_SYMBOLS) return [];
    return Array.from({ length: symbols }, (_, from) => [
      ...this.#transitionCounts.subarray(
        from * TRANSITION_SYMBOLS,
        from * TRANSITION_SYMBOLS + symbols,
      ),
    ]).flat();
  }

  /** The statistics of all added rows, at least one. */
  finish(): Statistics {
    const { train, validation, test } = this.#splits;
    const integer = this.#valueType !== 'float32';
    return {
      valueRange: { minimum: this.#minimum, maximum: this.#maximum },
      symbolCounts: integer ? Array.from(this.#symbolCounts.subarray(0, this.#maximum + 1)) : [],
      transitionCounts: integer ? this.#transitions(this.#maximum + 1) : [],
      meanValue: train.tokens === 0 ? 0 : this.#trainSum / train.tokens,
      sequences: train.sequences + validation.sequences + test.sequences,
      tokens: train.tokens + validation.tokens + test.tokens,
      length: { minimum: this.#shortest, maximum: this.#longest },
      splits: { train, validation, test },
    };
  }
}
