/** Multinomial logistic regression with an L2 penalty: the same coefficients as scikit-learn's `LogisticRegression`. */
import { cholesky, lowRankFactor, solveLower, solveLowerTransposed } from './cholesky.ts';
import {
  centred,
  columnMeans,
  dot,
  gramOfRows,
  type Matrix,
  matrix,
  multiply,
  transpose,
} from './matrix.ts';
import { minimise } from './minimise.ts';
import { linearScores, softmax, softmaxLoss } from './softmax-loss.ts';

/** Scores that are linear in the features. */
export interface LinearModel {
  /** `[outputs, columns]`. */
  readonly weights: Matrix;
  /** `[outputs]`. */
  readonly intercepts: Float64Array;
}

/** Scores that are linear in the inner products with the training rows. */
export interface DualModel {
  /** `[outputs, training rows]`: the weights are their product with the training rows. */
  readonly coefficients: Matrix;
  /** `[outputs]`. */
  readonly intercepts: Float64Array;
}

export interface LogisticRegressionOptions {
  /** Number of classes; one without a training row gets the probability 0. */
  readonly classes: number;
  /** The inverse of scikit-learn's C: the penalty is l2 / 2 · |weights|², beside the sum over the rows. */
  readonly l2: number;
  /** How exact: the largest element that the gradient may keep, as a share of the number of rows. @default 1e-10 */
  readonly tolerance?: number;
}

const TOLERANCE = 1e-10;

/**
 * Fits on features. With more columns than rows it works on the rows' inner products.
 * @param x `[rows, columns]`, at least one row
 * @param labels `[rows]`: numbers in [0, classes)
 */
export function fitLogisticRegression(
  x: Matrix,
  labels: ArrayLike<number>,
  options: LogisticRegressionOptions,
): LinearModel {
  if (x.columns > x.rows) {
    const { coefficients, intercepts } = fitLogisticRegressionOnGram(
      factoriseGram(gramOfRows(x)),
      labels,
      options,
    );
    return { weights: multiply(coefficients, x), intercepts };
  }
  const means = columnMeans(x);
  const inner = centred(x, means);
  const fit = fitCentred(inner, gramOfRows(transpose(inner)), labels, options);
  for (let k = 0; k < options.classes; k++) {
    fit.intercepts[k]! -= dot(fit.weights.values, k * x.columns, means, 0, x.columns);
  }
  return fit;
}

/** A Gram matrix, decomposed once for any number of fits. */
export interface GramFactor {
  /** `[rows, rank]`: its product with its transpose is the Gram matrix of the centred rows. */
  readonly factor: Matrix;
  readonly pivots: Int32Array;
  /** `[rank, rank]`: factorᵀ · factor. */
  readonly moments: Matrix;
  /** `[rows]`: the mean inner product of each row with all rows. */
  readonly means: Float64Array;
}

/** @param gram `[rows, rows]`: the inner products of the training rows */
export function factoriseGram(gram: Matrix): GramFactor {
  const means = columnMeans(gram);
  const { factor, pivots } = lowRankFactor(doublyCentred(gram, means));
  return { factor, pivots, moments: gramOfRows(transpose(factor)), means };
}

/** The Gram matrix of the rows minus their mean. */
function doublyCentred(gram: Matrix, means: Float64Array): Matrix {
  const size = gram.rows;
  const mean = means.reduce((sum, value) => sum + value, 0) / size;
  const values = gram.values.map((value, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    return value - means[row]! - means[column]! + mean;
  });
  return matrix(size, size, values);
}

/**
 * Fits on inner products alone, so that the number of features does not matter. A new row's scores are
 * Σ coefficients · (its inner products with the training rows) + intercepts.
 */
export function fitLogisticRegressionOnGram(
  { factor, pivots, moments, means }: GramFactor,
  labels: ArrayLike<number>,
  options: LogisticRegressionOptions,
): DualModel {
  const { weights, intercepts } = fitCentred(factor, moments, labels, options);
  const triangle = rowsOf(factor, pivots);
  const coefficients = matrix(options.classes, factor.rows);
  for (let k = 0; k < options.classes; k++) {
    const start = k * factor.columns;
    solveLowerTransposed(triangle, weights.values, start);
    for (const [i, pivot] of pivots.entries()) {
      coefficients.values[k * factor.rows + pivot] = weights.values[start + i]!;
    }
    withoutMean(coefficients.values.subarray(k * factor.rows, (k + 1) * factor.rows));
    intercepts[k]! -= dot(coefficients.values, k * factor.rows, means, 0, factor.rows);
  }
  return { coefficients, intercepts };
}

