/**
 * Two views of one sequence: its window's two halves are shown as rows of their own, and each half is to
 * name the other among all rows of its micro-batch (the normalised, temperature-scaled cross-entropy of
 * Chen et al. 2020, arXiv:2002.05709). Negatives come from the same micro-batch, so a leaf depends on nothing
 * else. A sequence that is alone in its micro-batch has nothing to choose from and counts nowhere. The baseline is
 * chance.
 */
import { z } from 'zod';
import type { PaddedRows } from '../../data/collate.ts';
import { defineObjective } from '../define.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';
import { PRETEXT_HEAD } from './pretext.ts';

const options = z.strictObject({
  /** Similarities, between −1 and 1, are divided by it. */
  temperature: z.number().positive().default(0.1),
  /** Size of the vectors that are compared. */
  dimensions: z.int().min(2).max(4096).default(64),
});

/** Takes a row out of the choices for itself: e to this is 0 in float32. */
const NEVER = -1e9;

export const contrastive = defineObjective({
  kind: 'contrastive',
  options,
  // With one sequence in each micro-batch the right choice would be the only one.
  needs: { minRows: 2 },
  build: ({ temperature, dimensions }) => ({
    head: (channels) => linearParameters(PRETEXT_HEAD, { out: dimensions, in: channels }),
    sums: ['correct', 'chanceCorrect'],
    feeds: [
      { name: 'partners', dtype: 'int32', shape: ['rows'] },
      { name: 'choices', dtype: 'float32', shape: ['rows', 'rows'] },
      { name: 'counted', dtype: 'float32', shape: ['rows'] },
    ],
    view: halvesOf,
    prepare: ({ rows }) => {
      const hasOthers = rows > 2;
      return {
        feeds: {
          partners: { shape: [rows], data: partnersOf(rows) },
          choices: { shape: [rows, rows], data: choicesOf(rows) },
          counted: { shape: [rows], data: new Float32Array(rows).fill(hasOthers ? 1 : 0) },
        },
        sums: hasOthers
          ? { weight: rows, chanceCorrect: rows / (rows - 1) }
          : { weight: 0, chanceCorrect: 0 },
      };
    },
    loss: (context, features) => {
      const { ops, feed } = context;
      const embedded = ops.unitRows(linear(context, PRETEXT_HEAD, ops.meanOverLength(features)));
      const similarities = ops.mul(ops.linear(embedded, embedded), ops.scalar(1 / temperature));
      const logits = ops.add(similarities, feed('choices'));
      const partners = feed('partners');
      return {
        loss: ops.sum(ops.softmaxCrossEntropy(logits, partners)),
        correct: ops.sum(ops.mul(ops.isCorrect(logits, partners), feed('counted'))),
      };
    },
    metrics: (sums) => ({
      loss: { value: sums.loss! / sums.weight! },
      accuracy: {
        value: sums.correct! / sums.weight!,
        baselines: { chance: sums.chanceCorrect! / sums.weight! },
      },
    }),
    // Its accuracy can fall while the features improve: rows of one class are as near as the other half.
    headline: { metric: 'loss', better: 'lower' },
  }),
});

/**
 * First the rows' first halves, then their second ones. A step in the middle of an odd row is in neither; a
 * row of one step is seen twice. They are rows of their own before scaling: with `data.scaling: sequence` a level that
 * both halves share would tell which ones belong together.
 */
function halvesOf(whole: PaddedRows): PaddedRows {
  const { rows, channels } = whole;
  const half = whole.lengths.map((length) => Math.max(1, Math.floor(length / 2)));
  const paddedLength = Math.max(...half);
  const values = new (whole.values.constructor as Int32ArrayConstructor)(
    2 * rows * paddedLength * channels,
  );
  const starts = new Int32Array(2 * rows);
  for (let row = 0; row < 2 * rows; row++) {
    const of = row % rows;
    const skipped = row < rows ? 0 : whole.lengths[of]! - half[of]!;
    const first = (of * whole.paddedLength + skipped) * channels;
    const window = whole.values.subarray(first, first + half[of]! * channels);
    values.set(window, row * paddedLength * channels);
    starts[row] = whole.starts[of]! + skipped;
  }
  return {
    rows: 2 * rows,
    paddedLength,
    channels,
    lengths: twice(half),
    values,
    labels: twice(whole.labels),
    sequences: twice(whole.sequences),
    starts,
    epoch: whole.epoch,
  };
}

function twice(values: Int32Array): Int32Array {
  const both = new Int32Array(2 * values.length);
  both.set(values);
  both.set(values, values.length);
  return both;
}

/** The row of each row's other half. */
function partnersOf(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => (row + rows / 2) % rows);
}

/** 0 for every pair of rows, `NEVER` for a row with itself. */
function choicesOf(rows: number): Float32Array {
  const choices = new Float32Array(rows * rows);
  for (let row = 0; row < rows; row++) choices[row * (rows + 1)] = NEVER;
  return choices;
}
