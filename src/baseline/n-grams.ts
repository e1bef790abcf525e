/** Frequencies of the n-grams of symbols, and their inner products. */
import type { DualModel } from '../solver/gram-factor.ts';
import { type Matrix, matrix } from '../solver/matrix.ts';
import type { Inputs } from './linear.ts';

/** More n-grams than this share places by a hash. */
const MOST_KEYS = 2 ** 22;

/** How an n-gram's count becomes a feature. Either way the row of all n-grams of a sequence has length 1. */
export type Weighting = 'root' | 'log';

/** A sequence's n-grams of one order, of those that some training sequence has. */
export interface SparseRow {
  /** Places of the n-grams, from 0 in the order of their first appearance. */
  readonly ids: Int32Array;
  readonly values: Float64Array;
}

/** Counts the n-grams of one order, example after example. */
export class NGrams {
  readonly order: number;
  /** By example: the root of each n-gram's share, or 1 + log of its count. */
  readonly rows: Readonly<Record<Weighting, SparseRow[]>> = { root: [], log: [] };
  readonly #symbols: number;
  readonly #channels: number;
  readonly #isExact: boolean;
  /** Place of each key, plus 1; 0 for one that no training sequence has. */
  readonly #idOfKey: Int32Array;
  readonly #counts: Int32Array;
  #ids = 0;
  /** `[size]`: zeros, but for the row that is being compared. */
  #dense = new Float64Array(0);

  constructor(order: number, symbols: number, channels: number) {
    this.order = order;
    this.#symbols = symbols;
    this.#channels = channels;
    const all = symbols ** order * channels;
    this.#isExact = all <= MOST_KEYS;
    this.#idOfKey = new Int32Array(this.#isExact ? all : MOST_KEYS);
    this.#counts = new Int32Array(this.#idOfKey.length);
  }

  /** Number of n-grams that training sequences have. */
  get size(): number {
    return this.#ids;
  }

