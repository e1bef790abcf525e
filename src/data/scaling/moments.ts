/** Which values of a row belong to one channel. */
export interface Places {
  readonly begin: number;
  /** Up to and without this one. @default the end */
  readonly end?: number;
  /** Number of channels. */
  readonly stride: number;
  /** Non-zero at values that do not count. */
  readonly hidden?: ArrayLike<number> | undefined;
}

/**
 * Number, mean and deviation (from the mean square) of a channel's values that are neither missing (NaN) nor hidden.
 * Two passes in float64, centred on the first value, so that a constant channel has a deviation of exactly 0, at
 * any offset. Zeros where no value counts.
 */
export function sequenceMoments(
  values: ArrayLike<number>,
  { begin, end = values.length, stride, hidden }: Places,
): { readonly count: number; readonly mean: number; readonly deviation: number } {
  let origin = Number.NaN;
  let count = 0;
  let sum = 0;
  const counts = (index: number) => !Number.isNaN(values[index]!) && !hidden?.[index];
  for (let index = begin; index < end; index += stride) {
    if (!counts(index)) continue;
    if (count === 0) origin = values[index]!;
    sum += values[index]! - origin;
    count++;
  }
  if (count === 0) return { count, mean: 0, deviation: 0 };
  const shift = sum / count;
  let squares = 0;
  for (let index = begin; index < end; index += stride) {
    if (counts(index)) squares += (values[index]! - origin - shift) ** 2;
  }
  return { count, mean: origin + shift, deviation: Math.sqrt(squares / count) };
}
