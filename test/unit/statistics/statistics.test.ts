import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meanOverDraws } from '../../../src/statistics/draw-interval.ts';
import { bootstrapVariance, drawGroups } from '../../../src/statistics/group-bootstrap.ts';
import { intervalOf } from '../../../src/statistics/interval.ts';
import { tQuantile } from '../../../src/statistics/student-t.ts';

const near = (value: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(value - expected) <= tolerance, `${value}, not ${expected}`);

describe("the quantiles of Student's t", () => {
  it('are those of SciPy, from one degree of freedom to many', () => {
    const known = [
      [1, 12.7062],
      [7, 2.3646],
      [30, 2.0423],
      [31, 2.0395],
      [60, 2.0003],
      [1000, 1.9623],
    ] as const;
    for (const [freedom, quantile] of known) near(tQuantile(freedom), quantile, 1e-4);
  });
});

describe('an interval', () => {
  it('of one source is that of Student', () => {
    const { low, high } = intervalOf(5, [{ variance: 4, freedom: 7 }]);
    near(low, 5 - 2 * 2.3646, 1e-9);
    near(high, 5 + 2 * 2.3646, 1e-9);
  });

  it('is wider for each further source', () => {
    const one = { variance: 1, freedom: 1000 };
    const { high: alone } = intervalOf(0, [one]);
    const { high: both } = intervalOf(0, [one, one]);
    near(both, Math.SQRT2 * alone, 0.01);
  });
});

describe('the bootstrap over groups', () => {
  const figureOf = (values: readonly number[]) => (times: Uint16Array) =>
    values.reduce((sum, value, group) => sum + value * times[group]!, 0) / values.length;

  it('has the variance of a mean, without the bias of few groups', () => {
    const values = [1, 4, 2, 8, 5, 7, 3, 6];
    const mean = 4.5;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 7 / 8;
    near(bootstrapVariance(drawGroups(8, 1), figureOf(values)), variance, 0.15 * variance);
  });

  it('draws the same groups for the same seed', () => {
    assert.deepEqual(drawGroups(5, 3), drawGroups(5, 3));
    assert.notDeepEqual(drawGroups(5, 3), drawGroups(5, 4));
  });

  it('knows nothing of a single group', () => {
    assert.equal(bootstrapVariance(drawGroups(1, 1), figureOf([3])), 0);
  });
});

describe('a mean over draws', () => {
  const groups = 20;
  const resamples = drawGroups(groups, 1);
  /** A model that is right on the even groups, and `bonus` better in all. */
  const figure = (bonus: number) => (times: ArrayLike<number>) => {
    const right = Array.from(times).filter((_, group) => group % 2 === 0);
    return right.reduce((sum, count) => sum + count, 0) / groups + bonus;
  };

  it('has the spread of the test groups where there is one draw', () => {
    const { mean, low, high } = meanOverDraws(resamples, [figure(0)]);
    near(mean, 0.5, 1e-12);
    const half = 2.093 * Math.sqrt(0.25 / (groups - 1));
    near(high - low, 2 * half, 0.15 * half);
  });

  it('adds the spread of several draws to it', () => {
    const one = meanOverDraws(resamples, [figure(0)]);
    const two = meanOverDraws(resamples, [figure(-0.2), figure(0.2)]);
    near(two.mean, one.mean, 1e-12);
    assert.ok(two.high - two.low > 1.5 * (one.high - one.low));
  });

  it('of a difference between two models on the same groups is exact where the test split cannot matter', () => {
    const difference = (times: ArrayLike<number>) => figure(0.1)(times) - figure(0)(times);
    const { low, high } = meanOverDraws(resamples, [difference, difference]);
    near(low, 0.1, 1e-9);
    near(high, 0.1, 1e-9);
  });
});
