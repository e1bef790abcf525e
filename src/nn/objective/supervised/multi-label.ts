/** Binary cross-entropy of each class by itself, since a sequence may have several or none. */
import type { PhaseFacts } from '../../../data/facts.ts';
import type { Objective } from '../objective.ts';
import { predictSequence, sequenceHead } from './head.ts';
import { type SupervisedOptions, weightsOf } from './options.ts';

/**
 * Loss sum Σ w·BCE over rows and classes, weight rows · classes: their ratio is what PyTorch's BCEWithLogitsLoss gives
 * with these positive weights.
 */
export function multiLabel(
  { positiveWeights = 'none', pooling }: SupervisedOptions,
  { classes, classCounts, labelledSequences }: PhaseFacts,
): Objective {
  const weights = weightsOf('positiveWeights', positiveWeights, classes, () =>
    classCounts.map((count) => (count === 0 ? 1 : (labelledSequences - count) / count)),
  );
  const predict = predictSequence(pooling);
  return {
    task: 'classes',
    head: (channels) => sequenceHead(pooling, { channels, outputs: classes }),
    sums: ['hits', 'predicted', 'actual', 'sequences'],
    feeds: [
      { name: 'targets', dtype: 'float32', shape: ['rows', classes] },
      { name: 'weights', dtype: 'float32', shape: ['rows', classes] },
    ],
    prepare: ({ rows, targets }) => {
      const shape = [rows, classes];
      const data = targets!;
      const ofCells = data.map((applies, cell) => (applies === 1 ? weights[cell % classes]! : 1));
      return {
        feeds: { targets: { shape, data }, weights: { shape, data: ofCells } },
        sums: {
          weight: rows * classes,
          actual: data.reduce((a, b) => a + b, 0),
          sequences: rows,
        },
      };
    },
    loss: (context, features) => {
      const { ops, feed } = context;
      const logits = predict(context, features);
      const targets = feed('targets');
      const losses = ops.mul(ops.sigmoidCrossEntropy(logits, targets), feed('weights'));
      const predicted = ops.isPositive(logits);
      return {
        loss: ops.sum(losses),
        hits: ops.sum(ops.mul(predicted, targets)),
        predicted: ops.sum(predicted),
      };
    },
    predict,
    metrics: (sums) => {
      const { hits, predicted, actual } = sums as Record<'hits' | 'predicted' | 'actual', number>;
      return {
        loss: { value: sums.loss! / sums.weight! },
        microF1: {
          value: f1(hits, predicted, actual),
          baselines: { allClasses: f1(actual, sums.sequences! * classes, actual) },
        },
      };
    },
    headline: { metric: 'microF1', better: 'higher' },
  };
}

/** 2·hits / (predicted + actual); 0 where there is neither. */
const f1 = (hits: number, predicted: number, actual: number): number =>
  predicted + actual === 0 ? 0 : (2 * hits) / (predicted + actual);
