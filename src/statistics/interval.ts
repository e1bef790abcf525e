/** The 95 % interval of a mean that varies for several independent reasons. */
import { tQuantile } from './student-t.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** One reason why a mean would come out differently next time. */
export interface Source {
  /** Variance of the mean for this reason. */
  readonly variance: number;
  /** Degrees of freedom with which the variance is known, at least 1. */
  readonly freedom: number;
}

/** Adds the variances; Student's t with the degrees of freedom of Welch and Satterthwaite. */
export function intervalOf(mean: number, sources: readonly Source[]): Interval {
  const variance = sources.reduce((sum, one) => sum + one.variance, 0);
  if (variance === 0) return { low: mean, high: mean };
  const parts = sources.reduce((sum, one) => sum + one.variance ** 2 / one.freedom, 0);
  const half = tQuantile(variance ** 2 / parts) * Math.sqrt(variance);
  return { low: mean - half, high: mean + half };
}

/** Half the chance that a 95 % interval leaves out. */
const TAIL = 0.025;

/** What bounds the interval of a figure of a test split. */
export interface Bounds {
  /** Variance that the choice of test groups adds. */
  readonly testVariance: number;
  readonly groups: number;
  /** Whether the figure lies between 0 and 1; others have no lower bound. */
  readonly isShare: boolean;
}

/** The part of an interval in which such a figure can lie. */
export function withinBounds(
  mean: number,
  { low, high }: Interval,
  { testVariance, groups, isShare }: Bounds,
): Interval {
  if (!isShare) return { low, high: Math.min(1, high) };
  // Where every group agrees, the bootstrap sees no spread: as many groups would by chance, at worst.
  const isOne = testVariance === 0;
  const reach = isOne ? TAIL ** (1 / groups) : 1;
  return {
    low: Math.max(0, isOne && mean === 1 ? reach : low),
    high: Math.min(1, isOne && mean === 0 ? 1 - reach : high),
  };
}
