/** Cross-entropy of the sequence's class, with class weights. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { defineObjective } from '../define.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';

const HEAD = 'decoder';

const options = z.strictObject({
  /** `balanced` weighs a class by total / (classes · count), as scikit-learn does. */
  classWeights: z
    .union([z.enum(['none', 'balanced']), z.array(z.number().positive()).min(2)])
    .default('none'),
});

/** Loss sum Σ w(y)·(−log p(y)), weight Σ w(y): their ratio is PyTorch's weighted mean. */
export const supervised = defineObjective({
  kind: 'supervised',
  options,
  needs: { labels: true },
  build(options, facts) {
    refuseFewClasses(facts);
    const weights = classWeights(options.classWeights, facts);
    return {
      head: (channels) => linearParameters(HEAD, { out: facts.classes, in: channels }),
      sums: ['correct', 'sequences'],
      feeds: [
        { name: 'labels', dtype: 'int32', shape: ['rows'] },
        { name: 'weights', dtype: 'float32', shape: ['rows'] },
      ],
      prepare: ({ rows, labels }) => {
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
        const logits = classify(context, features);
        const labels = feed('labels');
        const losses = ops.mul(ops.softmaxCrossEntropy(logits, labels), feed('weights'));
        return { loss: ops.sum(losses), correct: ops.sum(ops.isCorrect(logits, labels)) };
      },
      predict: classify,
      metrics: (sums) => ({
        loss: { value: sums.loss! / sums.weight! },
        accuracy: { value: sums.correct! / sums.sequences! },
      }),
      headline: { metric: 'accuracy', better: 'higher' },
    };
  },
});

/** Mean over the length, then the head: `[B, classes]`. */
function classify(context: ForwardContext, features: Tensor): Tensor {
  return linear(context, HEAD, context.ops.meanOverLength(features));
}

function refuseFewClasses({ classes, classCounts }: PhaseFacts): void {
  if (classes >= 2) {
    refuseOneClass(classCounts);
    return;
  }
  throw new LockstepError(
    'DATA_INVALID',
    `A supervised phase needs at least 2 classes, the dataset has ${classes}.`,
    'Import the data with labels, or choose the masked objective.',
  );
}

function refuseOneClass(classCounts: readonly number[]): void {
  if (classCounts.filter((count) => count > 0).length !== 1) return;
  throw new LockstepError(
    'DATA_INVALID',
    'All training sequences of a supervised phase are of one class: there is nothing to tell apart.',
    'Import sequences of other classes, or give them to the training split.',
  );
}

function classWeights(
  setting: z.output<typeof options>['classWeights'],
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
