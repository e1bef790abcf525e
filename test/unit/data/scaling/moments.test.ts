import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sequenceMoments } from '../../../../src/data/scaling/moments.ts';

const whole = { begin: 0, stride: 1 };

describe('sequenceMoments()', () => {
  it('is exact at an offset of a million and at scales from 1e-30 to 1e30', () => {
    for (const [offset, scale] of [
      [0, 1e-30],
      [0, 1],
      [0, 1e30],
      [2 ** 20, 1],
      [-(2 ** 20), 0.25],
    ] as const) {
      const values = [-2, -1, 0, 1, 2].map((step) => offset + step * scale);
      const { mean, deviation } = sequenceMoments(values, whole);
      assert.ok(Math.abs(mean - offset) <= 1e-12 * scale, `${mean}`);
      assert.ok(Math.abs(deviation / (Math.SQRT2 * scale) - 1) < 1e-12, `${deviation}`);
    }
  });

  it('has a deviation of exactly 0 for a constant, wherever it is', () => {
    const constant = fc.tuple(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: 1, max: 99 }),
    );
    fc.assert(
      fc.property(constant, ([value, count]) => {
        const values = new Float32Array(count).fill(value);
        assert.deepEqual(sequenceMoments(values, whole), {
          count,
          mean: Math.fround(value) + 0,
          deviation: 0,
        });
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('counts one channel only, and no missing values', () => {
    const values = [1, 100, Number.NaN, 200, 3, 300, Number.NaN, 400];
    const first = sequenceMoments(values, { begin: 0, stride: 2 });
    assert.deepEqual(first, { count: 2, mean: 2, deviation: 1 });
    assert.equal(sequenceMoments(values, { begin: 1, stride: 2 }).mean, 250);
    const window = sequenceMoments(values, { begin: 1, end: 5, stride: 2 });
    assert.deepEqual(window, { count: 2, mean: 150, deviation: 50 });
  });

  it('is 0 where no value counts', () => {
    assert.deepEqual(sequenceMoments([Number.NaN], whole), { count: 0, mean: 0, deviation: 0 });
  });
});
