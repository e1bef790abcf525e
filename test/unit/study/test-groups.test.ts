import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MeasuredResult } from '../../../src/study/cell.ts';
import { TestGroups } from '../../../src/study/test-groups.ts';

const SEQUENCES = Array.from({ length: 40 }, (_, i) => i);
const result = (hits?: string): MeasuredResult => ({
  ...{ phase: 'p', labels: 5, unit: 'labels a class', draw: 0, validation: 0.5 },
  test: { value: 0.5, byLengthQuartile: [] },
  ...(hits !== undefined && { hits }),
});
/** Right in the first half of the sequences. */
const half = result('1'.repeat(20) + '0'.repeat(20));
const none = result('0'.repeat(40));

describe('TestGroups', () => {
  const alone = new TestGroups(new Map(SEQUENCES.map((one) => [one, one])), 1);
  const groups = new TestGroups(new Map(SEQUENCES.map((one) => [one, Math.floor(one / 10)])), 1);

  it('adds the variance of the mean over sequences, where each is a group', () => {
    const { variance, freedom } = alone.variance(SEQUENCES, [{ treated: half, control: none }])!;
    // p (1 − p) / n, as n − 1 degrees of freedom have it; 500 resamples know it to a tenth.
    assert.ok(Math.abs(variance / (0.25 / 39) - 1) < 0.2, `${variance}`);
    assert.equal(freedom, 39);
  });

  it('adds more where few groups hold the sequences, since they come and go as wholes', () => {
    const { variance, freedom } = groups.variance(SEQUENCES, [{ treated: half, control: none }])!;
    assert.ok(Math.abs(variance / (0.25 / 3) - 1) < 0.2, `${variance}`);
    assert.equal(freedom, 3);
  });

  it('adds nothing where both answer alike, and knows nothing without answers', () => {
    assert.equal(alone.variance(SEQUENCES, [{ treated: half, control: half }])!.variance, 0);
    assert.equal(alone.variance(SEQUENCES, [{ treated: half, control: result() }]), undefined);
  });
});
