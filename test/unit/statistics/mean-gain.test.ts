import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meanGain } from '../../../src/statistics/mean-gain.ts';

const repeated = (value: number, count: number): number[] => new Array<number>(count).fill(value);
/** Right by one model only, by the other only, by both or neither. */
const gainsOf = (one: number, other: number, same: number) =>
  Float64Array.from([...repeated(1, one), ...repeated(-1, other), ...repeated(0, same)]);
const each = (gains: Float64Array) => Array.from(gains, (_, row) => `g${row}`);

describe('the gain of one model over another on the same rows', () => {
  it('has the standard error of a paired difference', () => {
    const gains = gainsOf(6, 2, 413);
    const { mean, error } = meanGain(gains, each(gains));
    assert.equal(mean, 4 / 421);
    const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / 420;
    assert.ok(Math.abs(error - Math.sqrt(variance / 421)) < 1e-15);
  });

  it('has a larger one where the rows that gain are of one group', () => {
    const gains = gainsOf(6, 0, 18);
    const together = each(gains).map((group, row) => (row < 6 ? 'one' : group));
    const [apart, alike] = [meanGain(gains, each(gains)), meanGain(gains, together)];
    assert.equal(alike.mean, apart.mean);
    // Sums over groups: 6 − 6/4 once, −1/4 eighteen times.
    const expected = Math.sqrt((4.5 ** 2 + 18 / 16) * (19 / 18)) / 24;
    assert.ok(Math.abs(alike.error - expected) < 1e-15);
    assert.ok(alike.error > 2 * apart.error);
  });

  it('counts each row as its own where all are of one group', () => {
    const gains = gainsOf(3, 1, 6);
    assert.deepEqual(meanGain(gains, repeated(0, 10).map(String)), meanGain(gains, each(gains)));
  });

  it('knows nothing from one row', () => {
    assert.deepEqual(meanGain(gainsOf(1, 0, 0), ['g']), { mean: 1, error: Infinity });
  });
});
