/** Variations of single values, as the model sees them: after scaling. */
import type { PaddedRows } from '../../../../data/collate.ts';
import { gaussian, type RowDraws, rowDraws } from './draws.ts';
import type { AugmentOptions } from './options.ts';
import { seenValues, withSeenValues } from './seen-values.ts';

/** Changes the `count` values of a row in place; values and channels follow each other by timestep. */
type Variation = (values: Int32Array | Float32Array, draws: RowDraws) => void;

/**
 * The rows with noise; the same rows where none is asked for.
 * @param symbols how many there are; 0 for numbers
 */
export function noisy(
  options: AugmentOptions,
  { seed, symbols }: { readonly seed: number; readonly symbols: number },
  rows: PaddedRows,
): PaddedRows {
  const { channels, paddedLength, lengths } = rows;
  const { scale, jitter, valueDropout } = options;
  const variations: (readonly [number | undefined, (amount: number) => Variation])[] = [
    [scale, (amount) => rescale(amount, channels)],
    [jitter, addNoise],
    [valueDropout, (amount) => replace(amount, symbols)],
  ];
  const wanted = variations.flatMap(([amount, make]) =>
    amount === undefined ? [] : [make(amount)],
  );
  if (wanted.length === 0) return rows;
  const values = seenValues(rows).slice();
  for (let row = 0; row < rows.rows; row++) {
    const begin = row * paddedLength * channels;
    const own = values.subarray(begin, begin + lengths[row]! * channels);
    const draws = rowDraws(seed, 'augment-noise', rows, row);
    for (const [index, vary] of wanted.entries()) {
      vary(own, (position) => draws(index * DRAWS_OF_VARIATION + position));
    }
  }
  return withSeenValues(rows, values);
}

/** More than a variation draws for the longest row. */
const DRAWS_OF_VARIATION = 2 ** 36;

const rescale =
  (deviation: number, channels: number): Variation =>
  (values, draws) => {
    const factors = Array.from({ length: channels }, (_, c) => 1 + deviation * gaussian(draws, c));
    for (let index = 0; index < values.length; index++)
      values[index]! *= factors[index % channels]!;
  };

const addNoise =
  (deviation: number): Variation =>
  (values, draws) => {
    for (let index = 0; index < values.length; index++) {
      values[index]! += deviation * gaussian(draws, index);
    }
  };

const replace =
  (share: number, symbols: number): Variation =>
  (values, draws) => {
    for (let index = 0; index < values.length; index++) {
      if (draws(2 * index) >= share) continue;
      values[index] = symbols === 0 ? 0 : Math.floor(draws(2 * index + 1) * symbols);
    }
  };
