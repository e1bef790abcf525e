import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstNonFinite } from '../../../src/core/first-non-finite.ts';

describe('firstNonFinite()', () => {
  it('is -1 for finite numbers, the largest, the smallest and zeros of both signs', () => {
    assert.equal(firstNonFinite(new Float32Array()), -1);
    assert.equal(firstNonFinite(Float32Array.of(3.4e38, -3.4e38, 1e-45, 0, -0)), -1);
    assert.equal(firstNonFinite(new Float32Array(10_000).fill(-3.4e38)), -1);
  });

  it('is the position of the first NaN or infinity, wherever it is', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const position of [0, 1, 4095, 4096, 8191, 9999]) {
        const vector = new Float32Array(10_000).fill(1);
        vector[position] = value;
        vector[9999] = value;
        assert.equal(firstNonFinite(vector), position);
      }
    }
  });
});
