/** Cholesky decompositions of symmetric matrices. */
import { addScaled, dot, type Matrix, matrix } from './matrix.ts';

/**
 * The lower triangle L of A = L · Lᵀ.
 * @param a symmetric; only its lower triangle is read
 * @throws RangeError when `a` is not positive definite
 */
export function cholesky(a: Matrix): Matrix {
  const size = a.rows;
  const lower = matrix(size, size);
  const { values } = lower;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = a.values[i * size + j]! - dot(values, i * size, values, j * size, j);
      if (i === j && !(rest > 0)) throw new RangeError('The matrix is not positive definite.');
      values[i * size + j] = i === j ? Math.sqrt(rest) : rest / values[j * size + j]!;
    }
  }
  return lower;
}

/** Solves L · x = b in place, for the `size` numbers of b from `start`. */
export function solveLower(lower: Matrix, b: Float64Array, start = 0): void {
  const size = lower.rows;
  const { values } = lower;
  for (let i = 0; i < size; i++) {
    const rest = b[start + i]! - dot(values, i * size, b, start, i);
    b[start + i] = rest / values[i * size + i]!;
  }
}

/** Solves Lᵀ · x = b in place, for the `size` numbers of b from `start`. */
export function solveLowerTransposed(lower: Matrix, b: Float64Array, start = 0): void {
  const size = lower.rows;
  const { values } = lower;
  for (let i = size - 1; i >= 0; i--) {
    const x = b[start + i]! / values[i * size + i]!;
    b[start + i] = x;
    addScaled(b, start, -x, values, i * size, i);
  }
}

/** The diagonal of (L · Lᵀ)⁻¹. */
export function inverseDiagonal(lower: Matrix): Float64Array {
  const size = lower.rows;
  const diagonal = new Float64Array(size);
  const column = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    // Column j of L⁻¹ is zero above j.
    column.fill(0);
    for (let i = j; i < size; i++) {
      const sum = dot(lower.values, i * size + j, column, j, i - j);
      column[i] = ((i === j ? 1 : 0) - sum) / lower.values[i * size + i]!;
    }
    diagonal[j] = dot(column, j, column, j, size - j);
  }
  return diagonal;
}

/** A ≈ F · Fᵀ, where A may be singular. */
export interface LowRankFactor {
  /** `[size, rank]`: F. */
  readonly factor: Matrix;
  /** `[rank]`: rows of F that form a lower triangle, in this order. */
  readonly pivots: Int32Array;
}

/** Share of the largest diagonal element below which what is left counts as rounding. */
const NEGLIGIBLE = 1e-13;

/**
 * Cholesky decomposition with pivots: takes the row with the most left at each step, until nothing is left.
 * @param a symmetric, positive semidefinite
 */
export function lowRankFactor(a: Matrix): LowRankFactor {
  const size = a.rows;
  const rows = matrix(size, size);
  const left = Float64Array.from({ length: size }, (_, i) => a.values[i * size + i]!);
  const negligible = NEGLIGIBLE * Math.max(...left, 0);
  const pivots: number[] = [];
  for (let rank = 0; rank < size; rank++) {
    const pivot = indexOfLargest(left);
    if (!(left[pivot]! > negligible)) break;
    pivots.push(pivot);
    const root = Math.sqrt(left[pivot]!);
    left[pivot] = 0;
    rows.values[pivot * size + rank] = root;
    for (let i = 0; i < size; i++) {
      if (left[i] === 0) continue;
      const known = dot(rows.values, i * size, rows.values, pivot * size, rank);
      const value = (a.values[i * size + pivot]! - known) / root;
      rows.values[i * size + rank] = value;
      left[i] = Math.max(left[i]! - value * value, Number.MIN_VALUE);
    }
  }
  return { factor: firstColumns(rows, pivots.length), pivots: Int32Array.from(pivots) };
}

function indexOfLargest(values: Float64Array): number {
  let largest = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[largest]!) largest = i;
  return largest;
}

function firstColumns({ rows, columns, values }: Matrix, count: number): Matrix {
  const result = matrix(rows, count);
  for (let i = 0; i < rows; i++) {
    result.values.set(values.subarray(i * columns, i * columns + count), i * count);
  }
  return result;
}
