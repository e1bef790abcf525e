/** Dense matrices in float64, row by row. Sums run in one fixed order: the same bits every time. */
import { innerProducts } from './gram.ts';

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** `[rows, columns]`, row-major. */
  readonly values: Float64Array;
}

/** A matrix over `values`, or of zeros. */
export function matrix(
  rows: number,
  columns: number,
  values: Float64Array = new Float64Array(rows * columns),
): Matrix {
  return { rows, columns, values };
}

/** Σ a[aStart + i] · b[bStart + i] for i in [0, count), in four interleaved sums. */
export function dot(
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  count: number,
): number {
  // One assignment each: an array of them would cost more than the sum.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i < count - 3; i += 4) {
    const p = aStart + i;
    const q = bStart + i;
    s0 += a[p]! * b[q]!;
    s1 += a[p + 1]! * b[q + 1]!;
    s2 += a[p + 2]! * b[q + 2]!;
    s3 += a[p + 3]! * b[q + 3]!;
  }
  for (; i < count; i++) s0 += a[aStart + i]! * b[bStart + i]!;
  return s0 + s1 + (s2 + s3);
}

/** target[targetStart + i] += factor · source[sourceStart + i] for i in [0, count). */
export function addScaled(
  target: Float64Array,
  targetStart: number,
  factor: number,
  source: Float64Array,
  sourceStart: number,
  count: number,
): void {
  let i = 0;
  for (; i < count - 3; i += 4) {
    const p = targetStart + i;
    const q = sourceStart + i;
    target[p]! += factor * source[q]!;
    target[p + 1]! += factor * source[q + 1]!;
    target[p + 2]! += factor * source[q + 2]!;
    target[p + 3]! += factor * source[q + 3]!;
  }
  for (; i < count; i++) target[targetStart + i]! += factor * source[sourceStart + i]!;
}

/** A · Bᵀ. */
export function multiplyByTransposed(a: Matrix, b: Matrix): Matrix {
  const product = matrix(a.rows, b.rows);
  const width = a.columns;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      product.values[i * b.rows + j] = dot(a.values, i * width, b.values, j * width, width);
    }
  }
  return product;
}

/** A · B. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const product = matrix(a.rows, b.columns);
  const width = b.columns;
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      addScaled(
        product.values,
        i * width,
        a.values[i * a.columns + k]!,
        b.values,
        k * width,
        width,
      );
    }
  }
  return product;
}

/** X · Xᵀ: the inner products of the rows. */
export function gramOfRows({ rows, columns, values }: Matrix): Matrix {
  return matrix(rows, rows, innerProducts(rows, columns, values));
}

export function transpose({ rows, columns, values }: Matrix): Matrix {
  const transposed = matrix(columns, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      transposed.values[j * rows + i] = values[i * columns + j]!;
    }
  }
  return transposed;
}

/** The mean of each column. */
export function columnMeans({ rows, columns, values }: Matrix): Float64Array {
  const means = new Float64Array(columns);
  for (let i = 0; i < rows; i++) addScaled(means, 0, 1, values, i * columns, columns);
  for (let j = 0; j < columns; j++) means[j]! /= rows;
  return means;
}

/** The matrix with `means` subtracted from each row. */
export function centred({ rows, columns, values }: Matrix, means: Float64Array): Matrix {
  const result = matrix(rows, columns, values.slice());
  for (let i = 0; i < rows; i++) addScaled(result.values, i * columns, -1, means, 0, columns);
  return result;
}
