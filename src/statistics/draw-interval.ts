/** A figure that varies with the draw of labels and with the test split: both belong into its interval. */
import { bootstrapVariance, type Resamples } from './group-bootstrap.ts';
import { type Interval, intervalOf, type Source } from './interval.ts';
import { meanOf } from './mean.ts';

/** A figure of one draw, when each test group is there so many times. A difference of two models is a figure, too. */
export type FigureOfDraw = (times: ArrayLike<number>) => number;

export interface MeanOverDraws extends Interval {
  readonly mean: number;
  /** Variance of the mean by the test split; 0 where every group says the same. */
  readonly testVariance: number;
}

/**
 * The mean over draws and its 95 % interval: the spread of the draws, if there are several, by Student's t, and the
 * spread over resamples of the test groups, added.
 */
export function meanOverDraws(
  resamples: Resamples,
  figures: readonly FigureOfDraw[],
): MeanOverDraws {
  const groups = resamples[0]!.length;
  const once = new Uint16Array(groups).fill(1);
  const meanAt = (times: ArrayLike<number>) => meanOf(figures.map((figure) => figure(times)));
  const mean = meanAt(once);
  const testVariance = bootstrapVariance(resamples, meanAt);
  const sources: Source[] = [{ variance: testVariance, freedom: Math.max(1, groups - 1) }];
  const freedom = figures.length - 1;
  if (freedom > 0) {
    const squares = figures.reduce((sum, figure) => sum + (figure(once) - mean) ** 2, 0);
    sources.push({ variance: squares / freedom / figures.length, freedom });
  }
  return { mean, testVariance, ...intervalOf(mean, sources) };
}
