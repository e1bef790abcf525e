/** Ascending lengths in timesteps, which need not be in memory one by one. */
export interface Lengths {
  readonly length: number;
  /** The length at a position in [0, length). */
  at(position: number): number | undefined;
}

/** The lengths of these sequences of a store, `crop` at most. */
export function croppedLengths(
  sequences: Int32Array,
  storeLengths: Int32Array,
  crop = Number.POSITIVE_INFINITY,
): Lengths {
  return {
    length: sequences.length,
    at: (position) => Math.min(storeLengths[sequences[position]!]!, crop),
  };
}

/** First position in [0, end) whose length is at least `bound`; `end` when none is. */
export function firstAtLeast(ascending: Lengths, bound: number, end = ascending.length): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending.at(middle)! >= bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
