/** Rows in the order of a store: by length, then by the bytes of the id. */
import type { StoreRow } from './arrow-schema.ts';
import { compareUtf8 } from './byte-order.ts';
import { SPLITS, type StoreIndex } from './store.ts';

/** Ordered rows; `at` may make the row, so that millions need not be in memory. */
export interface OrderedRows<Row extends StoreRow> {
  readonly length: number;
  at(row: number): Row;
  readonly index: StoreIndex;
}

/** Orders rows that are in memory. */
export function orderedRows<Row extends StoreRow>(rows: readonly Row[]): OrderedRows<Row> {
  const sorted = rows.toSorted((a, b) => a.length - b.length || compareUtf8(a.id, b.id));
  return {
    length: sorted.length,
    at: (row) => sorted[row]!,
    index: {
      lengths: Int32Array.from(sorted, ({ length }) => length),
      labels: Int32Array.from(sorted, ({ label }) => label),
      splits: Uint8Array.from(sorted, ({ split }) => SPLITS.indexOf(split)),
    },
  };
}
