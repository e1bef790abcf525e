/** The linear part of a rocket: ridge regressions or a logistic regression, on standardised features. */
import { type LinearModel, scoresOf } from '../solver/linear-model.ts';
import {
  addScaled,
  centred,
  columnMeans,
  dot,
  gramOfRows,
  type Matrix,
  matrix,
  multiply,
} from '../solver/matrix.ts';
import { fitRidges, RIDGE_ALPHAS, type RidgeModel } from '../solver/ridge.ts';
import { meanOf, varianceOf } from '../statistics/mean.ts';
import { fitLogisticHead, sumOf } from './logistic-head.ts';
import { type HeadTask, logLosses, sharpnessOf } from './sharpness.ts';

/** How the weights are fitted. */
export type HeadKind = 'ridge' | 'logistic';

/** Weights are those of the features as they are. */
export interface Head extends LinearModel {
  /** The penalty with the smallest error on held-out rows. */
  readonly alpha: number;
  /** Scores times this are the logits of probabilities; 1 where the scores are numbers. */
  readonly sharpness: number;
}

export interface FittedHead extends Head {
  readonly kind: HeadKind;
  /**
   * `[rows, outputs]`: scores of each row with the same penalty by a fit without it, of a logistic head without its
   * fold.
   */
  readonly heldOut: Matrix;
}

export interface HeadOptions {
  /** Columns of each kind of features, one kind after the other. @default one kind */
  readonly kinds?: readonly number[];
  /** `auto`: logistic where its probabilities are clearly better. @default ridge */
  readonly head?: HeadKind | 'auto';
}

/** With `auto`, a logistic head is tried for so many rows; for more it would take longer than all else. */
const LOGISTIC_ROWS = 400;
/** By how many standard errors its log-loss on held-out rows must be smaller. */
const CLEARLY = 2;

/**
 * Fits a head. `ridge`: the mean of one ridge regression for each kind of features, so that none is drowned by others;
 * their penalty has the smallest leave-one-out error of the mean. `logistic`: one logistic regression on all features,
 * whose penalty has the smallest log-loss over five folds; for one class a row.
 * @param x `[rows, features]`, at least two rows; may be standardised in place
 * @param y `[rows, outputs]`: numbers of order 1, or 1 for a row's classes and −1 for all others
 */
export function fitHead(
  x: Matrix,
  y: Matrix,
  task: HeadTask,
  { kinds = [x.columns], head = 'ridge' }: HeadOptions = {},
): FittedHead {
  const parts = partsOf(x, kinds);
  const scales = parts.map(standardise);
  if (head === 'logistic') return inFeatures(logisticHead(parts, parts.map(gramOf), y), scales);
  const fits = fitRidges(parts, y, RIDGE_ALPHAS);
  const ridge = ridgeHead(fits, y, task);
  const isTried = head === 'auto' && task === 'class' && x.rows <= LOGISTIC_ROWS;
  if (!isTried) return inFeatures(ridge, scales);
  const grams = fits.map(({ gram }, at) => gram ?? gramOf(parts[at]!));
  const logistic = logisticHead(parts, grams, y);
  return inFeatures(isClearlyBetter(logistic, ridge, y) ? logistic : ridge, scales);
}

/** Whether one head's probabilities of held-out rows are better, by more than chance among the rows. */
function isClearlyBetter(one: FittedHead, other: FittedHead, y: Matrix): boolean {
  const ofOther = logLosses(other.heldOut, y, other.sharpness);
  const gains = Array.from(
    logLosses(one.heldOut, y, one.sharpness),
    (loss, row) => ofOther[row]! - loss,
  );
  return meanOf(gains) > CLEARLY * Math.sqrt(varianceOf(gains) / gains.length);
}

/** The mean of the fits, for standardised features. */
function ridgeHead(fits: readonly RidgeModel[], y: Matrix, task: HeadTask): FittedHead {
  const columns = fits.reduce((sum, { weights }) => sum + weights.columns, 0);
  const weights = matrix(y.columns, columns);
  const intercepts = new Float64Array(y.columns);
  const heldOut = matrix(y.rows, y.columns);
  const share = 1 / fits.length;
  let begin = 0;
  for (const fit of fits) {
    const count = fit.weights.columns;
    for (let k = 0; k < y.columns; k++) {
      const target = k * columns + begin;
      addScaled(weights.values, target, share, fit.weights.values, k * count, count);
    }
    addScaled(intercepts, 0, share, fit.intercepts, 0, y.columns);
    addScaled(heldOut.values, 0, share, fit.leaveOneOut.values, 0, y.values.length);
    begin += count;
  }
  const sharpness = task === 'numbers' ? 1 : sharpnessOf(heldOut, y, task);
  return { kind: 'ridge', weights, intercepts, alpha: fits[0]!.alpha, sharpness, heldOut };
}

const gramOf = (part: Matrix): Matrix => gramOfRows(centred(part, columnMeans(part)));

/** For standardised features. @param grams of the parts, each centred */
function logisticHead(parts: readonly Matrix[], grams: readonly Matrix[], y: Matrix): FittedHead {
  const fit = fitLogisticHead(sumOf(grams), y);
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const weights = matrix(y.columns, columns);
  const intercepts = fit.intercepts.slice();
  let begin = 0;
  for (const part of parts) {
    // The coefficients of a class add up to 0, so the rows need not be centred.
    const own = multiply(fit.coefficients, part);
    const means = columnMeans(part);
    for (let k = 0; k < y.columns; k++) {
      const from = k * part.columns;
      weights.values.set(own.values.subarray(from, from + part.columns), k * columns + begin);
      intercepts[k]! -= dot(own.values, from, means, 0, part.columns);
    }
    begin += part.columns;
  }
  const { l2: alpha, sharpness, heldOut } = fit;
  return { kind: 'logistic', weights, intercepts, alpha, sharpness, heldOut };
}

/** The same head for features as they are. @param scales of the columns of each part */
function inFeatures(head: FittedHead, scales: readonly Float64Array[]): FittedHead {
  const { rows, columns, values } = head.weights;
  let begin = 0;
  for (const own of scales) {
    for (let k = 0; k < rows; k++) {
      for (let j = 0; j < own.length; j++) values[k * columns + begin + j]! /= own[j]!;
    }
    begin += own.length;
  }
  return head;
}

/** The columns of each kind. */
function partsOf(x: Matrix, kinds: readonly number[]): Matrix[] {
  if (kinds.length === 1) return [x];
  let begin = 0;
  return kinds.map((count) => {
    begin += count;
    return columnsOf(x, begin - count, count);
  });
}

function columnsOf({ rows, columns, values }: Matrix, begin: number, count: number): Matrix {
  const part = matrix(rows, count);
  for (let row = 0; row < rows; row++) {
    const from = row * columns + begin;
    part.values.set(values.subarray(from, from + count), row * count);
  }
  return part;
}

/** `[outputs]`: the logits, or the numbers, of one row of features. */
export function headOutputs(head: Head, features: Float64Array): Float32Array {
  const scores = scoresOf(head, matrix(1, features.length, features));
  return Float32Array.from(scores.values, (score) => head.sharpness * score);
}

/** Divides each column by its deviation, which it returns; constant columns stay. */
function standardise({ rows, columns, values }: Matrix): Float64Array {
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) sums[j]! += values[row * columns + j]!;
  }
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) {
      const distance = values[row * columns + j]! - sums[j]! / rows;
      squares[j]! += distance * distance;
    }
  }
  const deviations = squares.map((square) => Math.sqrt(square / rows) || 1);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) values[row * columns + j]! /= deviations[j]!;
  }
  return deviations;
}
