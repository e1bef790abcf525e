/** Paired differences of accuracy over independent draws, and the confidence interval of their mean. */

/** Two accuracies on the same draw. */
export interface Pair {
  /** Accuracy in [0, 1] with the treatment. */
  readonly treated: number;
  /** Accuracy in [0, 1] on the same draw without it. */
  readonly control: number;
}

/** A mean difference, in percentage points. */
export interface PairedDifference {
  readonly mean: number;
  /** 95 % interval of the mean, by Student's t over the draws. */
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
}

/** 97.5 % quantiles of Student's t for 1, 2, 3 … degrees of freedom. */
const T_QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093,
];
/** The quantile of the normal distribution, for many degrees of freedom. */
const NORMAL_QUANTILE = 1.96;

/**
 * The mean difference and its interval.
 * @param pairs at least two
 */
export function pairedDifference(pairs: readonly Pair[]): PairedDifference {
  const points = pairs.map(({ treated, control }) => 100 * (treated - control));
  const mean = meanOf(points);
  const half = quantile(points.length - 1) * Math.sqrt(varianceOf(points) / points.length);
  return { mean, low: mean - half, high: mean + half, pairs: points.length };
}

const quantile = (freedom: number): number => T_QUANTILES[freedom - 1] ?? NORMAL_QUANTILE;

/** The mean. */
export const meanOf = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** The unbiased variance; 0 for a single number. */
export function varianceOf(numbers: readonly number[]): number {
  const mean = meanOf(numbers);
  const squares = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
  return squares / Math.max(1, numbers.length - 1);
}

/** Whether the difference is above 0, by its interval. */
export type Verdict = 'yes' | 'no' | 'not resolved';

/** The verdict on a difference. */
export function verdictOf({ low, high }: PairedDifference): Verdict {
  if (low > 0) return 'yes';
  return high < 0 ? 'no' : 'not resolved';
}

/** "+2.9 points (95 % interval −1.9 to +7.7, 3 draws)" */
export function describeDifference({ mean, low, high, pairs }: PairedDifference): string {
  return `${signed(mean)} points (95 % interval ${signed(low)} to ${signed(high)}, ${pairs} draws)`;
}

/** "+2.9", "−1.0", or "0.0" for what rounds to 0. */
export function signed(points: number): string {
  const digits = Math.abs(points).toFixed(1);
  if (Number(digits) === 0) return '0.0';
  return `${points < 0 ? '−' : '+'}${digits}`;
}

/** A share as text: "49.8 %". */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
