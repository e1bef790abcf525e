import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Weights } from '../../../src/checkpoint/state-tensors.ts';
import { averageAfter } from '../../../src/run/weight-average.ts';

const weights = (value: number): Weights => ({
  parameters: Float32Array.of(value, -value),
  statistics: Float32Array.of(10 * value),
});

describe('averageAfter()', () => {
  it('begins with the weights after the first step', () => {
    const now = weights(3);
    assert.deepEqual(averageAfter(undefined, now, { decay: 0.9, stepInPhase: 0 }), now);
  });

  it('forgets the first weights fast, then as the decay says', () => {
    const early = averageAfter(weights(1), weights(2), { decay: 0.9, stepInPhase: 1 });
    assert.deepEqual(early.parameters, Float32Array.of(2 - 2 / 11, -(2 - 2 / 11)));
    const late = averageAfter(weights(1), weights(2), { decay: 0.9, stepInPhase: 1000 });
    assert.deepEqual(late.parameters, Float32Array.of(1.1, -1.1));
    assert.deepEqual(late.statistics, Float32Array.of(11));
  });

  it('stays where the weights stay', () => {
    const same = averageAfter(weights(0.3), weights(0.3), { decay: 0.99, stepInPhase: 50 });
    assert.deepEqual(same.parameters, weights(0.3).parameters);
  });
});
