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

const DIGITS = 2 ** 16;

/** The positions of `lengths` by length; equal ones keep their order. A radix sort: linear in time. */
export function orderByLength(lengths: Int32Array): Uint32Array {
  const start = Uint32Array.from(lengths, (_, position) => position);
  const byLowDigit = sortByDigit(start, (position) => lengths[position]! % DIGITS);
  return sortByDigit(byLowDigit, (position) => Math.floor(lengths[position]! / DIGITS));
}

function sortByDigit(positions: Uint32Array, digitOf: (position: number) => number): Uint32Array {
  const next = new Uint32Array(DIGITS + 1);
  for (const position of positions) next[digitOf(position) + 1]!++;
  for (let digit = 0; digit < DIGITS; digit++) next[digit + 1]! += next[digit]!;
  const sorted = new Uint32Array(positions.length);
  for (const position of positions) sorted[next[digitOf(position)]!++] = position;
  return sorted;
}
