/**
 * An objective of one's own, in plain JavaScript: two views of one sequence are to find each other among all rows of
 * their micro-batch, as in SimCLR (Chen et al. 2020, arXiv:2002.05709), behind a projection of two layers that later
 * phases leave out.
 *
 *   lockstep train examples/projected.yaml --extension examples/projected-contrastive.js
 */
import { defineObjective, linear, linearParameters, z } from 'lockstep';

/** Takes a row out of the choices for itself: e to this is 0 in float32. */
const NEVER = -1e9;

export default defineObjective({
  kind: 'projected-contrastive',
  options: z.strictObject({
    /** Channels between the two layers. */
    hidden: z.int().min(2).max(4096).default(32),
    /** Size of the vectors that are compared. */
    dimensions: z.int().min(2).max(4096).default(16),
    /** Similarities, between −1 and 1, are divided by it. */
    temperature: z.number().positive().default(0.2),
  }),
  // With one row in each micro-batch the right choice would be the only one.
  needs: { minRows: 2 },
  build: ({ hidden, dimensions, temperature }) => ({
    head: (channels) => [
      ...linearParameters('projection.0', { out: hidden, in: channels }),
      ...linearParameters('projection.2', { out: dimensions, in: hidden }),
    ],
    sums: ['correct', 'chanceCorrect'],
    feeds: [
      { name: 'partners', dtype: 'int32', shape: ['rows'] },
      { name: 'choices', dtype: 'float32', shape: ['rows', 'rows'] },
    ],
    // Before scaling, so that each view is scaled by itself.
    view: everySecondStep,
    prepare: ({ rows }) => {
      const partners = Int32Array.from({ length: rows }, (_, row) => (row + rows / 2) % rows);
      const choices = new Float32Array(rows * rows);
      for (let row = 0; row < rows; row++) choices[row * (rows + 1)] = NEVER;
      return {
        feeds: {
          partners: { shape: [rows], data: partners },
          choices: { shape: [rows, rows], data: choices },
        },
        sums: { weight: rows, chanceCorrect: rows / (rows - 1) },
      };
    },
    loss: (context, features) => {
      const { ops, feed } = context;
      const mean = ops.meanOverLength(features);
      const between = ops.relu(linear(context, 'projection.0', mean));
      const projected = ops.unitRows(linear(context, 'projection.2', between));
      const similarities = ops.mul(ops.linear(projected, projected), ops.scalar(1 / temperature));
      const logits = ops.add(similarities, feed('choices'));
      return {
        loss: ops.sum(ops.softmaxCrossEntropy(logits, feed('partners'))),
        correct: ops.sum(ops.isCorrect(logits, feed('partners'))),
      };
    },
    metrics: (sums) => ({
      loss: { value: sums.loss / sums.weight },
      accuracy: {
        value: sums.correct / sums.weight,
        baselines: { chance: sums.chanceCorrect / sums.weight },
      },
    }),
    headline: { metric: 'accuracy', better: 'higher' },
  }),
});

/** The timesteps 0, 2, 4, … of each row, then the timesteps 1, 3, 5, …; a row of one timestep is seen twice. */
function everySecondStep(whole) {
  const { rows, channels } = whole;
  const half = whole.lengths.map((length) => Math.max(1, Math.floor(length / 2)));
  const paddedLength = Math.max(...half);
  const values = new whole.values.constructor(2 * rows * paddedLength * channels);
  for (let row = 0; row < 2 * rows; row++) {
    const source = row % rows;
    const first = source * whole.paddedLength + (row < rows || whole.lengths[source] === 1 ? 0 : 1);
    for (let step = 0; step < half[source]; step++) {
      const from = (first + 2 * step) * channels;
      values.set(
        whole.values.subarray(from, from + channels),
        (row * paddedLength + step) * channels,
      );
    }
  }
  const lengths = twice(half);
  const [labels, sequences, starts] = [whole.labels, whole.sequences, whole.starts].map(twice);
  return {
    rows: 2 * rows,
    paddedLength,
    channels,
    lengths,
    values,
    labels,
    sequences,
    starts,
    epoch: whole.epoch,
  };
}

/** Each row's number for both of its views. */
function twice(numbers) {
  const both = new Int32Array(2 * numbers.length);
  both.set(numbers);
  both.set(numbers, numbers.length);
  return both;
}
