/** Level and amplitude of a sequence as two numbers of order 1, once its values are standardised. */
import type { ChannelStatistics, Moments } from './channel-statistics.ts';
import type { Units } from './scaling.ts';

/** So far from what is usual, a model can only know that it is far. */
const LIMIT = 8;
/**
 * Smallest spread that counts: a tenth of the usual deviation for levels, a tenth (about 10 %) for the logarithm of
 * deviations. Without it, training sequences that are all alike would blow up the least difference in others.
 */
const SMALLEST_SPREAD = 0.1;

/** `[level, log deviation]`, standardised by their distribution over the training sequences. */
export function profileOf(
  { centre, scale }: Units,
  { level, logDeviation }: ChannelStatistics,
): [number, number] {
  const usual = Math.exp(logDeviation.mean);
  return [
    standardised(centre, level, SMALLEST_SPREAD * usual),
    // The logarithm of a constant sequence's deviation is −∞: it comes to the lower limit.
    standardised(Math.log(scale), logDeviation, SMALLEST_SPREAD),
  ];
}

function standardised(value: number, { mean, deviation }: Moments, smallest: number): number {
  const distance = (value - mean) / Math.max(deviation, smallest);
  return Math.min(LIMIT, Math.max(-LIMIT, distance));
}
