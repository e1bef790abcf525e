import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSkipped, skippedStepWarnings } from '../../../src/telemetry/skipped-step.ts';

const spoilt = (rank: number, microBatch: number) => ({
  ...{ rank, microBatch, sequences: [4], layer: null },
  text: `The sum "loss" is NaN in step 3, micro-batch ${microBatch} (sequences 4)`,
});

describe('skippedStepWarnings()', () => {
  it('is nothing for a step that was applied', () => {
    const step = { step: 3, sums: { loss: 1 }, reports: [{ nonFinite: [spoilt(0, 1)] }] };
    assert.equal(isSkipped(step), false);
    assert.deepEqual(skippedStepWarnings(step), []);
  });

  it('names each micro-batch once, of all ranks', () => {
    const reports = [
      { nonFinite: [spoilt(0, 1), spoilt(0, 2)] },
      {},
      { nonFinite: [spoilt(2, 6)] },
    ];
    assert.deepEqual(
      skippedStepWarnings({ step: 3, sums: { skipped: 1 }, reports }),
      [
        [1, 0],
        [2, 0],
        [6, 2],
      ].map(
        ([microBatch, rank]) =>
          `The sum "loss" is NaN in step 3, micro-batch ${microBatch} (sequences 4) on rank ${rank}: the step's update is skipped`,
      ),
    );
  });

  it('names the step where no micro-batch is named: its sum is too large', () => {
    const step = { step: 3, sums: { skipped: 1 }, reports: [{}, { nonFinite: 'nonsense' }] };
    assert.deepEqual(skippedStepWarnings(step), [
      'the sum of step 3 is not finite: its update is skipped',
    ]);
  });
});
