import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  describeDifference,
  pairedDifference,
  signed,
  verdictOf,
} from '../../../src/statistics/paired-difference.ts';

const pairs = (...points: number[]) =>
  points.map((point) => ({ treated: 0.5 + point / 100, control: 0.5 }));

describe('a paired difference', () => {
  it("has Student's interval: 4.303 deviations of the mean to either side with three draws", () => {
    const { mean, low, high } = pairedDifference(pairs(1, 2, 3));
    assert.ok(Math.abs(mean - 2) < 1e-9);
    assert.ok(Math.abs(low - (2 - 4.3027 / Math.sqrt(3))) < 1e-9);
    assert.ok(Math.abs(high - (2 + 4.3027 / Math.sqrt(3))) < 1e-9);
  });

  it('is wider by what the choice of test sequences adds', () => {
    const alone = pairedDifference(pairs(1, 2, 3));
    const both = pairedDifference(pairs(1, 2, 3), { variance: 1e-4, freedom: 50 });
    assert.equal(both.mean, alone.mean);
    // The variances 1/3 and 1 points² add up; they have more degrees of freedom than three repeats alone.
    assert.ok(both.high - both.mean > 2 * Math.sqrt(4 / 3));
    assert.ok(both.high - both.mean < 4.303 * Math.sqrt(4 / 3));
  });

  it('falls back to the normal distribution for many draws', () => {
    const many = Array.from({ length: 101 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const { high, mean } = pairedDifference(pairs(...many));
    assert.ok(Math.abs(high - mean - 1.96 * Math.sqrt(1.01 / 101)) < 0.01);
  });

  it('says yes or no only when the interval is on one side of 0', () => {
    assert.equal(verdictOf(pairedDifference(pairs(5, 6, 7))), 'yes');
    assert.equal(verdictOf(pairedDifference(pairs(-5, -6, -7))), 'no');
    assert.equal(verdictOf(pairedDifference(pairs(-1, 8, 1))), 'not resolved');
    assert.equal(verdictOf(pairedDifference(pairs(0, 0, 0))), 'not resolved');
  });

  it('reads as a sentence has it', () => {
    assert.equal(
      describeDifference(pairedDifference(pairs(1, 2, 3))),
      '+2.0 points (95 % interval −0.5 to +4.5, 3 repeats)',
    );
    assert.equal(
      describeDifference(pairedDifference(pairs(0, 0, 0))),
      '0.0 points (in each of 3 repeats)',
    );
    assert.equal(signed(-0.04), '0.0');
    assert.equal(signed(-0.06), '−0.1');
  });
});
