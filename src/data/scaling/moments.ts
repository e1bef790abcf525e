import type { Moments } from './channel-statistics.ts';

/** Which values of a row belong to one channel. */
export interface Places {
  readonly begin: number;
  /** Up to and without this one. @default the end */
  readonly end?: number;
  /** Number of channels. */
  readonly stride: number;
}

/**
 * Number, mean and deviation of a channel's values that are not missing (NaN). Two passes in float64, centred on the
 * first value, so that a constant channel has a deviation of exactly 0, at any offset. Zeros where there is no value.
 */
export function sequenceMoments(
  values: ArrayLike<number>,
  { begin, end = values.length, stride }: Places,
): Moments & { readonly count: number } {
  let first = begin;
  while (first < end && Number.isNaN(values[first]!)) first += stride;
  if (first >= end) return { count: 0, mean: 0, deviation: 0 };
  const origin = values[first]!;
  let count = 0;
  let sum = 0;
  for (let index = first; index < end; index += stride) {
    const value = values[index]!;
    if (Number.isNaN(value)) continue;
    sum += value - origin;
    count++;
  }
  const shift = sum / count;
  let squares = 0;
  for (let index = first; index < end; index += stride) {
    const distance = values[index]! - origin - shift;
    if (!Number.isNaN(distance)) squares += distance * distance;
  }
  return { count, mean: origin + shift, deviation: Math.sqrt(squares / count) };
}
