/** Principal components of sparse rows, scaled to variance 1. */
import { randomStream } from '../core/random.ts';
import { cholesky, solveLower } from './cholesky.ts';
import { addScaled, type Matrix, matrix } from './matrix.ts';

/** The values of a row that are not zero. */
export interface SparseRow {
  /** Columns, ascending. */
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** x → weight · x + bias. */
export interface Whitening {
  /** `[columns, components]`. */
  readonly weight: Matrix;
  /** `[components]`. */
  readonly bias: Float64Array;
}

/** Enough for the subspace: how well each single component is told from its neighbours does not matter. */
const ITERATIONS = 20;
/** Added to each variance, as a share of their mean: directions without data stay small. */
const RIDGE = 1e-3;
const SMALLEST = 1e-12;

/**
 * The map onto the directions in which the rows vary most, such that over the rows its outputs have mean 0, variance 1
 * (less where there is hardly any) and no correlation. By subspace iteration: the same bits every time.
 * @param rows at least one
 */
export function whitening(
  rows: readonly SparseRow[],
  columns: number,
  components: number,
): Whitening {
  const mean = meanOf(rows, columns);
  let basis = randomBasis(columns, components);
  orthonormalise(basis);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    basis = timesTransposed(rows, projected(rows, mean, basis), columns);
    orthonormalise(basis);
  }
  const outputs = projected(rows, mean, basis);
  const covariance = gramOf(outputs);
  for (let i = 0; i < covariance.values.length; i++) covariance.values[i]! /= rows.length;
  addToDiagonal(covariance, RIDGE);
  const lower = cholesky(covariance);
  for (let column = 0; column < columns; column++) {
    solveLower(lower, basis.values, column * components);
  }
  const bias = meanOutput(mean, basis).map((value) => -value);
  return { weight: basis, bias };
}

function meanOf(rows: readonly SparseRow[], columns: number): Float64Array {
  const mean = new Float64Array(columns);
  for (const { columns: at, values } of rows) {
    for (let i = 0; i < at.length; i++) mean[at[i]!]! += values[i]! / rows.length;
  }
  return mean;
}

function randomBasis(columns: number, components: number): Matrix {
  const stream = randomStream(0, 'fit');
  const values = Float64Array.from({ length: columns * components }, (_, at) =>
    stream.uniform(at),
  ).map((value) => value - 0.5);
  return matrix(columns, components, values);
}

/** (X − mean) · basis. */
function projected(rows: readonly SparseRow[], mean: Float64Array, basis: Matrix): Matrix {
  const components = basis.columns;
  const outputs = matrix(rows.length, components);
  const ofMean = meanOutput(mean, basis);
  for (let row = 0; row < rows.length; row++) {
    const start = row * components;
    const { columns, values } = rows[row]!;
    for (let i = 0; i < columns.length; i++) {
      const from = columns[i]! * components;
      addScaled(outputs.values, start, values[i]!, basis.values, from, components);
    }
    addScaled(outputs.values, start, -1, ofMean, 0, components);
  }
  return outputs;
}

function meanOutput(mean: Float64Array, basis: Matrix): Float64Array {
  const output = new Float64Array(basis.columns);
  for (let column = 0; column < mean.length; column++) {
    addScaled(output, 0, mean[column]!, basis.values, column * basis.columns, basis.columns);
  }
  return output;
}

/** Xᵀ · outputs; outputs have mean 0, so it is the same for centred rows. */
function timesTransposed(rows: readonly SparseRow[], outputs: Matrix, columns: number): Matrix {
  const components = outputs.columns;
  const product = matrix(columns, components);
  for (let row = 0; row < rows.length; row++) {
    const { columns: at, values } = rows[row]!;
    for (let i = 0; i < at.length; i++) {
      const to = at[i]! * components;
      addScaled(product.values, to, values[i]!, outputs.values, row * components, components);
    }
  }
  return product;
}

/** Makes the columns orthonormal, in place. */
function orthonormalise(basis: Matrix): void {
  const gram = gramOf(basis);
  addToDiagonal(gram, SMALLEST);
  const lower = cholesky(gram);
  for (let row = 0; row < basis.rows; row++) {
    solveLower(lower, basis.values, row * basis.columns);
  }
}

/** aᵀ · a. */
function gramOf(a: Matrix): Matrix {
  const size = a.columns;
  const gram = matrix(size, size);
  for (let row = 0; row < a.rows; row++) {
    for (let i = 0; i < size; i++) {
      const factor = a.values[row * size + i]!;
      addScaled(gram.values, i * size, factor, a.values, row * size, size);
    }
  }
  return gram;
}

/** Adds a share of the diagonal's mean, and something even where that is 0. */
function addToDiagonal(square: Matrix, share: number): void {
  const size = square.rows;
  let trace = 0;
  for (let i = 0; i < size; i++) trace += square.values[i * (size + 1)]!;
  const added = (share * trace) / size || 1;
  for (let i = 0; i < size; i++) square.values[i * (size + 1)]! += added;
}
