/** Linear models of very many features, from the inner products of the rows alone. */
import { lowRankFactor, solveLowerTransposed } from './cholesky.ts';
import type { LinearModel } from './linear-model.ts';
import { columnMeans, dot, type Matrix, matrix } from './matrix.ts';

/** Scores that are linear in the inner products with the training rows. */
export interface DualModel {
  /** `[outputs, training rows]`: the weights are their product with the training rows. */
  readonly coefficients: Matrix;
  /** `[outputs]`. */
  readonly intercepts: Float64Array;
}

/** A Gram matrix, decomposed once for any number of fits. */
export interface GramFactor {
  /** `[rows, rank]`, columns of mean 0: its product with its transpose is the Gram matrix of the centred rows. */
  readonly factor: Matrix;
  /** `[rank]`: rows of the factor that form a lower triangle, in this order. */
  readonly pivots: Int32Array;
  /** `[rank, rank]`: factorᵀ · factor. */
  readonly moments: Matrix;
  /** `[rows]`: the mean inner product of each row with all rows. */
  readonly means: Float64Array;
}

/** @param gram `[rows, rows]`: the inner products of the training rows */
export function factoriseGram(gram: Matrix): GramFactor {
  const { centred, means } = centredGram(gram);
  const { factor, pivots } = lowRankFactor(centred);
  return { factor, pivots, moments: momentsOf(factor, pivots), means };
}

export interface CentredGram {
  /** `[rows, rows]`: the inner products of the rows minus their mean. */
  readonly centred: Matrix;
  /** `[rows]`: the mean inner product of each row with all rows. */
  readonly means: Float64Array;
}

/** @param gram `[rows, rows]`: the inner products of the rows as they are */
export function centredGram(gram: Matrix): CentredGram {
  const means = columnMeans(gram);
  const size = gram.rows;
  const mean = means.reduce((sum, value) => sum + value, 0) / size;
  const result = matrix(size, size, gram.values.slice());
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      result.values[row * size + column]! += mean - means[row]! - means[column]!;
    }
  }
  return { centred: result, means };
}

/** factorᵀ · factor. With the pivots first, the first i rows have nothing in column i. */
function momentsOf({ rows, columns, values }: Matrix, pivots: Int32Array): Matrix {
  const others = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => !pivots.includes(row),
  );
  const transposed = matrix(columns, rows);
  for (const [at, row] of [...pivots, ...others].entries()) {
    for (let j = 0; j < columns; j++) transposed.values[j * rows + at] = values[row * columns + j]!;
  }
  const moments = matrix(columns, columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = dot(transposed.values, i * rows + i, transposed.values, j * rows + i, rows - i);
      moments.values[i * columns + j] = sum;
      moments.values[j * columns + i] = sum;
    }
  }
  return moments;
}

/** The model of the rows' inner products that equals a model of the factor's columns. */
export function dualModelOf(
  { weights, intercepts }: LinearModel,
  { factor, pivots, means }: GramFactor,
): DualModel {
  const outputs = intercepts.length;
  const triangle = rowsOf(factor, pivots);
  const coefficients = matrix(outputs, factor.rows);
  const ofRows = intercepts.slice();
  for (let k = 0; k < outputs; k++) {
    const solved = weights.values.slice(k * factor.columns, (k + 1) * factor.columns);
    solveLowerTransposed(triangle, solved);
    const row = coefficients.values.subarray(k * factor.rows, (k + 1) * factor.rows);
    for (const [i, pivot] of pivots.entries()) row[pivot] = solved[i]!;
    subtractMean(row);
    ofRows[k]! -= dot(row, 0, means, 0, factor.rows);
  }
  return { coefficients, intercepts: ofRows };
}

/** The factor is of centred rows: coefficients of the rows as they are have no mean. */
function subtractMean(values: Float64Array): void {
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