/** The rows were centred: coefficients that act on rows as they are have no mean. */
function withoutMean(values: Float64Array): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  for (let i = 0; i < values.length; i++) values[i]! -= mean;
}

function rowsOf({ columns, values }: Matrix, rows: Int32Array): Matrix {
  const result = matrix(rows.length, columns);
  for (const [i, row] of rows.entries()) {
    result.values.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  return result;
}

/**
 * @param x columns of mean 0
 * @param moments xᵀ · x
 */
function fitCentred(
  x: Matrix,
  moments: Matrix,
  labels: ArrayLike<number>,
  { classes, l2, tolerance = TOLERANCE }: LogisticRegressionOptions,
): LinearModel {
  const present = [...new Set(Array.from(labels))].sort((a, b) => a - b);
  const numbers = Int32Array.from(labels, (label) => present.indexOf(label));
  const weights = matrix(classes, x.columns);
  const intercepts = new Float64Array(classes).fill(Number.NEGATIVE_INFINITY);
  // scikit-learn has one vector of weights for two classes; ours are its halves, of both signs.
  const penalty = present.length === 2 ? 2 * l2 : l2;
  const problem = { x, labels: numbers, classes: present.length, l2: penalty };
  const parameters = minimise(
    (at) => softmaxLoss(problem, at),
    new Float64Array(present.length * (x.columns + 1)),
    {
      precondition: preconditioner(moments, x.rows, present.length, penalty),
      largestGradient: tolerance * x.rows,
    },
  );
  for (const [k, label] of present.entries()) {
    const ofClass = parameters.subarray(k * x.columns, (k + 1) * x.columns);
    weights.values.set(ofClass, label * x.columns);
    intercepts[label] = parameters[present.length * x.columns + k]!;
  }
  return { weights, intercepts };
}

/** Solves with the Hessian that equal probabilities would give, a class at a time. */
function preconditioner(
  moments: Matrix,
  rows: number,
  classes: number,
  l2: number,
): (gradient: Float64Array) => Float64Array {
  const width = moments.rows;
  const curvature = 1 / classes;
  const hessian = matrix(
    width,
    width,
    moments.values.map((value) => curvature * value),
  );
  for (let j = 0; j < width; j++) hessian.values[j * width + j]! += l2;
  const lower = cholesky(hessian);
  return (gradient) => {
    const solved = gradient.slice();
    for (let k = 0; k < classes; k++) {
      solveLower(lower, solved, k * width);
      solveLowerTransposed(lower, solved, k * width);
    }
    for (let k = 0; k < classes; k++) solved[classes * width + k]! /= curvature * rows;
    return solved;
  };
}

/** `[rows, outputs]`: the scores of rows of features. */
export function scoresOf({ weights, intercepts }: LinearModel, x: Matrix): Matrix {
  const outputs = intercepts.length;
  const parameters = new Float64Array(outputs * (x.columns + 1));
  parameters.set(weights.values);
  parameters.set(intercepts, outputs * x.columns);
  const scores = matrix(x.rows, outputs);
  for (let row = 0; row < x.rows; row++) {
    linearScores(parameters, x, row, scores.values.subarray(row * outputs, (row + 1) * outputs));
  }
  return scores;
}

/**
 * `[rows, outputs]`: the scores of new rows.
 * @param products `[rows, training rows]`: their inner products with the training rows
 */
export function dualScoresOf({ coefficients, intercepts }: DualModel, products: Matrix): Matrix {
  return scoresOf({ weights: coefficients, intercepts }, products);
}

/** `[rows, classes]`: the softmax of each row's scores. */
export function probabilitiesOf({ rows, columns, values }: Matrix): Matrix {
  const probabilities = matrix(rows, columns, values.slice());
  for (let row = 0; row < rows; row++) {
    softmax(probabilities.values.subarray(row * columns, (row + 1) * columns));
  }
  return probabilities;
}
