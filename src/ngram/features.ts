/** What is counted in a sequence: n-grams, and pairs of symbols at some distances. */
import type { GramOptions } from '../engine/ops.ts';
import { gramPlaces, multiplierFor } from '../nn/gram/places.ts';
import type { SparseRow } from '../solver/whitening.ts';

export interface FeatureOptions {
  /** Number of symbols K: 0 … K − 1. */
  readonly symbols: number;
  /** Lengths of the n-grams. */
  readonly orders: readonly number[];
  /** Distances of the pairs. */
  readonly gaps: readonly number[];
  /** Places for what is counted by one order or gap; a hash shares them out where they are too few. */
  readonly buckets: number;
}

/** The two kinds of features. Each has columns of its own, and a row of length 1. */
export const BLOCKS = ['n-grams', 'pairs'] as const;
export type Block = (typeof BLOCKS)[number];

export function columnsOf(
  { symbols, orders, gaps, buckets }: FeatureOptions,
  block: Block,
): number {
  if (block === 'n-grams') return orders.length * buckets;
  return gaps.length * Math.min(buckets, symbols * symbols);
}

/** Counts what sequences have. */
export class FeatureCounter {
  readonly #options: FeatureOptions;
  readonly #grams: GramOptions;
  readonly #counts: Record<Block, Float64Array>;

  constructor(options: FeatureOptions) {
    const { orders, buckets, symbols } = options;
    this.#options = options;
    const multiplier = multiplierFor(buckets);
    this.#grams = { orders, buckets, multiplier, before: symbols + 1 };
    this.#counts = {
      'n-grams': new Float64Array(columnsOf(options, 'n-grams')),
      pairs: new Float64Array(columnsOf(options, 'pairs')),
    };
  }

  /** Root of each n-gram's or pair's share among the timesteps. */
  rootsOfShares(sequence: ArrayLike<number>, block: Block): SparseRow {
    const counts = this.#counts[block];
    const seen: number[] = [];
    for (const { start, places } of this.#placesOf(sequence, block)) {
      for (const place of places) if (counts[start + place]!++ === 0) seen.push(start + place);
    }
    const columns = Int32Array.from(seen).sort();
    const values = Float64Array.from(columns, (column) =>
      Math.sqrt(counts[column]! / sequence.length),
    );
    for (const column of columns) counts[column] = 0;
    return { columns, values };
  }

  #placesOf(sequence: ArrayLike<number>, block: Block) {
    const { orders, gaps, buckets } = this.#options;
    if (block === 'n-grams') {
      return orders.map((order, at) => ({
        start: at * buckets,
        places: gramPlaces(sequence, order, this.#grams),
      }));
    }
    const width = columnsOf(this.#options, 'pairs') / gaps.length;
    return gaps.map((gap, at) => ({ start: at * width, places: this.#pairs(sequence, gap) }));
  }

  /** The place of each symbol with the one `gap` timesteps before it. */
  #pairs(sequence: ArrayLike<number>, gap: number): Int32Array {
    const { symbols, buckets } = this.#options;
    const factor = symbols * symbols <= buckets ? symbols : this.#grams.multiplier;
    const places = new Int32Array(Math.max(0, sequence.length - gap));
    for (let t = 0; t < places.length; t++) {
      places[t] = (sequence[t]! * factor + sequence[t + gap]!) % buckets;
    }
    return places;
  }
}
