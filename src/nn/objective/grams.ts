/** How often n-grams occur in a window: what the objective `n-grams` predicts, and what is known without a window. */
import type { PaddedRows } from '../../data/collate.ts';
import { gramPlaces, multiplierFor } from '../gram/places.ts';

/** The n-grams of one length. */
export interface GramTable {
  readonly order: number;
  /** Places for them: one each where there are few, otherwise a hash shares them out. */
  readonly places: number;
  /** The place of the n-gram that ends at each timestep. */
  placesOf(symbols: ArrayLike<number>): Int32Array;
}

/** The symbol before a window counts as one of its own. */
export function gramTable(order: number, symbols: number, buckets: number): GramTable {
  const all = (symbols + 1) ** order;
  const places = Math.min(all, buckets);
  const multiplier = all <= buckets ? symbols + 1 : multiplierFor(buckets);
  const options = { orders: [order], buckets: places, multiplier, before: symbols };
  return { order, places, placesOf: (values) => gramPlaces(values, order, options) };
}

/** How frequencies become what is predicted: as they are, or their roots, with which rare n-grams count for more. */
export type Share = 'plain' | 'root';

/** Counts as shares that add up to 1. */
export function sharesOf(counts: Float64Array, share: Share): Float64Array {
  const weights = share === 'root' ? counts.map(Math.sqrt) : counts;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The shares of each row's n-grams, one row after the other. */
export function rowShares(table: GramTable, rows: PaddedRows, share: Share): Float64Array[] {
  return Array.from(rows.lengths, (length, row) => {
    const first = row * rows.paddedLength;
    const counts = new Float64Array(table.places);
    for (const place of table.placesOf(rows.values.subarray(first, first + length))) {
      counts[place]!++;
    }
    return sharesOf(counts, share);
  });
}

/** Σ p·log p, in nats. */
export const negativeEntropy = (shares: Float64Array): number =>
  shares.reduce((sum, p) => (p === 0 ? sum : sum + p * Math.log(p)), 0);

/** −Σ p·log q. */
export const crossEntropy = (p: Float64Array, q: Float64Array): number =>
  p.reduce((sum, value, place) => (value === 0 ? sum : sum - value * Math.log(q[place]!)), 0);
