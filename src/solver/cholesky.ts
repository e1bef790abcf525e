/** Cholesky decompositions of symmetric matrices. */
import { addScaled, dot, type Matrix, matrix } from './matrix.ts';
import { LEFT, RIGHT, TiledRows } from './tile.ts';

/**
 * The lower triangle L of A = L · Lᵀ.
 * @param a symmetric; only its lower triangle is read
 * @throws RangeError when `a` is not positive definite
 */
export function cholesky(a: Matrix): Matrix {
  const size = a.rows;
  const rows = new TiledRows(size, size);
  for (let i = 0; i < size; i += LEFT) {
    for (let j = 0; j < i + LEFT; j += RIGHT) {
      const known = rows.products(i, j, 0, j);
      for (let row = i; row < Math.min(i + LEFT, size); row++) {
        for (let column = j; column <= Math.min(j + 1, row); column++) {
          let sum = known[RIGHT * (row - i) + column - j]!;
          if (column > j) sum += rows.at(row, j) * rows.at(column, j);
          const rest = a.values[row * size + column]! - sum;
          if (row === column && !(rest > 0)) {
            throw new RangeError('The matrix is not positive definite.');
          }
          const value = row === column ? Math.sqrt(rest) : rest / rows.at(column, column);
          rows.put(row, column, value);
        }
      }
    }
  }
  return matrix(size, size, rows.copy(size, size));
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

/** X · L⁻ᵀ: each row x turns into the solution of L · solution = x. */
export function solveLowerRows(lower: Matrix, x: Matrix): Matrix {
  const size = lower.rows;
  const first = LEFT * Math.ceil(size / LEFT);
  const rows = new TiledRows(first + x.rows, size);
  rows.set(size, size, lower.values);
  for (let i = 0; i < x.rows; i += LEFT) {
    for (let j = 0; j < size; j += RIGHT) {
      const known = rows.products(first + i, j, 0, j);
      for (let row = i; row < Math.min(i + LEFT, x.rows); row++) {
        for (let column = j; column < Math.min(j + RIGHT, size); column++) {
          let sum = known[RIGHT * (row - i) + column - j]!;
          if (column > j) sum += rows.at(first + row, j) * rows.at(column, j);
          const rest = x.values[row * size + column]! - sum;
          rows.put(first + row, column, rest / rows.at(column, column));
        }
      }
    }
  }
  return matrix(x.rows, size, rows.copy(x.rows, size, first));
}

/** The diagonal of (L · Lᵀ)⁻¹: the squares of the columns of L⁻¹, added. */
export function inverseDiagonal(lower: Matrix): Float64Array {
  const size = lower.rows;
  const diagonal = new Float64Array(size);
  // Behind L, four columns of its inverse at a time, as rows.
  const rows = new TiledRows(size + LEFT, size);
  rows.set(size, size, lower.values);
  const first = rows.rows - LEFT;
  for (let j = 0; j < size; j += LEFT) {
    rows.clear(first);
    for (let i = j; i < size; i += RIGHT) {
      const known = rows.products(first, i, j, i);
      for (let column = j; column < Math.min(j + LEFT, size); column++) {
        const inverse = first + column - j;
        for (let row = Math.max(i, column); row < Math.min(i + RIGHT, size); row++) {
          let sum = known[RIGHT * (column - j) + row - i]!;
          if (row > i) sum += rows.at(inverse, i) * rows.at(row, i);
          const value = ((row === column ? 1 : 0) - sum) / rows.at(row, row);
          rows.put(inverse, row, value);
          diagonal[column]! += value * value;
        }
      }
    }
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
