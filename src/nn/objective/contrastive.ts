/**
 * Two views of one sequence: its window's two halves, or two crops of it, are shown as rows of their own, and each is to
 * name the other among all rows of its micro-batch (the normalised, temperature-scaled cross-entropy of
 * Chen et al. 2020, arXiv:2002.05709). Negatives come from the same micro-batch, so a leaf depends on nothing
 * else. A sequence that is alone in its micro-batch has nothing to choose from and counts nowhere. The baseline is
 * chance.
 */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { defineObjective } from '../define.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';
import type { ParameterDescription } from '../model/model.ts';
import { PRETEXT_HEAD } from './pretext.ts';
import { type CropShares, crops, halves, jittered } from './views.ts';
import { rowsOfWindows } from './windows.ts';

const share = z.number().gt(0).max(1);

const options = z.strictObject({
  /** Similarities, between −1 and 1, are divided by it. */
  temperature: z.number().positive().default(0.1),
  /** Size of the vectors that are compared. */
  dimensions: z.int().min(2).max(4096).default(64),
  /** Views at any two places instead of two halves: between which shares of the window their lengths lie. */
  crops: z.tuple([share, share]).optional(),
  /** Real values: deviation of the noise on both views, in deviations of a channel. None when absent. */
  jitter: z.number().positive().optional(),
  /** Width of a layer with ReLU between the features and the vectors that are compared. None when absent. */
  projection: z.int().min(2).max(4096).optional(),
});

type ContrastiveOptions = z.output<typeof options>;

const PROJECTION = `${PRETEXT_HEAD}.projection`;

/** Takes a row out of the choices for itself: e to this is 0 in float32. */
const NEVER = -1e9;

export const contrastive = defineObjective({
  kind: 'contrastive',
  options,
  // With one sequence in each micro-batch the right choice would be the only one.
  needs: { minRows: 2 },
  build: (options, facts, seed) => ({
    head: (channels) => headOf(options, channels),
    sums: ['correct', 'chanceCorrect'],
    feeds: [
      { name: 'partners', dtype: 'int32', shape: ['rows'] },
      { name: 'choices', dtype: 'float32', shape: ['rows', 'rows'] },
      { name: 'counted', dtype: 'float32', shape: ['rows'] },
    ],
    view: viewsOf(options, facts, seed),
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
      const pooled = ops.meanOverLength(features);
      const projected =
        options.projection === undefined ? pooled : ops.relu(linear(context, PROJECTION, pooled));
      const embedded = ops.unitRows(linear(context, PRETEXT_HEAD, projected));
      const similarities = ops.mul(
        ops.linear(embedded, embedded),
        ops.scalar(1 / options.temperature),
      );
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

function headOf(
  { dimensions, projection }: ContrastiveOptions,
  channels: number,
): ParameterDescription[] {
  if (projection === undefined) {
    return linearParameters(PRETEXT_HEAD, { out: dimensions, in: channels });
  }
  return [
    ...linearParameters(PROJECTION, { out: projection, in: channels }),
    ...linearParameters(PRETEXT_HEAD, { out: dimensions, in: projection }),
  ];
}

/** @throws LockstepError CONFIG_INVALID for crops that end before they begin, and for noise on symbols */
function viewsOf(
  { crops: shares, jitter }: ContrastiveOptions,
  facts: PhaseFacts,
  seed: number,
): (rows: PaddedRows) => PaddedRows {
  if (shares !== undefined && shares[0] > shares[1]) throw swappedShares(shares);
  if (jitter !== undefined && facts.symbols > 0) throw noisySymbols();
  const deviations = facts.scaling.channels.map(({ deviation }) => deviation * (jitter ?? 0));
  return (rows) => {
    const windows = shares === undefined ? halves(rows) : crops(rows, shares, seed);
    const views = rowsOfWindows(rows, windows);
    return jitter === undefined ? views : jittered(views, deviations, seed);
  };
}

const swappedShares = ([shortest, longest]: CropShares): LockstepError =>
  new LockstepError(
    'CONFIG_INVALID',
    `objective.crops is [${shortest}, ${longest}]: the shortest share is larger than the longest.`,
    `Set it to [${longest}, ${shortest}].`,
  );

const noisySymbols = (): LockstepError =>
  new LockstepError(
    'CONFIG_INVALID',
    'objective.jitter adds noise to real values, but the dataset holds integer symbols.',
    'Leave objective.jitter out.',
  );

/** The row of each row's other view. */
function partnersOf(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => (row + rows / 2) % rows);
}

/** 0 for every pair of rows, `NEVER` for a row with itself. */
function choicesOf(rows: number): Float32Array {
  const choices = new Float32Array(rows * rows);
  for (let row = 0; row < rows; row++) choices[row * (rows + 1)] = NEVER;
  return choices;
}
