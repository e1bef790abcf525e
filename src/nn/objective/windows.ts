/** Parts of rows as rows of their own. */
import type { PaddedRows } from '../../data/collate.ts';

/** One part of a row. */
export interface Window {
  readonly row: number;
  /** Timesteps of the row before it. */
  readonly skipped: number;
  readonly count: number;
}

/**
 * The windows as rows, in their order and padded to the longest. They are rows of their own before scaling: with
 * `data.scaling: sequence` a level that two windows share would tell which ones belong together.
 */
export function rowsOfWindows(whole: PaddedRows, windows: readonly Window[]): PaddedRows {
  const { channels, epoch } = whole;
  const paddedLength = Math.max(...windows.map(({ count }) => count));
  const values = new (whole.values.constructor as Int32ArrayConstructor)(
    windows.length * paddedLength * channels,
  );
  for (const [index, { row, skipped, count }] of windows.entries()) {
    const first = (row * whole.paddedLength + skipped) * channels;
    const shown = whole.values.subarray(first, first + count * channels);
    values.set(shown, index * paddedLength * channels);
  }
  const each = (of: (window: Window) => number) => Int32Array.from(windows, of);
  return {
    rows: windows.length,
    paddedLength,
    channels,
    lengths: each(({ count }) => count),
    values,
    labels: each(({ row }) => whole.labels[row]!),
    sequences: each(({ row }) => whole.sequences[row]!),
    starts: each(({ row, skipped }) => whole.starts[row]! + skipped),
    epoch,
  };
}
