/**
 * What the model `latent-grams` learns from sequences without labels: how much an n-gram tells, and the directions in which
 * sequences differ most (latent semantic analysis, Deerwester et al. 1990, on roots of frequencies).
 */
import { LockstepError } from '../../core/errors.ts';
import type { GramOptions } from '../../engine/ops.ts';
import { type SparseRow, type Whitening, whitening } from '../../solver/whitening.ts';
import { gramPlaces } from './places.ts';
import { importanceOf, weighed } from './weighting.ts';

export interface FittedGrams extends Whitening {
  /** `[orders · buckets]`: ln((1 + N) / (1 + n)) + 1 for n-grams that n of N sequences have, 0 for those of none. */
  readonly importance: Float64Array;
}

/** @throws LockstepError DATA_INVALID when there are fewer sequences than components */
export async function fitGrams(
  sequences: AsyncIterable<ArrayLike<number>>,
  options: GramOptions,
  components: number,
): Promise<FittedGrams> {
  const columns = options.orders.length * options.buckets;
  const counter = new Float64Array(columns);
  const rows: SparseRow[] = [];
  for await (const symbols of sequences) rows.push(rootsOfShares(symbols, options, counter));
  if (rows.length < components) throw tooFew(rows.length, components);
  const importance = importanceOf(rows, columns);
  return {
    ...whitening(
      rows.map((row) => weighed(row, importance)),
      columns,
      components,
    ),
    importance,
  };
}

/** Root of each n-gram's share. @param counter scratch of zeros */
function rootsOfShares(
  symbols: ArrayLike<number>,
  options: GramOptions,
  counter: Float64Array,
): SparseRow {
  const seen: number[] = [];
  options.orders.forEach((order, index) => {
    for (const place of gramPlaces(symbols, order, options)) {
      const column = index * options.buckets + place;
      if (counter[column]!++ === 0) seen.push(column);
    }
  });
  const columns = Int32Array.from(seen).sort();
  const values = Float64Array.from(columns, (column) =>
    Math.sqrt(counter[column]! / symbols.length),
  );
  for (const column of columns) counter[column] = 0;
  return { columns, values };
}

function tooFew(found: number, components: number): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `model.channels is ${components}, but only ${found} training sequences are there to find so many directions.`,
    `Set model.channels to ${Math.max(1, found)} or less, or import more sequences, without labels if need be.`,
  );
}
