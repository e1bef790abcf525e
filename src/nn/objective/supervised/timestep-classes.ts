/** Cross-entropy of each timestep's class; a timestep without one counts nowhere. */
import type { PaddedRows } from '../../../data/collate.ts';
import type { PhaseFacts } from '../../../data/facts.ts';
import type { ForwardContext } from '../../../engine/engine.ts';
import type { Tensor } from '../../../engine/ops.ts';
import { conv } from '../../layer/forward.ts';
import { convParameters } from '../../layer/parameters.ts';
import type { Objective } from '../objective.ts';
import { mostFrequent } from '../pretext.ts';
import { HEAD } from './head.ts';
import { balancedClassWeights, type SupervisedOptions, weightsOf } from './options.ts';

/** Loss sum Σ w(y)·(−log p(y)) over timesteps with a class, weight Σ w(y). The baseline is the most frequent class. */
export function timestepClasses(
  { classWeights }: SupervisedOptions,
  { classes, classCounts }: PhaseFacts,
): Objective {
  const weights = weightsOf('classWeights', classWeights, classes, () =>
    balancedClassWeights(classCounts),
  );
  const frequent = mostFrequent(classCounts);
  return {
    task: 'timestep-class',
    head: (channels) => convParameters(HEAD, { out: classes, in: channels, kernel: 1, bias: true }),
    sums: ['correct', 'timesteps', 'frequentCorrect'],
    feeds: [
      { name: 'positions', dtype: 'int32', shape: ['positions'] },
      { name: 'labels', dtype: 'int32', shape: ['positions'] },
      { name: 'weights', dtype: 'float32', shape: ['positions'] },
    ],
    prepare: (rows) => {
      const positions = labelledPositions(rows);
      const shape = [positions.length];
      const labels = positions.map((position) => rows.timestepLabels![position]!);
      const ofSteps = Float32Array.from(labels, (label) => weights[label]!);
      return {
        feeds: {
          positions: { shape, data: positions },
          labels: { shape, data: labels },
          weights: { shape, data: ofSteps },
        },
        sums: {
          weight: ofSteps.reduce((a, b) => a + b, 0),
          timesteps: positions.length,
          frequentCorrect: labels.reduce((sum, label) => sum + (label === frequent ? 1 : 0), 0),
        },
      };
    },
    loss: (context, features) => {
      const { ops, feed } = context;
      const logits = ops.gatherPositions(predictTimesteps(context, features), feed('positions'));
      const labels = feed('labels');
      const losses = ops.mul(ops.softmaxCrossEntropy(logits, labels), feed('weights'));
      return { loss: ops.sum(losses), correct: ops.sum(ops.isCorrect(logits, labels)) };
    },
    predict: predictTimesteps,
    metrics: (sums) => ({
      loss: { value: sums.loss! / sums.weight! },
      accuracy: {
        value: sums.correct! / sums.timesteps!,
        baselines: { mostFrequent: sums.frequentCorrect! / sums.timesteps! },
      },
    }),
    headline: { metric: 'accuracy', better: 'higher' },
  };
}

/** The head at each position: `[B, L, classes]`. */
function predictTimesteps(context: ForwardContext, features: Tensor): Tensor {
  return conv(context, { name: HEAD, dilation: 1, bias: true, padding: 'same' }, features);
}

/** Flat positions of the timesteps that have a class, ascending; none in the padding. */
function labelledPositions({ timestepLabels }: PaddedRows): Int32Array {
  const labels = timestepLabels!;
  const positions = new Int32Array(labels.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0));
  let next = 0;
  for (let position = 0; position < labels.length; position++) {
    if (labels[position]! >= 0) positions[next++] = position;
  }
  return positions;
}
