/**
 * Masked timesteps: hide spans of the input, predict what was there, at hidden valid positions only.
 * Two rivals that know nothing of the model are counted beside it: the most frequent symbol (the mean,
 * for regression) and the last visible value before the hidden step.
 */
import type { ObjectiveConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { CLASSIFICATION_HEAD } from '../model/model.ts';
import { drawMask } from './mask.ts';
import type { DataFacts, Objective, PaddedRows, Prepared } from './objective.ts';

type MaskedConfig = Extract<ObjectiveConfig, { kind: 'masked' }>;

/** @throws LockstepError CONFIG_INVALID for classification of real values */
export function makeMaskedObjective(
  config: MaskedConfig,
  facts: DataFacts,
  seed: number,
): Objective {
  const classifies = config.target === 'classification';
  if (classifies && facts.symbols === 0) {
    throw new LockstepError(
      'CONFIG_INVALID',
      'objective.target is "classification", but the dataset holds real values: they have no classes.',
      'Set objective.target to "regression".',
    );
  }
  const shared = {
    needsLabels: false,
    prepare: (rows: PaddedRows) => prepare(config, facts, seed, rows),
    trains: (slot: { name: string }) => !slot.name.startsWith(`${CLASSIFICATION_HEAD}.`),
  };
  return classifies
    ? { ...shared, ...classification, pretextOutputs: facts.symbols }
    : { ...shared, ...regression, pretextOutputs: 1 };
}

type Task = Pick<Objective, 'sumNames' | 'headline' | 'sums' | 'metrics'>;

const classification: Task = {
  sumNames: ['loss', 'weight', 'correct', 'frequentCorrect', 'previousCorrect'],
  headline: { metric: 'accuracy', better: 'higher' },
  sums: (model, context) => {
    const { ops, feed } = context;
    const logits = model.predictAt(context, model.features(context), feed('positions'));
    const targets = feed('targets');
    return {
      loss: ops.sum(ops.softmaxCrossEntropy(logits, targets)),
      correct: ops.sum(ops.isCorrect(logits, targets)),
    };
  },
  metrics: (sums) => ({
    loss: sums.loss! / sums.weight!,
    accuracy: sums.correct! / sums.weight!,
    accuracyMostFrequent: sums.frequentCorrect! / sums.weight!,
    accuracyPreviousValue: sums.previousCorrect! / sums.weight!,
  }),
};

const regression: Task = {
  sumNames: ['loss', 'weight', 'meanSquares', 'previousSquares'],
  headline: { metric: 'loss', better: 'lower' },
  sums: (model, context) => {
    const { ops, feed } = context;
    const outputs = model.predictAt(context, model.features(context), feed('positions'));
    const errors = ops.sub(ops.squeezeLast(outputs), feed('targets'));
    return { loss: ops.sum(ops.mul(errors, errors)) };
  },
  metrics: (sums) => ({
    loss: sums.loss! / sums.weight!,
    lossMeanValue: sums.meanSquares! / sums.weight!,
    lossPreviousValue: sums.previousSquares! / sums.weight!,
  }),
};

/** Feeds `values`, `mask` `[B, L]`, flat `positions` `[n]` and `targets` `[n]`; rivals as host sums. */
function prepare(config: MaskedConfig, facts: DataFacts, seed: number, rows: PaddedRows): Prepared {
  const { paddedLength, values } = rows;
  const mask = maskRows(config, seed, rows);
  const positions = hiddenPositions(mask);
  const truths = Array.from(positions, (position) => values[position]!);
  const previous = Array.from(positions, (position) => lastVisible(mask, position, paddedLength));
  const shape = [rows.rows, paddedLength];
  const classifies = config.target === 'classification';
  const standardise = standardiser(facts);
  return {
    feeds: {
      values: { shape, data: values },
      mask: { shape, data: mask },
      positions: { shape: [positions.length], data: positions },
      targets: {
        shape: [positions.length],
        data: classifies ? Int32Array.from(truths) : Float32Array.from(truths, standardise),
      },
    },
    hostSums: {
      weight: positions.length,
      ...(classifies
        ? {
            frequentCorrect: count(truths, (truth) => truth === facts.mostFrequentSymbol),
            previousCorrect: count(truths, (truth, i) => truth === values[previous[i]!]),
          }
        : {
            meanSquares: sumOf(truths, (truth) => standardise(truth) ** 2),
            previousSquares: sumOf(
              truths,
              (truth, i) =>
                (standardise(truth) - standardise(values[previous[i]!] ?? facts.meanValue)) ** 2,
            ),
          }),
    },
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
  const positions = new Int32Array(count(mask, (hidden) => hidden === 1));
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

/** Regression is on (value − mean) / (a quarter of the value range), so that losses are of order 1. */
function standardiser({ meanValue, valueRange }: DataFacts): (value: number) => number {
  const scale = (valueRange.maximum - valueRange.minimum) / 4 || 1;
  return (value) => (value - meanValue) / scale;
}

function count(
  values: ArrayLike<number>,
  matches: (value: number, index: number) => boolean,
): number {
  return sumOf(values, (value, index) => (matches(value, index) ? 1 : 0));
}

function sumOf(values: ArrayLike<number>, term: (value: number, index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += term(values[index]!, index);
  return sum;
}
