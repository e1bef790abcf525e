import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atTemperature, fitTemperature } from '../../../../src/workflow/predict/calibration.ts';
import { averagedWith, knownBySequence } from '../../../../src/workflow/predict/ensemble.ts';
import type { SequencePrediction } from '../../../../src/workflow/predict/predict-batches.ts';

const said = (sequence: number, p: number): SequencePrediction => ({
  sequence,
  output: { task: 'classes', probabilities: [p] },
  unfamiliar: [],
});

async function* batches(...all: SequencePrediction[][]) {
  yield* all;
}

describe('an ensemble', () => {
  it('averages by sequence, whatever the order of the other runs', async () => {
    const others = [
      await knownBySequence(batches([said(1, 0.2)], [said(2, 0.5)])),
      await knownBySequence(batches([said(2, 0.2), said(1, 0.5)])),
    ];
    const averaged: SequencePrediction[] = [];
    for await (const batch of averagedWith(batches([said(2, 0.8)], [said(1, 0.8)]), others)) {
      averaged.push(...batch);
    }
    assert.deepEqual(averaged, [said(2, 0.5), said(1, 0.5)]);
  });
});

describe('fitTemperature()', () => {
  /** Says 90 % each time, and is right in `right` of 100 cases. */
  const sure = (right: number) =>
    Array.from({ length: 100 }, (_, at) => ({
      label: at < right ? 0 : 1,
      logProbabilities: [Math.log(0.9), Math.log(0.1)],
    }));

  it('makes a model as sure as it is right', () => {
    for (const right of [60, 75, 90, 97]) {
      const known = sure(right);
      const temperature = fitTemperature(known);
      const [log] = atTemperature(known[0]!.logProbabilities, temperature);
      assert.ok(Math.abs(Math.exp(log!) - right / 100) < 1e-6);
    }
    assert.ok(Math.abs(fitTemperature(sure(90)) - 1) < 1e-6);
  });

  it('stays finite for a model that is always right', () => {
    assert.ok(fitTemperature(sure(100)) >= 0.049);
  });
});

describe('atTemperature()', () => {
  it('changes no predicted class, and probabilities add up to 1', () => {
    const cooled = atTemperature([Math.log(0.5), Math.log(0.3), Math.log(0.2)], 3);
    assert.ok(cooled[0]! > cooled[1]! && cooled[1]! > cooled[2]!);
    assert.ok(Math.abs(cooled.reduce((sum, log) => sum + Math.exp(log), 0) - 1) < 1e-12);
  });
});
