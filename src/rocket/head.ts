/** The linear part of a rocket: ridge regressions on standardised features. */
import { type LinearModel, scoresOf } from '../solver/linear-model.ts';
import { addScaled, type Matrix, matrix } from '../solver/matrix.ts';
import { fitRidges, RIDGE_ALPHAS, type RidgeModel } from '../solver/ridge.ts';
import { softmax } from '../solver/softmax-loss.ts';

/** What a score is for. */
export type HeadTask = 'class' | 'classes' | 'numbers';

/** Weights are those of the features as they are. */
export interface Head extends LinearModel {
  /** The penalty with the smallest leave-one-out error. */
  readonly alpha: number;
  /** Scores times this are the logits of probabilities; 1 where the scores are numbers. */
  readonly sharpness: number;
}

export interface FittedHead extends Head {
  /** `[rows, outputs]`: scores of each row by a fit without it, with the same penalty. */
  readonly leaveOneOut: Matrix;
}

/**
 * Fits a head: the mean of one ridge regression for each kind of features, so that none is drowned by others. Their
 * penalty has the smallest leave-one-out error of the mean.
 * @param x `[rows, features]`, at least two rows; may be standardised in place
 * @param y `[rows, outputs]`: numbers of order 1, or 1 for a row's classes and −1 for all others
 * @param kinds columns of each kind, one kind after the other
 */
export function fitHead(
  x: Matrix,
  y: Matrix,
  task: HeadTask,
  kinds: readonly number[] = [x.columns],
): FittedHead {
  const fits = fitKinds(x, y, kinds);
  const weights = matrix(y.columns, x.columns);
  const intercepts = new Float64Array(y.columns);
  const leaveOneOut = matrix(y.rows, y.columns);
  const share = 1 / kinds.length;
  let begin = 0;
  for (const [at, fit] of fits.entries()) {
    const count = kinds[at]!;
    for (let k = 0; k < y.columns; k++) {
      const target = k * x.columns + begin;
      addScaled(weights.values, target, share, fit.weights.values, k * count, count);
    }
    addScaled(intercepts, 0, share, fit.intercepts, 0, y.columns);
    addScaled(leaveOneOut.values, 0, share, fit.leaveOneOut.values, 0, y.values.length);
    begin += count;
  }
  const sharpness = task === 'numbers' ? 1 : sharpnessOf(leaveOneOut, y, task);
  return { weights, intercepts, alpha: fits[0]!.alpha, sharpness, leaveOneOut };
}

/** Ridge regressions with weights for features as they are. */
function fitKinds(x: Matrix, y: Matrix, kinds: readonly number[]): RidgeModel[] {
  let begin = 0;
  const parts = kinds.map((count) => {
    const own = kinds.length === 1 ? x : columnsOf(x, begin, count);
    begin += count;
    return own;
  });
  const scales = parts.map(standardise);
  const fits = fitRidges(parts, y, RIDGE_ALPHAS);
  for (const [at, { weights }] of fits.entries()) {
    const own = scales[at]!;
    for (let i = 0; i < weights.values.length; i++) weights.values[i]! /= own[i % own.length]!;
  }
  return fits;
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

const LARGEST_SHARPNESS = 1e3;
const BISECTIONS = 60;

/**
 * The factor that makes probabilities of leave-one-out scores: of the largest likelihood, where the targets are those
 * of Platt, "Probabilistic outputs for support vector machines" (1999), so that few rows never give certainty.
 */
export function sharpnessOf(scores: Matrix, y: Matrix, task: Exclude<HeadTask, 'numbers'>): number {
  const slope = task === 'class' ? slopeOfClass(scores, y) : slopeOfClasses(scores, y);
  let [low, high] = [0, LARGEST_SHARPNESS];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How the cross-entropy of the softmax changes with the sharpness; it only rises. */
function slopeOfClass(scores: Matrix, y: Matrix): (sharpness: number) => number {
  const { rows, columns, values } = scores;
  const p = new Float64Array(columns);
  return (sharpness) => {
    let slope = 0;
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < columns; k++) p[k] = sharpness * values[row * columns + k]!;
      softmax(p);
      for (let k = 0; k < columns; k++) {
        const isTrue = y.values[row * columns + k]! > 0;
        const target = (isTrue ? rows + 1 : 1) / (rows + columns);
        slope += (p[k]! - target) * values[row * columns + k]!;
      }
    }
    return slope;
  };
}

/** The same for classes by themselves. */
function slopeOfClasses({ rows, values }: Matrix, y: Matrix): (sharpness: number) => number {
  return (sharpness) => {
    let slope = 0;
    for (const [at, score] of values.entries()) {
      const target = (y.values[at]! > 0 ? rows + 1 : 1) / (rows + 2);
      slope += (1 / (1 + Math.exp(-sharpness * score)) - target) * score;
    }
    return slope;
  };
}
