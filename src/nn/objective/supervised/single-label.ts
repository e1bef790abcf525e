/** Cross-entropy of the sequence's class, with class weights. */
import type { PaddedRows } from '../../../data/collate.ts';
import type { PhaseFacts } from '../../../data/facts.ts';
import type { Objective, Prepared } from '../objective.ts';
import { predictSequence, sequenceHead } from './head.ts';
import { balancedClassWeights, type SupervisedOptions, weightsOf } from './options.ts';
import { type SoftClasses, softClasses } from './soft-classes.ts';

/** Loss sum Σ w(y)·(−log p(y)), weight Σ w(y): their ratio is PyTorch's weighted mean. */
export function singleLabel(
  { classWeights, pooling, labelSmoothing = 0, mixing }: SupervisedOptions,
  { classes, classCounts }: PhaseFacts,
): Objective {
  const weights = weightsOf('classWeights', classWeights, classes, () =>
    balancedClassWeights(classCounts),
  );
  const predict = predictSequence(pooling);
  const isSoft = labelSmoothing > 0 || mixing !== undefined;
  return {
    task: 'class',
    head: (channels) => sequenceHead(pooling, { channels, outputs: classes }),
    sums: ['correct', 'sequences'],
    feeds: [
      { name: 'labels', dtype: 'int32', shape: ['rows'] },
      { name: 'weights', dtype: 'float32', shape: ['rows'] },
      ...(isSoft
        ? [{ name: 'correction', dtype: 'float32', shape: ['rows', classes] } as const]
        : []),
    ],
    prepare: (given) => {
      const { rows, labels } = given;
      if (isSoft) return prepareSoft(given, softClasses(given, weights, labelSmoothing));
      const rowWeights = Float32Array.from(labels, (label) => weights[label]!);
      return {
        feeds: {
          labels: { shape: [rows], data: labels },
          weights: { shape: [rows], data: rowWeights },
        },
        sums: { weight: rowWeights.reduce((a, b) => a + b, 0), sequences: rows },
      };
    },
    loss: (context, features) => {
      const { ops, feed } = context;
      const logits = predict(context, features);
      const labels = feed('labels');
      const losses = ops.mul(ops.softmaxCrossEntropy(logits, labels), feed('weights'));
      const loss = isSoft
        ? ops.add(ops.sum(losses), ops.sum(ops.mul(logits, feed('correction'))))
        : ops.sum(losses);
      return { loss, correct: ops.sum(ops.isCorrect(logits, labels)) };
    },
    predict,
    metrics: (sums) => ({
      loss: { value: sums.loss! / sums.weight! },
      accuracy: { value: sums.correct! / sums.sequences! },
    }),
    headline: { metric: 'accuracy', better: 'higher' },
  };
}

function prepareSoft(
  { rows, labels }: PaddedRows,
  { weights, correction, total }: SoftClasses,
): Prepared {
  return {
    feeds: {
      labels: { shape: [rows], data: labels },
      weights: { shape: [rows], data: weights },
      correction: { shape: [rows, correction.length / rows], data: correction },
    },
    sums: { weight: total, sequences: rows },
  };
}
