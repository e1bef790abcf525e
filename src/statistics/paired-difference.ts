/** Paired differences between two models over repeats, and the confidence interval of their mean. */
import { intervalOf, type Source } from './interval.ts';
import { meanOf, varianceOf } from './mean.ts';

/** Two figures of the same repeat: same labels, same test sequences. */
export interface Pair {
  /** Figure in [0, 1] with the treatment. */
  readonly treated: number;
  /** Figure in [0, 1] of the same repeat without it. */
  readonly control: number;
}

/** A mean difference, in percentage points. */
export interface PairedDifference {
  readonly mean: number;
  /** 95 % interval of the mean. */
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
}

/**
 * The mean difference and its interval: over the repeats by Student's t, and over test groups where their share is known.
 * @param pairs at least two
 * @param overTest what test groups add to the variance of the mean difference, of figures in [0, 1]
 */
export function pairedDifference(pairs: readonly Pair[], overTest?: Source): PairedDifference {
  const points = pairs.map(({ treated, control }) => 100 * (treated - control));
  const mean = meanOf(points);
  const variance = varianceOf(points) / points.length;
  const { low, high } = intervalOf(mean, [
    { variance, freedom: points.length - 1 },
    ...(overTest === undefined ? [] : [{ ...overTest, variance: 1e4 * overTest.variance }]),
  ]);
  return { mean, low, high, pairs: points.length };
}

/** Whether the difference is above 0, by its interval. */
export type Verdict = 'yes' | 'no' | 'not resolved';

/** The verdict on a difference. */
export function verdictOf({ low, high }: PairedDifference): Verdict {
  if (low > 0) return 'yes';
  return high < 0 ? 'no' : 'not resolved';
}

/** "+2.9 points (95 % interval −1.9 to +7.7, 3 repeats)"; without an interval where no repeat differs from another. */
export function describeDifference({ mean, low, high, pairs }: PairedDifference): string {
  if (high - low < 0.05) return `${signed(mean)} points (in each of ${pairs} repeats)`;
  return `${signed(mean)} points (95 % interval ${signed(low)} to ${signed(high)}, ${pairs} repeats)`;
}

/** "+2.9", "−1.0", or "0.0" for what rounds to 0. */
export function signed(points: number): string {
  const digits = Math.abs(points).toFixed(1);
  if (Number(digits) === 0) return '0.0';
  return `${points < 0 ? '−' : '+'}${digits}`;
}

/** A share as text: "49.8 %". */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
