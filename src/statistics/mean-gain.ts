/** What one model gains over another on the same rows. */

export interface MeanGain {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly error: number;
}

/**
 * The mean gain, and how much of it may be chance. Rows of one group are alike, so groups vary as wholes; where all rows
 * are of one group, each counts as its own. A row alone says nothing of others.
 * @param gains of each row, at least one
 * @param groups `[rows]`: each row's group
 */
export function meanGain(gains: Float64Array, groups: readonly string[]): MeanGain {
  const rows = gains.length;
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / rows;
  if (rows === 1) return { mean, error: Number.POSITIVE_INFINITY };
  const sums = new Map<string, number>();
  for (const [row, gain] of gains.entries()) {
    sums.set(groups[row]!, (sums.get(groups[row]!) ?? 0) + gain - mean);
  }
  const parts = sums.size > 1 ? [...sums.values()] : [...gains].map((gain) => gain - mean);
  const squares = parts.reduce((sum, part) => sum + part * part, 0);
  return { mean, error: Math.sqrt((squares * parts.length) / (parts.length - 1)) / rows };
}
