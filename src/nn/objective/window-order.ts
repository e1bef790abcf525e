/**
 * Windows of one sequence, one after the other: which of two comes first? Each pair of windows is asked in both
 * directions, by a bilinear form of their pooled features. The baseline is chance, one half.
 */
import { z } from 'zod';
import type { PaddedRows } from '../../data/collate.ts';
import { defineObjective } from '../define.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';
import { PRETEXT_HEAD } from './pretext.ts';
import { rowsOfWindows, type Window } from './windows.ts';

const options = z.strictObject({
  /** Windows of a sequence, of equal lengths. */
  windows: z.int().min(2).max(8).default(2),
  /** Size of the vectors that are compared. */
  dimensions: z.int().min(1).max(1024).default(32),
});

const EARLIER = `${PRETEXT_HEAD}.earlier`;
const LATER = `${PRETEXT_HEAD}.later`;

export const windowOrder = defineObjective({
  kind: 'window-order',
  options,
  needs: { minLength: 2 },
  build: ({ windows, dimensions }) => ({
    head: (channels) =>
      [EARLIER, LATER].flatMap((name) => linearParameters(name, { out: dimensions, in: channels })),
    sums: ['correct'],
    feeds: [
      { name: 'pairs', dtype: 'float32', shape: ['rows', 'rows'] },
      { name: 'isEarlier', dtype: 'float32', shape: ['rows', 'rows'] },
    ],
    view: (rows) => rowsOfWindows(rows, windowsOf(rows, windows)),
    prepare: (rows) => {
      const { pairs, isEarlier, weight } = pairsOf(rows, windows);
      const shape = [rows.rows, rows.rows];
      return {
        feeds: { pairs: { shape, data: pairs }, isEarlier: { shape, data: isEarlier } },
        sums: { weight },
      };
    },
    loss: (context, features) => {
      const { ops, feed } = context;
      const [pairs, isEarlier] = [feed('pairs'), feed('isEarlier')];
      const pooled = ops.meanOverLength(features);
      const scores = ops.linear(linear(context, EARLIER, pooled), linear(context, LATER, pooled));
      const losses = ops.mul(ops.sigmoidCrossEntropy(scores, isEarlier), pairs);
      // Right are positive scores of the earlier windows and others of the later ones.
      const signs = ops.sub(ops.add(isEarlier, isEarlier), pairs);
      const positive = ops.sum(ops.mul(ops.isPositive(scores), signs));
      return {
        loss: ops.sum(losses),
        correct: ops.add(positive, ops.sum(ops.sub(pairs, isEarlier))),
      };
    },
    metrics: (sums) => ({
      loss: { value: sums.loss! / sums.weight! },
      accuracy: { value: sums.correct! / sums.weight!, baselines: { chance: 0.5 } },
    }),
    headline: { metric: 'accuracy', better: 'higher' },
  }),
});

/** First all rows' first windows, then their second ones, and so on; what is left over at a row's end is in none. */
function windowsOf({ lengths }: PaddedRows, count: number): Window[] {
  return Array.from({ length: count }, (_, place) =>
    Array.from(lengths, (length, row) => {
      const each = Math.max(1, Math.floor(length / count));
      return { row, skipped: Math.min(place * each, length - each), count: each };
    }),
  ).flat();
}

/**
 * 1 for each pair of windows of one row that differ, and 1 for those of them whose first window begins earlier. A row
 * shorter than its number of windows has some that are the same.
 */
function pairsOf(
  { rows, starts }: PaddedRows,
  count: number,
): { readonly pairs: Float32Array; readonly isEarlier: Float32Array; readonly weight: number } {
  const pairs = new Float32Array(rows * rows);
  const isEarlier = new Float32Array(rows * rows);
  const whole = rows / count;
  let weight = 0;
  for (let first = 0; first < rows; first++) {
    for (let second = first % whole; second < rows; second += whole) {
      if (starts[first] === starts[second]) continue;
      pairs[first * rows + second] = 1;
      if (starts[first]! < starts[second]!) isEarlier[first * rows + second] = 1;
      weight++;
    }
  }
  return { pairs, isEarlier, weight };
}
