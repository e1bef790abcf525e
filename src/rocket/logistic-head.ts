/** Logistic regression on very many features, whose penalty and sharpness are chosen by rows that were held out. */
import { type DualModel, factoriseGram, type GramFactor } from '../solver/gram-factor.ts';
import { fitLogisticRegressionOnGram } from '../solver/logistic-regression.ts';
import { addScaled, type Matrix, matrix } from '../solver/matrix.ts';
import { meanOf } from '../statistics/mean.ts';
import { logLosses, sharpnessOf } from './sharpness.ts';

/** Each row is held out once, with about a fifth of its class. */
export const FOLDS = 5;
/** Penalties to choose from, as shares of the rows' mean squared length. */
const SHARES = [1e-4, 1e-3, 1e-2, 1e-1];
/** Enough for a choice, and for predictions. */
const TOLERANCE = 1e-4;

export interface LogisticFit extends DualModel {
  /** The penalty is l2 / 2 · |weights|². */
  readonly l2: number;
  readonly sharpness: number;
  /** `[rows, classes]`: scores of each row by a fit without its fold. */
  readonly heldOut: Matrix;
}

/**
 * Fits each penalty without each fold, and with the one of the smallest log-loss on held-out rows all rows.
 * @param gram `[rows, rows]`: inner products of the rows, at least two; that of their mean with any row is 0
 * @param y `[rows, classes]`: above 0 for a row's class
 */
export function fitLogisticHead(gram: Matrix, y: Matrix): LogisticFit {
  const labels = labelsOf(y);
  const length = meanLength(gram) || 1;
  const unit = scaled(gram, 1 / length);
  const folds = foldsOf(labels).map((held) => foldOf(unit, labels, held));
  const candidates = SHARES.map((share) => {
    const heldOut = matrix(y.rows, y.columns);
    for (const fold of folds) scoreHeldOut(fold, unit, share, heldOut);
    const sharpness = sharpnessOf(heldOut, y, 'class');
    const loss = meanOf([...logLosses(heldOut, y, sharpness)]);
    return { share, heldOut, sharpness, loss };
  });
  const { share, sharpness, heldOut } = candidates.reduce((a, b) => (b.loss < a.loss ? b : a));
  const { coefficients, intercepts } = fitted(factoriseGram(unit), labels, y.columns, share);
  const ofRows = scaled(coefficients, 1 / length);
  return { coefficients: ofRows, intercepts, l2: share * length, sharpness, heldOut };
}

const scaled = ({ rows, columns, values }: Matrix, factor: number): Matrix =>
  matrix(
    rows,
    columns,
    values.map((value) => factor * value),
  );

const labelsOf = ({ rows, columns, values }: Matrix): Int32Array =>
  Int32Array.from({ length: rows }, (_, row) =>
    values.subarray(row * columns, (row + 1) * columns).findIndex((value) => value > 0),
  );

function meanLength({ rows, values }: Matrix): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += values[row * (rows + 1)]!;
  return sum / rows;
}

/** The rows of each fold; those of a class are shared out evenly, in their order. */
export function foldsOf(labels: Int32Array): number[][] {
  const byClass = Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
  const folds: number[][] = Array.from({ length: FOLDS }, () => []);
  for (const [at, row] of byClass.entries()) folds[at % FOLDS]!.push(row);
  return folds.filter((rows) => rows.length > 0);
}

interface Fold {
  readonly held: readonly number[];
  /** All other rows: their places, their labels, their inner products. */
  readonly kept: readonly number[];
  readonly labels: Int32Array;
  readonly factor: GramFactor;
}

function foldOf(gram: Matrix, labels: Int32Array, held: readonly number[]): Fold {
  const isHeld = new Set(held);
  const kept = Array.from(labels.keys()).filter((row) => !isHeld.has(row));
  const own = matrix(kept.length, kept.length);
  for (const [i, row] of kept.entries()) {
    for (const [j, other] of kept.entries()) {
      own.values[i * kept.length + j] = gram.values[row * gram.rows + other]!;
    }
  }
  return {
    ...{ held, kept },
    labels: Int32Array.from(kept, (row) => labels[row]!),
    factor: factoriseGram(own),
  };
}

/** Writes what a fit without a fold says of its rows. */
function scoreHeldOut(
  { held, kept, labels, factor }: Fold,
  gram: Matrix,
  l2: number,
  scores: Matrix,
): void {
  const classes = scores.columns;
  const { coefficients, intercepts } = fitted(factor, labels, classes, l2);
  for (const row of held) {
    for (let k = 0; k < classes; k++) {
      let score = intercepts[k]!;
      for (const [j, other] of kept.entries()) {
        score += coefficients.values[k * kept.length + j]! * gram.values[row * gram.rows + other]!;
      }
      scores.values[row * classes + k] = score;
    }
  }
}

/**
 * Class scores add up to 0, so the largest is positive. A class without a row gets what a class half a row in size
 * would have at most: it is never named, and not impossible.
 */
function fitted(factor: GramFactor, labels: Int32Array, classes: number, l2: number): DualModel {
  const fit = fitLogisticRegressionOnGram(factor, labels, { classes, l2, tolerance: TOLERANCE });
  const absent = -Math.log(2 * labels.length);
  const intercepts = fit.intercepts.map((value) => (Number.isFinite(value) ? value : absent));
  return { coefficients: fit.coefficients, intercepts };
}

/** The sum of matrices of one shape. */
export function sumOf(all: readonly Matrix[]): Matrix {
  const [first, ...others] = all;
  const sum = matrix(first!.rows, first!.columns, first!.values.slice());
  for (const { values } of others) addScaled(sum.values, 0, 1, values, 0, values.length);
  return sum;
}
