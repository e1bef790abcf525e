/** Which steps are hidden: a function of (seed, epoch, sequence, position), whoever asks. */
import { randomStream } from '../../core/random.ts';
import type { PaddedRows } from '../../data/collate.ts';

export interface MaskSpec {
  readonly seed: number;
  /** Expected share of hidden steps. */
  readonly fraction: number;
  /** Length of a hidden span; spans may overlap. */
  readonly span: number;
}

/** Further apart than any two positions of a sequence: each channel draws elsewhere in the stream. */
const CHANNEL_STRIDE = 2 ** 40;

/**
 * Marks the hidden steps of the window `[start, start + count)` of a sequence with 1 in `target[0, count)`.
 * Each position begins a span with probability p, 1 − (1 − p)^span = fraction. A step's fate depends on
 * its place in the sequence, not on the window.
 */
export function drawMask(
  { seed, fraction, span }: MaskSpec,
  place: { epoch: number; sequence: number; start: number; count: number; channel?: number },
  target: Int32Array,
): void {
  const { epoch, sequence, start, count, channel = 0 } = place;
  const stream = randomStream(seed, 'mask', epoch, sequence);
  // The first channel's positions stay small integers, with which JavaScript computes twice as fast.
  const uniform =
    channel === 0
      ? stream.uniform
      : (position: number) => stream.uniform(position + channel * CHANNEL_STRIDE);
  const begins = 1 - (1 - fraction) ** (1 / span);
  for (let first = start - span + 1; first < start + count; first++) {
    if (uniform(first + span - 1) >= begins) continue;
    target.fill(1, Math.max(first - start, 0), Math.min(first - start + span, count));
  }
}

/** What is hidden of rows. */
export interface HideOptions extends Omit<MaskSpec, 'seed' | 'fraction'> {
  /** Expected share of hidden steps; of several, each sequence has one of them, another in each epoch. */
  readonly fraction: number | readonly number[];
  /** Of several channels: all of a timestep together, or each by itself. @default 'together' */
  readonly channels?: 'together' | 'each';
}

/** The rows with a mask over their values. */
export function hideRows(
  { channels, span, fraction }: HideOptions,
  seed: number,
  rows: PaddedRows,
): PaddedRows {
  const isEach = channels === 'each' && rows.channels > 1;
  const hidden = new Int32Array(rows.values.length);
  for (let row = 0; row < rows.rows; row++) {
    const spec = { seed, span, fraction: fractionOf(fraction, seed, rows, row) };
    for (let channel = 0; channel < (isEach ? rows.channels : 1); channel++) {
      hideRow(spec, rows, { row, channel, width: isEach ? 1 : rows.channels }, hidden);
    }
  }
  return { ...rows, hidden };
}

function fractionOf(
  fraction: HideOptions['fraction'],
  seed: number,
  { epoch, sequences }: PaddedRows,
  row: number,
): number {
  if (typeof fraction === 'number') return fraction;
  const stream = randomStream(seed, 'mask-fraction', epoch, sequences[row]!);
  return fraction[stream.integer(0, fraction.length)]!;
}

/** Hides the same timesteps in `width` channels from `channel` on. */
function hideRow(
  spec: MaskSpec,
  { epoch, sequences, starts, lengths, paddedLength, channels }: PaddedRows,
  at: { readonly row: number; readonly channel: number; readonly width: number },
  hidden: Int32Array,
): void {
  const { row, channel, width } = at;
  const count = lengths[row]!;
  const first = row * paddedLength * channels;
  const mask = channels === 1 ? hidden.subarray(first, first + count) : new Int32Array(count);
  drawMask(spec, { epoch, sequence: sequences[row]!, start: starts[row]!, count, channel }, mask);
  if (channels === 1) return;
  for (let step = 0; step < count; step++) {
    if (mask[step] === 0) continue;
    const place = first + step * channels + channel;
    hidden.fill(1, place, place + width);
  }
}
