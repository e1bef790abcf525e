/** Ridge regression, and the penalty that leave-one-out errors choose: as scikit-learn's `RidgeCV` and `RidgeClassifierCV`. */
import { cholesky, inverseDiagonal, solveLower, solveLowerTransposed } from './cholesky.ts';
import type { CentredGram, DualModel } from './gram-factor.ts';
import type { LinearModel } from './linear-model.ts';
import {
  addScaled,
  centred,
  columnMeans,
  dot,
  gramOfRows,
  type Matrix,
  matrix,
  multiply,
  multiplyByTransposed,
  transpose,
} from './matrix.ts';

/** Ten penalties from 10⁻³ to 10³, among which ROCKET's authors let the leave-one-out error choose. */
export const RIDGE_ALPHAS: readonly number[] = Array.from(
  { length: 10 },
  (_, i) => 10 ** (-3 + (2 * i) / 3),
);

export interface RidgeModel extends LinearModel {
  /** The chosen penalty: alpha · |weights|², beside the sum of squared errors. */
  readonly alpha: number;
  /** Mean squared error of each row as a fit without it predicts it, over rows and outputs. */
  readonly leaveOneOutError: number;
  /** `[rows, outputs]`: what a fit without a row predicts of it. */
  readonly leaveOneOut: Matrix;
  /** `[rows, rows]`: the inner products of the centred rows, where the fit worked on them. */
  readonly gram: Matrix | undefined;
}

/** A fit with one penalty. */
interface Candidate {
  readonly alpha: number;
  readonly error: number;
  /** `[outputs, rows]`: targets less leave-one-out predictions. */
  readonly errors: Float64Array;
  /** `[outputs, columns]`; computed for the one that is kept only. */
  readonly weights: () => Matrix;
  /** `[rows, rows]`, where the fit worked on it. */
  readonly gram: Matrix | undefined;
}

/**
 * Fits each penalty and keeps the one with the smallest mean squared leave-one-out error, the first one among equals.
 * The intercept has no penalty. Works on the inner products of rows or of columns, whichever are fewer.
 * @param x `[rows, columns]`, at least two rows
 * @param y `[rows, outputs]`
 * @param alphas positive
 */
export function fitRidge(x: Matrix, y: Matrix, alphas: readonly number[]): RidgeModel {
  return fitRidges([x], y, alphas)[0]!;
}

/**
 * Several ridge regressions whose predictions are to be averaged: as `fitRidge` each, with the one penalty for all with
 * which the mean of their predictions has the smallest leave-one-out error.
 * @param parts each `[rows, its columns]`
 */
export function fitRidges(
  parts: readonly Matrix[],
  y: Matrix,
  alphas: readonly number[],
): RidgeModel[] {
  const yMeans = columnMeans(y);
  const targets = transpose(centred(y, yMeans));
  const fits = parts.map((x) => {
    const inner = centred(x, columnMeans(x));
    return x.columns < x.rows ? primalFits(inner, targets) : dualFits(inner, targets);
  });
  let best: readonly Candidate[] | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const alpha of alphas) {
    const candidates = fits.map((fit) => fit(alpha));
    const error = errorOfMean(candidates);
    if (best !== undefined && !(error < least)) continue;
    best = candidates;
    least = error;
  }
  return best!.map((candidate, at) => modelOf(candidate, parts[at]!, y, yMeans));
}

function errorOfMean(candidates: readonly Candidate[]): number {
  const mean = new Float64Array(candidates[0]!.errors.length);
  for (const { errors } of candidates) {
    addScaled(mean, 0, 1 / candidates.length, errors, 0, mean.length);
  }
  return meanSquare(mean);
}

function modelOf(
  { alpha, error, errors, gram, weights: weightsOf }: Candidate,
  x: Matrix,
  y: Matrix,
  yMeans: Float64Array,
): RidgeModel {
  const weights = weightsOf();
  const xMeans = columnMeans(x);
  const intercepts = yMeans.map(
    (mean, k) => mean - dot(weights.values, k * x.columns, xMeans, 0, x.columns),
  );
  const leaveOneOut = leftOut(y, errors);
  return { weights, intercepts, alpha, leaveOneOutError: error, leaveOneOut, gram };
}

/**
 * A ridge regression on 1 for a row's class and −1 for all others; the class with the largest score is the answer. Two
 * classes have two outputs of opposite signs.
 * @param labels `[rows]`: numbers in [0, classes)
 */
export function fitRidgeClassifier(
  x: Matrix,
  labels: ArrayLike<number>,
  classes: number,
  alphas: readonly number[],
): RidgeModel {
  const y = matrix(x.rows, classes, new Float64Array(x.rows * classes).fill(-1));
  for (let row = 0; row < x.rows; row++) y.values[row * classes + labels[row]!] = 1;
  return fitRidge(x, y, alphas);
}

/**
 * A ridge regression with one penalty, from the inner products of the rows alone.
 * @param y `[rows, outputs]`
 */
