/** How much what is counted in sequences tells: rare things more than what every sequence has. */
import type { SparseRow } from '../../solver/whitening.ts';

/** ln((1 + N) / (1 + n)) + 1 for what n of N rows have, 0 for what none has. */
export function importanceOf(rows: readonly SparseRow[], width: number): Float64Array {
  const having = new Float64Array(width);
  for (const { columns } of rows) for (const column of columns) having[column]!++;
  return having.map((count) => (count === 0 ? 0 : Math.log((1 + rows.length) / (1 + count)) + 1));
}

/** A row times the importance, of length 1; zeros where nothing of it has any. */
export function weighed({ columns, values }: SparseRow, importance: Float64Array): SparseRow {
  const products = values.map((value, i) => value * importance[columns[i]!]!);
  const length = Math.sqrt(products.reduce((sum, value) => sum + value * value, 0)) || 1;
  return { columns, values: products.map((value) => value / length) };
}
