/** Cross-entropy of the sequence's class, with class weights. */
import type { ObjectiveConfig } from '../../config/phase-section.ts';
import { LockstepError } from '../../core/errors.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { PRETEXT_HEAD } from '../model/model.ts';
import { type Objective, valuesFeed } from './objective.ts';

type SupervisedConfig = Extract<ObjectiveConfig, { kind: 'supervised' }>;

/**
 * Loss sum Σ w(y)·(−log p(y)), weight Σ w(y): their ratio is PyTorch's weighted mean.
 * @throws LockstepError DATA_INVALID without classes, CONFIG_INVALID for weights of another length
 */
export function makeSupervisedObjective(config: SupervisedConfig, facts: PhaseFacts): Objective {
  if (facts.classes < 2) {
    throw new LockstepError(
      'DATA_INVALID',
      `A supervised phase needs at least 2 classes, the dataset has ${facts.classes}.`,
      'Import the data with labels, or choose the masked objective.',
    );
  }
  const weights = classWeights(config.classWeights, facts);
  return {
    sumNames: ['loss', 'weight', 'correct', 'sequences'],
    needsCausalModel: false,
    feeds: [
      valuesFeed(facts),
      { name: 'labels', dtype: 'int32', shape: ['rows'] },
      { name: 'weights', dtype: 'float32', shape: ['rows'] },
    ],
    pretextOutputs: 0,
    headline: { metric: 'accuracy', better: 'higher' },
    trains: (slot) => !slot.name.startsWith(`${PRETEXT_HEAD}.`),
    prepare: ({ rows, paddedLength, values, labels }) => {
      const rowWeights = Float32Array.from(labels, (label) => weights[label]!);
      return {
        feeds: {
          values: { shape: [rows, paddedLength], data: values },
          labels: { shape: [rows], data: labels },
          weights: { shape: [rows], data: rowWeights },
        },
        hostSums: { weight: rowWeights.reduce((a, b) => a + b, 0), sequences: rows },
      };
    },
    sums: (model, context) => {
      const { ops, feed } = context;
      const logits = model.classify(context, model.features(context));
      const labels = feed('labels');
      const losses = ops.mul(ops.softmaxCrossEntropy(logits, labels), feed('weights'));
      return { loss: ops.sum(losses), correct: ops.sum(ops.isCorrect(logits, labels)) };
    },
    metrics: (sums) => ({
      loss: sums.loss! / sums.weight!,
      accuracy: sums.correct! / sums.sequences!,
    }),
  };
}

function classWeights(
  setting: SupervisedConfig['classWeights'],
  { classes, classCounts }: PhaseFacts,
): readonly number[] {
  if (setting === 'none') return new Array<number>(classes).fill(1);
  if (setting === 'balanced') {
    const total = classCounts.reduce((a, b) => a + b, 0);
    return classCounts.map((count) => (count === 0 ? 0 : total / (classes * count)));
  }
  if (setting.length !== classes) {
    throw new LockstepError(
      'CONFIG_INVALID',
      `objective.classWeights has ${setting.length} weights, the dataset has ${classes} classes.`,
      'Give one weight a class, or "balanced", or "none".',
    );
  }
  return setting;
}
