/** How much a figure depends on which groups happened to be in the test split: it is taken again and again, groups drawn with replacement. */
import { randomStream } from '../core/random.ts';

const REPLICATES = 500;

/** How often each group was drawn, by replicate. */
export type Resamples = readonly Uint16Array[];

/** @param groups their number; the same seed draws the same, so that figures of several models can be paired */
export function drawGroups(groups: number, seed: number): Resamples {
  return Array.from({ length: REPLICATES }, (_, replicate) => {
    const stream = randomStream(seed, 'test-groups', replicate);
    const times = new Uint16Array(groups);
    for (let draw = 0; draw < groups; draw++) times[stream.integer(draw, groups)]!++;
    return times;
  });
}

/**
 * Variance of a figure over the replicates, without the bias of few groups.
 * @param figure of so many copies of each group
 */
export function bootstrapVariance(
  resamples: Resamples,
  figure: (times: Uint16Array) => number,
): number {
  const groups = resamples[0]!.length;
  if (groups < 2) return 0;
  const figures = resamples.map(figure);
  const mean = figures.reduce((sum, value) => sum + value, 0) / figures.length;
  const squares = figures.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return (squares / (figures.length - 1)) * (groups / (groups - 1));
}
