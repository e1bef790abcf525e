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
