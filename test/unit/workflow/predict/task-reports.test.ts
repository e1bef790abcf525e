/** Reports on several classes, numbers and classes of timesteps; figures by scikit-learn's definitions. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { multiLabelReport } from '../../../../src/workflow/predict/multi-label-report.ts';
import { regressionReport } from '../../../../src/workflow/predict/regression-report.ts';
import { describeReport } from '../../../../src/workflow/predict/report-text.ts';
import { taskOutput } from '../../../../src/workflow/predict/task-output.ts';
import { meritOf } from '../../../../src/workflow/predict/task-report.ts';
import { timestepReport } from '../../../../src/workflow/predict/timestep-report.ts';

const close = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`);

const FACTS = {
  ...{ run: 'r', weights: 'r/phases/b', dataset: 'd', unfamiliarSequences: 0 },
  ...{ interval: { low: 0.25, high: 0.75 }, groups: 9 },
};

describe('a report on several classes', () => {
  // f1_score, average_precision_score and accuracy_score of these rows.
  const predictions = [
    { labels: [0, 1], probabilities: [0.9, 0.4, 0.1], length: 10 },
    { labels: [1], probabilities: [0.2, 0.8, 0.6], length: 20 },
    { labels: [], probabilities: [0.7, 0.1, 0.2], length: 30 },
    { labels: [0], probabilities: [0.6, 0.4, 0.3], length: 40 },
  ];
  const report = multiLabelReport(predictions, 3);

  it('has F1 over all and by class, ranking and whole sets', () => {
    close(report.microF1, (2 * 3) / (5 + 4));
    close(report.perClass[0]!.f1, 0.8);
    close(report.perClass[1]!.f1, 2 / 3);
    close(report.perClass[2]!.f1, 0);
    close(report.macroF1, (0.8 + 2 / 3 + 0) / 3);
    close(report.subsetAccuracy, 1 / 4);
    close(report.allClassesF1, 8 / 16);
  });

  it('ranks ties as one step, and a class that applies to none not at all', () => {
    close(report.perClass[0]!.averagePrecision!, 0.5 + 0.5 * (2 / 3));
    close(report.perClass[1]!.averagePrecision!, 0.5 + 0.5 * (2 / 3));
    assert.equal(report.perClass[2]!.averagePrecision, null);
    close(report.meanAveragePrecision, 5 / 6);
  });

  it('is compared by its micro F1, in words and by length', () => {
    const { name, metric, value, byLengthQuartile } = meritOf({ task: 'classes', ...report });
    assert.deepEqual([name, metric, value], ['micro F1', 'microF1', report.microF1]);
    assert.deepEqual(
      byLengthQuartile.map(({ shortest }) => shortest),
      [10, 20, 30, 40],
    );
    close(byLengthQuartile[0]!.value, 2 / 3);
  });

  it('shows a table by class', () => {
    const text = describeReport({
      ...FACTS,
      classes: ['fast', 'loud', 'odd'],
      task: 'classes',
      ...report,
    });
    assert.match(
      text,
      /^micro F1 +66\.7 % +95 % interval 25\.0 % to 75\.0 %, over 9 groups; all classes 50\.0 %$/m,
    );
    assert.match(text, /^fast +2 +3 +66\.7 % +100\.0 % +80\.0 % +83\.3 %$/m);
    assert.match(text, /^odd +0 +1 +0\.0 % +0\.0 % +0\.0 % +–$/m);
  });
});

describe('a report on numbers', () => {
  const facts = [
    { name: 'level', mean: 2, deviation: 2 },
    { name: 'rate', mean: 10, deviation: 5 },
  ];
  const predictions = [
    { truths: [1, 10], numbers: [1.5, 10], length: 3 },
    { truths: [2, 20], numbers: [2, 18], length: 4 },
    { truths: [6, 0], numbers: [5, 2], length: 5 },
  ];
  const report = regressionReport(predictions, facts);

  it('has R², MAE and RMSE of each, beside the mean of training', () => {
    const [level, rate] = report.numbers;
    close(level!.r2, 1 - 1.25 / 14);
    close(level!.mae, 0.5);
    close(level!.rmse, Math.sqrt(1.25 / 3));
    close(level!.trainingMean.mae, 5 / 3);
    close(level!.trainingMean.rmse, Math.sqrt(17 / 3));
    close(rate!.r2, 1 - 8 / 200);
  });

  it('has one R² over all, in standard deviations, by which models are compared', () => {
    close(report.r2, 1 - (1.25 / 4 + 8 / 25) / (14 / 4 + 200 / 25));
    const { name, metric, value } = meritOf({ task: 'numbers', ...report });
    assert.deepEqual([name, metric, value], ['R²', 'r2', report.r2]);
  });

  it('shows a line for each number', () => {
    const text = describeReport({ ...FACTS, classes: [], task: 'numbers', ...report });
    assert.match(
      text,
      /^R² 0\.9450, 95 % interval 0\.2500 to 0\.7500, over 9 groups, over all numbers in standard deviations$/m,
    );
    assert.match(text, /^level +0\.9107 +0\.5 +0\.6455 +1\.667 +2\.38$/m);
  });

  it('gives R² 0 where nothing varies, 1 where nothing is wrong', () => {
    const r2Of = (numbers: number[]) =>
      regressionReport([{ truths: [4, 4], numbers, length: 1 }], facts).r2;
    assert.deepEqual([r2Of([4, 5]), r2Of([4, 4])], [0, 1]);
  });
});

describe('a report on classes of timesteps', () => {
  const predictions = [
    { truths: [0, 0, -1, 1], labels: [0, 1, 1, 1], length: 4 },
    { truths: [1, 2, 2], labels: [1, 2, 0], length: 3 },
  ];
  const report = timestepReport(predictions, [5, 9, 1]);

  it('counts the timesteps that have a class', () => {
    assert.equal(report.timesteps, 6);
    close(report.accuracy, 4 / 6);
    assert.deepEqual(report.confusion, [
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 1],
    ]);
    close(report.mostFrequentAccuracy, 2 / 6);
  });

  it('has recall, F1 and intersection over union of each class', () => {
    const [first, second, third] = report.perClass;
    assert.deepEqual([first!.f1, first!.iou], [0.5, 1 / 3]);
    close(second!.f1, 0.8);
    close(second!.iou, 2 / 3);
    close(third!.f1, 2 / 3);
    close(third!.iou, 0.5);
    close(report.macroF1, (0.5 + 0.8 + 2 / 3) / 3);
    close(report.meanIou, (1 / 3 + 2 / 3 + 1 / 2) / 3);
    close(report.balancedAccuracy, (0.5 + 1 + 0.5) / 3);
  });

  it('shows the table by class and the chance beside the accuracy', () => {
    const text = describeReport({
      ...FACTS,
      classes: ['a', 'b', 'c'],
      task: 'timestep-class',
      ...report,
    });
    assert.match(text, /^6 timesteps with a class$/m);
    assert.match(
      text,
      /^accuracy of timesteps +66\.7 % +95 % interval 25\.0 % to 75\.0 %, over 9 groups; most frequent class of training 33\.3 %$/m,
    );
  });
});

describe('taskOutput()', () => {
  const none = { numbers: [] };

  it('makes probabilities of each class by itself', () => {
    const output = taskOutput({ task: 'classes', ...none }, Float32Array.of(0, -1000, 1000), 5);
    assert.deepEqual(output, { task: 'classes', probabilities: [0.5, 0, 1] });
  });

  it('gives numbers back in their own units', () => {
    const numbers = [{ name: 'x', mean: 100, deviation: 10 }];
    const output = taskOutput({ task: 'numbers', numbers }, Float32Array.of(-0.5), 5);
    assert.deepEqual(output, { task: 'numbers', numbers: [95] });
  });

  it('names the likeliest class of each timestep and its probability', () => {
    const logits = Float32Array.of(0, Math.log(3), 2, 2);
    const output = taskOutput({ task: 'timestep-class', ...none }, logits, 2);
    assert.ok(output.task === 'timestep-class');
    assert.deepEqual(output.labels, [1, 0]);
    assert.ok(Math.abs(output.probabilities[0]! - 0.75) < 1e-6);
    assert.equal(output.probabilities[1], 0.5);
  });
});
