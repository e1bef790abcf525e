/**
 * Masked timesteps: hide spans of the input, predict what was there, at hidden valid positions only.
 * Two baselines that know nothing of the model are counted beside it: the most frequent symbol (the mean,
 * for regression) and the last visible value before the hidden step.
 */
import { z } from 'zod';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { defineObjective } from '../define.ts';
import { drawMask } from './mask.ts';
import type { Prepared } from './objective.ts';
import {
  countWhere,
  makePretext,
  mostFrequent,
  type PretextTask,
  standardiser,
  sumOf,
  type Target,
  targetFeed,
  targetOption,
} from './pretext.ts';

const options = z.strictObject({
  /** Expected share of the timesteps that is masked. */
  fraction: z.number().gt(0).lt(1).default(0.15),
  /** Length of a masked span, in timesteps. */
  span: z.int().min(1).max(1024).default(5),
  target: targetOption,
});

type MaskedOptions = z.output<typeof options>;

export const masked = defineObjective({
  kind: 'masked',
  options,
  build: (options, facts, seed) =>
    makePretext(options.target, facts, {
      ...TASKS[options.target],
      feeds: [{ name: 'mask', dtype: 'int32', shape: ['rows', 'length'] }],
      prepare: (rows) => prepare(options, facts, seed, rows),
    }),
});

const TASKS: Readonly<Record<Target, PretextTask>> = {
  classification: {
    baselines: ['frequentCorrect', 'previousCorrect'],
    metrics: (sums) => ({
      loss: { value: sums.loss! / sums.weight! },
      accuracy: {
        value: sums.correct! / sums.weight!,
        baselines: {
          mostFrequent: sums.frequentCorrect! / sums.weight!,
          previousValue: sums.previousCorrect! / sums.weight!,
        },
      },
    }),
  },
  regression: {
    baselines: ['meanSquares', 'previousSquares'],
    metrics: (sums) => ({
      loss: {
        value: sums.loss! / sums.weight!,
        baselines: {
          meanValue: sums.meanSquares! / sums.weight!,
          previousValue: sums.previousSquares! / sums.weight!,
        },
      },
    }),
  },
};

/** Feeds `mask` `[B, L]`, flat `positions` `[n]` and `targets` `[n]`; baselines as host sums. */
function prepare(
  options: MaskedOptions,
  facts: PhaseFacts,
  seed: number,
  rows: PaddedRows,
): Prepared {
  const { paddedLength, values } = rows;
  const mask = maskRows(options, seed, rows);
  const positions = hiddenPositions(mask);
  const truths = Array.from(positions, (position) => values[position]!);
  const before = Array.from(positions, (position) => lastVisible(mask, position, paddedLength));
  return {
    feeds: {
      mask: { shape: [rows.rows, paddedLength], data: mask },
      positions: { shape: [positions.length], data: positions },
      targets: targetFeed(options.target, facts, truths),
    },
    sums: {
      weight: positions.length,
      ...baselineSums(
        options,
        facts,
        truths,
        before.map((position) => values[position]),
      ),
    },
  };
}

/** @param previous the last visible value before each hidden step; undefined where there is none */
function baselineSums(
  { target }: MaskedOptions,
  facts: PhaseFacts,
  truths: readonly number[],
  previous: readonly (number | undefined)[],
): Record<string, number> {
  if (target === 'classification') {
    const frequent = mostFrequent(facts.symbolCounts);
    return {
      frequentCorrect: countWhere(truths, (truth) => truth === frequent),
      previousCorrect: countWhere(truths, (truth, i) => truth === previous[i]),
    };
  }
  const standardise = standardiser(facts);
  return {
    meanSquares: sumOf(truths, (truth) => standardise(truth) ** 2),
    previousSquares: sumOf(
      truths,
      (truth, i) => (standardise(truth) - standardise(previous[i] ?? facts.meanValue)) ** 2,
    ),
  };
}

function maskRows(options: MaskedOptions, seed: number, rows: PaddedRows): Int32Array {
  const mask = new Int32Array(rows.rows * rows.paddedLength);
  for (let row = 0; row < rows.rows; row++) {
    const place = {
      epoch: rows.epoch,
      sequence: rows.sequences[row]!,
      start: rows.starts[row]!,
      count: rows.lengths[row]!,
    };
    const target = mask.subarray(row * rows.paddedLength, (row + 1) * rows.paddedLength);
    drawMask({ seed, fraction: options.fraction, span: options.span }, place, target);
  }
  return mask;
}

function hiddenPositions(mask: Int32Array): Int32Array {
  const positions = new Int32Array(countWhere(mask, (hidden) => hidden === 1));
  let next = 0;
  for (let position = 0; position < mask.length; position++) {
    if (mask[position] === 1) positions[next++] = position;
  }
  return positions;
}

/** Position of the last visible step before `position` in its row; −1 when there is none. */
function lastVisible(mask: Int32Array, position: number, paddedLength: number): number {
  const rowStart = position - (position % paddedLength);
  for (let before = position - 1; before >= rowStart; before--) {
    if (mask[before] === 0) return before;
  }
  return -1;
}
