/**
 * Masked timesteps: hide spans of the input, predict what was there, at hidden valid positions only.
 * Two baselines that know nothing of the model are counted beside it: the most frequent symbol (the mean,
 * for regression) and the last visible value before the hidden step.
 */
import type { ObjectiveConfig } from '../../config/phase-section.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { drawMask } from './mask.ts';
import type { Objective, Prepared } from './objective.ts';
import {
  countWhere,
  makePretext,
  mostFrequent,
  type PretextTask,
  standardiser,
  sumOf,
  targetFeed,
} from './pretext.ts';

type MaskedConfig = Extract<ObjectiveConfig, { kind: 'masked' }>;

/** @throws LockstepError CONFIG_INVALID for classification of real values */
export function makeMaskedObjective(
  config: MaskedConfig,
  facts: PhaseFacts,
  seed: number,
): Objective {
  return makePretext(config.target, facts, {
    ...TASKS[config.target],
    needsCausalModel: false,
    feeds: [{ name: 'mask', dtype: 'int32', shape: ['rows', 'length'] }],
    prepare: (rows) => prepare(config, facts, seed, rows),
  });
}

const TASKS: Readonly<Record<MaskedConfig['target'], PretextTask>> = {
  classification: {
    baselines: ['frequentCorrect', 'previousCorrect'],
    metrics: (sums) => ({
      loss: sums.loss! / sums.weight!,
      accuracy: sums.correct! / sums.weight!,
      accuracyMostFrequent: sums.frequentCorrect! / sums.weight!,
      accuracyPreviousValue: sums.previousCorrect! / sums.weight!,
    }),
  },
  regression: {
    baselines: ['meanSquares', 'previousSquares'],
    metrics: (sums) => ({
      loss: sums.loss! / sums.weight!,
      lossMeanValue: sums.meanSquares! / sums.weight!,
      lossPreviousValue: sums.previousSquares! / sums.weight!,
    }),
  },
};

/** Feeds `values`, `mask` `[B, L]`, flat `positions` `[n]` and `targets` `[n]`; baselines as host sums. */
function prepare(
  config: MaskedConfig,
  facts: PhaseFacts,
  seed: number,
  rows: PaddedRows,
): Prepared {
  const { paddedLength, values } = rows;
  const mask = maskRows(config, seed, rows);
  const positions = hiddenPositions(mask);
  const truths = Array.from(positions, (position) => values[position]!);
  const before = Array.from(positions, (position) => lastVisible(mask, position, paddedLength));
  const shape = [rows.rows, paddedLength];
  return {
    feeds: {
      values: { shape, data: values },
      mask: { shape, data: mask },
      positions: { shape: [positions.length], data: positions },
      targets: targetFeed(config.target, facts, truths),
    },
    hostSums: {
      weight: positions.length,
      ...baselineSums(
        config,
        facts,
        truths,
        before.map((position) => values[position]),
      ),
    },
  };
}

/** @param previous the last visible value before each hidden step; undefined where there is none */
function baselineSums(
  { target }: MaskedConfig,
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

function maskRows(config: MaskedConfig, seed: number, rows: PaddedRows): Int32Array {
  const mask = new Int32Array(rows.rows * rows.paddedLength);
  for (let row = 0; row < rows.rows; row++) {
    const place = {
      epoch: rows.epoch,
      sequence: rows.sequences[row]!,
      start: rows.starts[row]!,
      count: rows.lengths[row]!,
    };
    const target = mask.subarray(row * rows.paddedLength, (row + 1) * rows.paddedLength);
    drawMask({ seed, fraction: config.fraction, span: config.span }, place, target);
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
