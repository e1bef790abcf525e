/** Which steps are hidden: a function of (seed, epoch, sequence, position), whoever asks. */
import { randomStream } from '../../core/random.ts';

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