export function fitRidgeOnGram(
  { centred: gram, means }: CentredGram,
  y: Matrix,
  alpha: number,
): DualModel {
  const { coefficients, intercepts } = fitCentredRidge(gram, y, alpha);
  const ofRows = intercepts.map(
    (mean, k) => mean - dot(coefficients.values, k * gram.rows, means, 0, gram.rows),
  );
  return { coefficients, intercepts: ofRows };
}

/**
 * The same of rows minus their mean.
 * @param gram `[rows, rows]`, of rows whose mean is 0
 * @param y `[rows, outputs]`
 */
export function fitCentredRidge(gram: Matrix, y: Matrix, alpha: number): CentredRidge {
  const yMeans = columnMeans(y);
  const targets = transpose(centred(y, yMeans));
  const { coefficients, errors } = gramFits(gram, targets)(alpha);
  return {
    coefficients,
    intercepts: yMeans,
    leaveOneOut: () => leftOut(y, errors()),
  };
}

/** Its scores of a row are the intercepts and the coefficients' sum of its inner products with the centred rows. */
export interface CentredRidge extends DualModel {
  /** `[rows, outputs]`: what a fit without a row predicts of it. */
  readonly leaveOneOut: () => Matrix;
}

function leftOut(y: Matrix, errors: Float64Array): Matrix {
  const missed = transpose(matrix(y.columns, y.rows, errors));
  return matrix(
    y.rows,
    y.columns,
    y.values.map((value, at) => value - missed.values[at]!),
  );
}

/** With more columns than rows. @param x columns of mean 0 @param targets `[outputs, rows]`, rows of mean 0 */
function dualFits(x: Matrix, targets: Matrix): (alpha: number) => Candidate {
  const gram = gramOfRows(x);
  const fit = gramFits(gram, targets);
  return (alpha) => {
    const { coefficients, errors: errorsOf } = fit(alpha);
    const errors = errorsOf();
    const weights = () => multiply(coefficients, x);
    return { alpha, error: meanSquare(errors), errors, weights, gram };
  };
}

/** A fit from inner products. */
interface GramFit {
  /** `[outputs, rows]`. */
  readonly coefficients: Matrix;
  /** `[outputs, rows]`: targets less leave-one-out predictions; computed when asked for. */
  readonly errors: () => Float64Array;
}

/**
 * G = X Xᵀ + alpha, coefficients c = G⁻¹ y, leave-one-out error c_i / (G⁻¹)_ii. The vector of ones is an eigenvector of
 * X Xᵀ of eigenvalue 0, to which `shift` gives a value far from alpha; what it adds to the diagonal is subtracted, since
 * the intercept has no penalty.
 */
function gramFits(products: Matrix, targets: Matrix): (alpha: number) => GramFit {
  const rows = products.rows;
  const shift = meanDiagonal(products) || 1;
  const gram = matrix(
    rows,
    rows,
    products.values.map((value) => value + shift / rows),
  );
  return (alpha) => {
    const lower = cholesky(plusDiagonal(gram, alpha));
    const coefficients = solved(lower, targets);
    const errors = () => {
      const ofOnes = 1 / (rows * (alpha + shift));
      const diagonal = inverseDiagonal(lower).map((value) => value - ofOnes);
      return coefficients.values.map((value, at) => value / diagonal[at % rows]!);
    };
    return { coefficients, errors };
  };
}

/** With more rows than columns: G = Xᵀ X + alpha, leave-one-out error residual_i / (1 − 1/rows − x_i G⁻¹ x_iᵀ). */
function primalFits(x: Matrix, targets: Matrix): (alpha: number) => Candidate {
  const { rows, columns } = x;
  const transposed = transpose(x);
  const moments = gramOfRows(transposed);
  const products = multiplyByTransposed(targets, transposed);
  return (alpha) => {
    const lower = cholesky(plusDiagonal(moments, alpha));
    const weights = solved(lower, products);
    const row = new Float64Array(columns);
    const kept = Float64Array.from({ length: rows }, (_, i) => {
      row.set(x.values.subarray(i * columns, (i + 1) * columns));
      solveLower(lower, row);
      return 1 - 1 / rows - dot(row, 0, row, 0, columns);
    });
    const fitted = multiplyByTransposed(weights, x);
    const errors = targets.values.map(
      (target, at) => (target - fitted.values[at]!) / kept[at % rows]!,
    );
    const error = meanSquare(errors);
    return { alpha, error, errors, weights: () => weights, gram: undefined };
  };
}

/** Each row of `right`, multiplied by (L Lᵀ)⁻¹. */
function solved(lower: Matrix, right: Matrix): Matrix {
  const result = matrix(right.rows, right.columns, right.values.slice());
  for (let row = 0; row < right.rows; row++) {
    solveLower(lower, result.values, row * right.columns);
    solveLowerTransposed(lower, result.values, row * right.columns);
  }
  return result;
}

function plusDiagonal({ rows, columns, values }: Matrix, alpha: number): Matrix {
  const result = matrix(rows, columns, values.slice());
  for (let i = 0; i < rows; i++) result.values[i * columns + i]! += alpha;
  return result;
}

function meanDiagonal({ rows, columns, values }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += values[i * columns + i]!;
  return sum / rows;
}

const meanSquare = (values: Float64Array): number =>
  dot(values, 0, values, 0, values.length) / values.length;
