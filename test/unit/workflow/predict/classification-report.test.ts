import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classificationReport } from '../../../../src/workflow/predict/classification-report.ts';
import { logSoftmax, mostLikely } from '../../../../src/workflow/predict/task-output.ts';

const certain = (label: number, classes: number) =>
  Array.from({ length: classes }, (_, other) => (other === label ? 0.7 : 0.3 / (classes - 1)));

/** Pairs of true and predicted class; lengths ascend. */
function reportOf(pairs: readonly (readonly [number, number])[], classes: number) {
  return classificationReport(
    pairs.map(([label, predicted], index) => ({
      label,
      logProbabilities: certain(predicted, classes).map(Math.log),
      length: 100 + index,
    })),
    Array.from({ length: classes }, (_, label) => 10 + label),
  );
}

describe('classificationReport()', () => {
  it('counts by true and predicted class', () => {
    const report = reportOf(
      [
        [0, 0],
        [0, 1],
        [0, 0],
        [1, 1],
        [2, 0],
      ],
      3,
    );
    assert.deepEqual(report.confusion, [
      [2, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ]);
    assert.equal(report.accuracy, 3 / 5);
    assert.equal(report.balancedAccuracy, (2 / 3 + 1 + 0) / 3);
    // F1 of the classes: 2·2/(3+3), 2·1/(1+2), 0/(1+0).
    assert.equal(report.macroF1, (4 / 6 + 2 / 3 + 0) / 3);
  });

  it('has the accuracy of the most frequent class of training, and the calibration error', () => {
    const report = reportOf(
      [
        [0, 0],
        [0, 1],
        [1, 1],
        [1, 1],
      ],
      2,
    );
    assert.equal(report.mostFrequentAccuracy, 2 / 4);
    // All probabilities are 0.7, and three of four are right.
    assert.ok(Math.abs(report.calibrationError - 0.05) < 1e-12);
  });

  it('leaves classes out that neither occur nor are predicted', () => {
    const report = reportOf(
      [
        [0, 0],
        [1, 1],
      ],
      4,
    );
    assert.equal(report.balancedAccuracy, 1);
    assert.equal(report.macroF1, 1);
  });

  it('is the mean of −log p(true class)', () => {
    const { logLoss } = reportOf(
      [
        [0, 0],
        [1, 0],
      ],
      2,
    );
    assert.ok(Math.abs(logLoss - (-Math.log(0.7) - Math.log(0.3)) / 2) < 1e-12);
  });

  it('stays finite where a probability is 0 in floating point', () => {
    const logProbabilities = logSoftmax(Float32Array.of(900, -900, 0));
    assert.equal(Math.exp(logProbabilities[1]!), 0);
    const { logLoss } = classificationReport(
      [{ label: 1, logProbabilities, length: 1 }],
      new Array(3).fill(1),
    );
    assert.equal(logLoss, 1800);
  });

  it('splits by length, shortest first, every sequence in one quarter', () => {
    const pairs = Array.from({ length: 10 }, (_, i) => [0, i < 5 ? 0 : 1] as const);
    const { byLengthQuartile } = reportOf(pairs, 2);
    assert.deepEqual(
      byLengthQuartile.map(({ sequences }) => sequences),
      [2, 3, 2, 3],
    );
    assert.deepEqual(
      byLengthQuartile.map(({ accuracy }) => accuracy),
      [1, 1, 0, 0],
    );
    assert.equal(byLengthQuartile[0]!.shortest, 100);
    assert.equal(byLengthQuartile[3]!.longest, 109);
  });

  it('shows fewer quarters than sequences', () => {
    assert.equal(reportOf([[0, 0]], 2).byLengthQuartile.length, 1);
  });
});

describe('mostLikely()', () => {
  it('is the first of the largest', () => {
    assert.equal(mostLikely([0.2, 0.4, 0.4]), 1);
  });
});
