/** Sequences by length, for a report. */

/** A quarter of the sequences. */
export interface LengthQuartile {
  /** In timesteps. */
  readonly shortest: number;
  readonly longest: number;
  readonly sequences: number;
}

/** Quarters of the sequences, shortest first, each with what `measure` says of it. */
export function lengthQuartiles<Item extends { readonly length: number }, Measured>(
  items: readonly Item[],
  measure: (part: readonly Item[]) => Measured,
): readonly (LengthQuartile & Measured)[] {
  const sorted = items.toSorted((a, b) => a.length - b.length);
  const boundary = (quarter: number) => Math.floor((sorted.length * quarter) / 4);
  return [0, 1, 2, 3].flatMap((quarter) => {
    const part = sorted.slice(boundary(quarter), boundary(quarter + 1));
    if (part.length === 0) return [];
    const bounds = { shortest: part[0]!.length, longest: part.at(-1)!.length };
    return [{ ...bounds, sequences: part.length, ...measure(part) }];
  });
}