  /** @param values `[length · channels]` */
  add(values: ArrayLike<number>, isTrainable: boolean): void {
    const known: number[] = [];
    const counts: number[] = [];
    let [total, squares] = [0, 0];
    for (const key of this.#count(values)) {
      const count = this.#counts[key]!;
      this.#counts[key] = 0;
      total += count;
      squares += (1 + Math.log(count)) ** 2;
      if (isTrainable && this.#idOfKey[key] === 0) this.#idOfKey[key] = ++this.#ids;
      if (this.#idOfKey[key] === 0) continue;
      known.push(this.#idOfKey[key]! - 1);
      counts.push(count);
    }
    const ids = Int32Array.from(known);
    const found = Float64Array.from(counts);
    const length = Math.sqrt(squares);
    this.rows.root.push({ ids, values: found.map((count) => Math.sqrt(count / total)) });
    this.rows.log.push({ ids, values: found.map((count) => (1 + Math.log(count)) / length) });
  }

  /** The inner products of an example with others. */
  similarities(weighting: Weighting, from: number, to: Int32Array): Float64Array {
    const rows = this.rows[weighting];
    if (this.#dense.length < this.#ids) this.#dense = new Float64Array(this.#ids);
    const { ids, values } = rows[from]!;
    for (let i = 0; i < ids.length; i++) this.#dense[ids[i]!] = values[i]!;
    const products = new Float64Array(to.length);
    for (let i = 0; i < to.length; i++) products[i] = gather(rows[to[i]!]!, this.#dense);
    for (let i = 0; i < ids.length; i++) this.#dense[ids[i]!] = 0;
    return products;
  }

  /** Counts each key; returns those that occur. */
  #count(values: ArrayLike<number>): number[] {
    const channels = this.#channels;
    const seen: number[] = [];
    const starts = values.length - (this.order - 1) * channels;
    for (let start = 0; start < starts; start++) {
      const key = this.#keyAt(values, start);
      if (this.#counts[key]!++ === 0) seen.push(key);
    }
    return seen;
  }

  #keyAt(values: ArrayLike<number>, start: number): number {
    const channels = this.#channels;
    let key = channels === 1 ? 0 : start % channels;
    const end = start + this.order * channels;
    if (this.#isExact) {
      for (let at = start; at < end; at += channels) key = key * this.#symbols + values[at]!;
      return key;
    }
    for (let at = start; at < end; at += channels) {
      key = Math.imul(key ^ values[at]!, 0x9e3779b1);
      key ^= key >>> 15;
    }
    return key & (MOST_KEYS - 1);
  }
}

function gather({ ids, values }: SparseRow, dense: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < ids.length; i++) sum += values[i]! * dense[ids[i]!]!;
  return sum;
}

/** The n-grams of several orders side by side, together of length 1. Inner products are computed once. */
export class NGramInputs {
  readonly #tables: readonly NGrams[];
  readonly #trainable: number;
  readonly #grams = new Map<string, Matrix>();

  /** @param trainable the first so many examples are in a draw */
  constructor(tables: readonly NGrams[], trainable: number) {
    this.#tables = tables;
    this.#trainable = trainable;
  }

  of(orders: readonly number[], weighting: Weighting): Inputs {
    return {
      gram: (places) => this.#gramOf(orders, weighting, places),
      scores: (model, training, places) =>
        this.#scoresOf(orders, weighting, model, training, places),
    };
  }

  #gramOf(orders: readonly number[], weighting: Weighting, places: Int32Array): Matrix {
    const size = places.length;
    const result = matrix(size, size);
    for (const order of orders) {
      const { values } = this.#trainableGram(order, weighting);
      for (let i = 0; i < size; i++) {
        const row = places[i]! * this.#trainable;
        for (let j = 0; j < size; j++) {
          result.values[i * size + j]! += values[row + places[j]!]! / orders.length;
        }
      }
    }
    return result;
  }

  #trainableGram(order: number, weighting: Weighting): Matrix {
    const key = `${weighting} ${order}`;
    const known = this.#grams.get(key);
    if (known !== undefined) return known;
    const size = this.#trainable;
    const gram = matrix(size, size);
    const all = Int32Array.from({ length: size }, (_, place) => place);
    for (let i = 0; i < size; i++) {
      const row = this.#table(order).similarities(weighting, i, all.subarray(0, i + 1));
      for (let j = 0; j <= i; j++) {
        gram.values[i * size + j] = row[j]!;
        gram.values[j * size + i] = row[j]!;
      }
    }
    this.#grams.set(key, gram);
    return gram;
  }

  #scoresOf(
    orders: readonly number[],
    weighting: Weighting,
    { coefficients, intercepts }: DualModel,
    training: Int32Array,
    places: Int32Array,
  ): Matrix {
    const outputs = intercepts.length;
    const scores = matrix(places.length, outputs);
    for (let row = 0; row < places.length; row++) scores.values.set(intercepts, row * outputs);
    for (const order of orders) {
      const { rows: all, size } = this.#table(order);
      const rows = all[weighting];
      const weights = new Float64Array(size * outputs);
      const factors = new Float64Array(outputs);
      for (let i = 0; i < training.length; i++) {
        for (let k = 0; k < outputs; k++) {
          factors[k] = coefficients.values[k * training.length + i]! / orders.length;
        }
        addTo(weights, rows[training[i]!]!, factors);
      }
      for (let row = 0; row < places.length; row++) {
        addProducts(scores.values, row * outputs, rows[places[row]!]!, weights, outputs);
      }
    }
    return scores;
  }

  #table(order: number): NGrams {
    return this.#tables.find((table) => table.order === order)!;
  }
}

/** weights[id, k] += factors[k] · value. */
function addTo(weights: Float64Array, { ids, values }: SparseRow, factors: Float64Array): void {
  const outputs = factors.length;
  for (let i = 0; i < ids.length; i++) {
    const start = ids[i]! * outputs;
    const value = values[i]!;
    for (let k = 0; k < outputs; k++) weights[start + k]! += factors[k]! * value;
  }
}

/** scores[k] += Σ value · weights[id, k]. */
function addProducts(
  scores: Float64Array,
  start: number,
  { ids, values }: SparseRow,
  weights: Float64Array,
  outputs: number,
): void {
  for (let i = 0; i < ids.length; i++) {
    const from = ids[i]! * outputs;
    const value = values[i]!;
    for (let k = 0; k < outputs; k++) scores[start + k]! += value * weights[from + k]!;
  }
}
