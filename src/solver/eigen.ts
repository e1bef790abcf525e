/** Eigenvectors of symmetric matrices: all of a small one, or the first ones of a large one. */
import { randomStream } from '../core/random.ts';
import { cholesky, solveLower } from './cholesky.ts';
import { dot, gramOfRows, type Matrix, matrix, multiply, multiplyByTransposed } from './matrix.ts';

/** Eigenvalues, the largest first, and their vectors of length 1. */
export interface Eigenpairs {
  readonly values: Float64Array;
  /** `[eigenvalues, size]`. */
  readonly vectors: Matrix;
}

const SWEEPS = 30;
/** A sweep ends the search when what is beside the diagonal is below this share of it. */
const TOLERANCE = 1e-13;

/** All eigenpairs, by Jacobi's rotations. @param a symmetric; small, since the time grows with the size's cube */
export function eigenpairs(a: Matrix): Eigenpairs {
  const size = a.rows;
  const rest = a.values.slice();
  const vectors = identity(size);
  for (let sweep = 0; sweep < SWEEPS && !isDiagonal(rest, size); sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) rotate(rest, vectors, size, p, q);
    }
  }
  const order = Array.from({ length: size }, (_, i) => i).sort(
    (i, j) => rest[j * (size + 1)]! - rest[i * (size + 1)]! || i - j,
  );
  const sorted = matrix(size, size);
  for (const [to, from] of order.entries()) {
    sorted.values.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  }
  return { values: Float64Array.from(order, (i) => rest[i * (size + 1)]!), vectors: sorted };
}

function identity(size: number): Float64Array {
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
  return values;
}

function isDiagonal(values: Float64Array, size: number): boolean {
  let [diagonal, beside] = [0, 0];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const square = values[i * size + j]! ** 2;
      if (i === j) diagonal += square;
      else beside += square;
    }
  }
  return beside <= TOLERANCE ** 2 * diagonal;
}

/** Makes entry (p, q) zero. @param vectors rows, turned alike */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const beside = a[p * size + q]!;
  if (beside === 0) return;
  const theta = (a[q * (size + 1)]! - a[p * (size + 1)]!) / (2 * beside);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  turn(a, { from: p, to: q, step: size, count: size }, c, s);
  turn(a, { from: p * size, to: q * size, step: 1, count: size }, c, s);
  turn(vectors, { from: p * size, to: q * size, step: 1, count: size }, c, s);
}

/** Turns two rows or columns of a matrix against each other. */
function turn(
  values: Float64Array,
  { from, to, step, count }: { from: number; to: number; step: number; count: number },
  c: number,
  s: number,
): void {
  for (let k = 0; k < count; k++) {
    const [i, j] = [from + k * step, to + k * step];
    const [x, y] = [values[i]!, values[j]!];
    values[i] = c * x - s * y;
    values[j] = s * x + c * y;
  }
}

const ITERATIONS = 10;
/** More vectors than wanted make the wanted ones converge. */
const SPARE = 8;
const SMALLEST = 1e-12;

/**
 * The first eigenpairs of a positive semidefinite matrix, by subspace iteration: the same bits every time. The last ones
 * are approximate where the eigenvalues lie close together.
 */
export function leadingEigenpairs(a: Matrix, count: number): Eigenpairs {
  const size = a.rows;
  const width = Math.min(size, count + SPARE);
  const stream = randomStream(0, 'fit');
  let basis = matrix(
    width,
    size,
    Float64Array.from({ length: width * size }, (_, at) => stream.uniform(at) - 0.5),
  );
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    basis = orthonormalised(multiplyByTransposed(basis, a));
  }
  const { values, vectors } = eigenpairs(
    multiplyByTransposed(multiplyByTransposed(basis, a), basis),
  );
  const turned = multiply(vectors, basis);
  const kept = Math.min(count, size);
  return {
    values: values.slice(0, kept),
    vectors: matrix(kept, size, turned.values.slice(0, kept * size)),
  };
}

/** Rows of length 1, at right angles: L⁻¹ · rows, where L · Lᵀ = rows · rowsᵀ; twice, for the last digits. */
function orthonormalised(rows: Matrix): Matrix {
  return onceOrthonormalised(onceOrthonormalised(rows));
}

function onceOrthonormalised({ rows, columns, values }: Matrix): Matrix {
  const lengths = Float64Array.from({ length: rows }, (_, row) => {
    const start = row * columns;
    return Math.sqrt(dot(values, start, values, start, columns)) || 1;
  });
  const scaled = matrix(
    rows,
    columns,
    values.map((value, at) => value / lengths[Math.floor(at / columns)]!),
  );
  const gram = gramOfRows(scaled);
  for (let i = 0; i < rows; i++) gram.values[i * (rows + 1)]! += SMALLEST;
  const lower = cholesky(gram);
  const column = new Float64Array(rows);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) column[i] = scaled.values[i * columns + j]!;
    solveLower(lower, column);
    for (let i = 0; i < rows; i++) scaled.values[i * columns + j] = column[i]!;
  }
  return scaled;
}
