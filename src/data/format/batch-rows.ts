/** Which rows share a record batch: a pure function of the lengths, so equal data gives equal files. */

/** Values of one record batch, unless a single sequence is longer. */
const MAXIMUM_BATCH_BYTES = 2 * 2 ** 20;
/** Bounds a batch of very short sequences. */
const MAXIMUM_BATCH_ROWS = 65_536;

/** A half-open range of rows. */
export interface RowRange {
  /** Rows `[start, end)`. */
  readonly start: number;
  readonly end: number;
}

/** Cuts rows of the given `lengths` (in values), in order, into batches of at most 2 MiB and 65 536 rows. */
export function batchRows(lengths: ArrayLike<number>, bytesPerValue: number): RowRange[] {
  const ranges: RowRange[] = [];
  let start = 0;
  let bytes = 0;
  for (let row = 0; row < lengths.length; row++) {
    const rowBytes = lengths[row]! * bytesPerValue;
    const full = bytes + rowBytes > MAXIMUM_BATCH_BYTES || row - start === MAXIMUM_BATCH_ROWS;
    if (row > start && full) {
      ranges.push({ start, end: row });
      start = row;
      bytes = 0;
    }
    bytes += rowBytes;
  }
  if (start < lengths.length) ranges.push({ start, end: lengths.length });
  return ranges;
}
