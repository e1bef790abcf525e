/** Where n-grams are counted: the same places on the host as `ops.gramFrequencies` has in an engine. */
import type { GramOptions } from '../../engine/ops.ts';

/** So that multiplier · buckets + symbol stays below 2²⁴, where float32 is exact; about √½ of the most. */
export function multiplierFor(buckets: number): number {
  return 1 + 4 * Math.floor((0.177 * 2 ** 24) / buckets);
}

/** The place of the n-gram that ends at each timestep, within `[0, buckets)`. */
export function gramPlaces(
  symbols: ArrayLike<number>,
  order: number,
  { buckets, multiplier, before }: GramOptions,
): Int32Array {
  const places = Int32Array.from(symbols, (symbol) => symbol % buckets);
  let placeBefore = before % buckets;
  for (let length = 2; length <= order; length++) {
    let previous = placeBefore;
    for (let position = 0; position < places.length; position++) {
      const next = places[position]!;
      places[position] = (previous * multiplier + symbols[position]!) % buckets;
      previous = next;
    }
    placeBefore = (placeBefore * multiplier + before) % buckets;
  }
  return places;
}
