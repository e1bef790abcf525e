/** Variations of which part of a sequence is shown, and in which direction: before values are scaled. */
import type { PaddedRows } from '../../../../data/collate.ts';
import { type RowDraws, rowDraws } from './draws.ts';
import type { AugmentOptions } from './options.ts';

/** The rows in a window and a direction of their own each; the same rows where neither is asked for. */
export function windowsOf(
  { crop = 1, reverseComplement }: AugmentOptions,
  seed: number,
  rows: PaddedRows,
): PaddedRows {
  if (crop === 1 && reverseComplement === undefined) return rows;
  const windows = Array.from({ length: rows.rows }, (_, row) =>
    windowOf(crop, rowDraws(seed, 'augment-window', rows, row), rows.lengths[row]!),
  );
  const cropped = cropTo(rows, windows);
  if (reverseComplement === undefined) return cropped;
  for (const [row, { isReversed }] of windows.entries()) {
    if (isReversed) reverseRow(cropped, row, reverseComplement);
  }
  return cropped;
}

interface Window {
  readonly begin: number;
  readonly length: number;
  readonly isReversed: boolean;
}

function windowOf(crop: number, draws: RowDraws, whole: number): Window {
  const shortest = Math.max(1, Math.ceil(crop * whole));
  const length = shortest + Math.floor(draws(0) * (whole - shortest + 1));
  const begin = Math.floor(draws(1) * (whole - length + 1));
  return { begin, length, isReversed: draws(2) < 0.5 };
}

/** The windows as rows, in memory of their own. */
function cropTo(rows: PaddedRows, windows: readonly Window[]): PaddedRows {
  const { channels, paddedLength: before } = rows;
  const lengths = Int32Array.from(windows, ({ length }) => length);
  const paddedLength = Math.max(...lengths);
  const size = windows.length * paddedLength * channels;
  const values = rows.values instanceof Int32Array ? new Int32Array(size) : new Float32Array(size);
  for (const [row, { begin, length }] of windows.entries()) {
    const from = (row * before + begin) * channels;
    const shown = rows.values.subarray(from, from + length * channels);
    values.set(shown, row * paddedLength * channels);
  }
  const starts = rows.starts.map((start, row) => start + windows[row]!.begin);
  return { ...rows, paddedLength, lengths, values, starts };
}

/** Turns a row round in place: each timestep keeps the order of its channels. */
function reverseRow(
  { values, channels, lengths, paddedLength }: PaddedRows,
  row: number,
  complements: readonly number[],
): void {
  const begin = row * paddedLength * channels;
  const end = begin + lengths[row]! * channels;
  const forward = values.slice(begin, end);
  for (let index = 0; index < forward.length; index++) {
    const [step, channel] = [Math.floor(index / channels), index % channels];
    values[end - (step + 1) * channels + channel] = complements[forward[index]!]!;
  }
}
