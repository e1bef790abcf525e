/** Multinomial logistic regression with an L2 penalty: the same coefficients as scikit-learn's `LogisticRegression`. */
import { cholesky, solveLowerRows, solveLowerTransposed } from './cholesky.ts';
import { type DualModel, dualModelOf, factoriseGram, type GramFactor } from './gram-factor.ts';
import type { LinearModel } from './linear-model.ts';
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
import { whiteSoftmaxLoss } from './softmax-loss.ts';

export interface LogisticRegressionOptions {
  /** Number of classes; one without a training row gets the probability 0. */
  readonly classes: number;
  /** The inverse of scikit-learn's C: the penalty is l2 / 2 · |weights|², beside the sum over the rows. */
  readonly l2: number;
  /**
   * How exact: the length that the gradient may keep, as a share of the root of the number of rows, where the Hessian
   * is no larger than the identity. So what is left to gain for each row is about its square. @default 1e-9
   */
  readonly tolerance?: number;
}

const TOLERANCE = 1e-9;

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

/**
 * Fits on inner products alone, so that the number of features does not matter. A new row's scores are
 * Σ coefficients · (its inner products with the training rows) + intercepts.
 */
export function fitLogisticRegressionOnGram(
  gram: GramFactor,
  labels: ArrayLike<number>,
  options: LogisticRegressionOptions,
): DualModel {
  return dualModelOf(fitCentred(gram.factor, gram.moments, labels, options), gram);
}

/**
 * Works on weights as the Hessian of equal probabilities sees them, a class at a time: with its Cholesky decomposition
 * L · Lᵀ they are Lᵀ · w, and the rows L⁻¹ · x.
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
  // scikit-learn has one vector of weights for two classes; ours are its halves, of both signs.
  const penalty = present.length === 2 ? 2 * l2 : l2;
  const curvature = 1 / present.length;
  const lower = cholesky(hessianOf(moments, curvature, penalty));
  const white = solveLowerRows(lower, x);
  const parameters = minimise(
    whiteSoftmaxLoss({ x: white, labels: numbers, classes: present.length, curvature }),
    new Float64Array(present.length * (x.columns + 1)),
    { longestGradient: tolerance * Math.sqrt(x.rows) },
  );
  const weights = matrix(classes, x.columns);
  const intercepts = new Float64Array(classes).fill(Number.NEGATIVE_INFINITY);
  for (const [k, label] of present.entries()) {
    solveLowerTransposed(lower, parameters, k * x.columns);
    const ofClass = parameters.subarray(k * x.columns, (k + 1) * x.columns);
    weights.values.set(ofClass, label * x.columns);
    const scaled = parameters[present.length * x.columns + k]!;
    intercepts[label] = scaled / Math.sqrt(curvature * x.rows);
  }
  return { weights, intercepts };
}

/** Of one class, where each has the same probability. */
function hessianOf(moments: Matrix, curvature: number, l2: number): Matrix {
  const size = moments.rows;
  const hessian = matrix(
    size,
    size,
    moments.values.map((value) => curvature * value),
  );
  for (let j = 0; j < size; j++) hessian.values[j * (size + 1)]! += l2;
  return hessian;
}
