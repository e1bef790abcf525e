/** Inner products of sparse rows, centred on a set of rows. */
import { columnMeans, type Matrix, matrix } from '../solver/matrix.ts';
import type { SparseRow } from '../solver/whitening.ts';

export interface Products {
  /** `[fitted, fitted]`, of rows minus their mean. */
  readonly fitted: Matrix;
  /** `[others, fitted]`, of rows minus the mean of the fitted ones. */
  readonly others: Matrix;
  /** `[fitted]`: the inner product of each fitted row with their mean. */
  readonly withMean: Float64Array;
}

/** @param width columns of the rows */
export function centredProducts(
  fitted: readonly SparseRow[],
  others: readonly SparseRow[],
  width: number,
): Products {
  const columns = byColumn(fitted, width);
  const count = fitted.length;
  const gram = matrix(count, count);
  for (const [i, row] of fitted.entries()) {
    const sums = gram.values.subarray(i * count, (i + 1) * count);
    addProducts(row, columns, sums.subarray(0, i + 1));
    for (let j = 0; j < i; j++) gram.values[j * count + i] = sums[j]!;
  }
  const cross = matrix(others.length, count);
  for (const [i, row] of others.entries()) {
    addProducts(row, columns, cross.values.subarray(i * count, (i + 1) * count));
  }
  const withMean = columnMeans(gram);
  const mean = withMean.reduce((sum, value) => sum + value, 0) / count;
  centre(gram, withMean, mean);
  centre(cross, withMean, mean);
  return { fitted: gram, others: cross, withMean };
}

/** Rows, column after column: only what two rows share costs time. */
interface Columns {
  /** `[columns + 1]`: where the entries of each column begin. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly values: Float64Array;
}

function byColumn(all: readonly SparseRow[], width: number): Columns {
  const starts = new Int32Array(width + 1);
  for (const { columns } of all) for (const column of columns) starts[column + 1]!++;
  for (let column = 0; column < width; column++) starts[column + 1]! += starts[column]!;
  const next = starts.slice();
  const rows = new Int32Array(starts[width]!);
  const values = new Float64Array(starts[width]!);
  for (const [row, { columns, values: own }] of all.entries()) {
    for (let i = 0; i < columns.length; i++) {
      const at = next[columns[i]!]!++;
      rows[at] = row;
      values[at] = own[i]!;
    }
  }
  return { starts, rows, values };
}

/** Adds the products of a row with the first rows, as many as there are sums. */
function addProducts(row: SparseRow, { starts, rows, values }: Columns, sums: Float64Array): void {
  const count = sums.length;
  for (let i = 0; i < row.columns.length; i++) {
    const column = row.columns[i]!;
    const value = row.values[i]!;
    const end = starts[column + 1]!;
    for (let at = starts[column]!; at < end; at++) {
      const other = rows[at]!;
      if (other >= count) break;
      sums[other]! += value * values[at]!;
    }
  }
}

/** Subtracts from each product those of either row with the mean, and adds the mean's with itself. */
function centre({ rows, columns, values }: Matrix, withMean: Float64Array, mean: number): void {
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * columns, (i + 1) * columns);
    const own = row.reduce((sum, value) => sum + value, 0) / columns;
    for (let j = 0; j < columns; j++) row[j]! += mean - own - withMean[j]!;
  }
}
