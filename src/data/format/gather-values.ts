/** Where the values of a dataset come from, record batch by record batch. */
import type { StoreRow } from './arrow-schema.ts';
import type { ValueSummary } from './value-statistics.ts';
import type { StoredValues } from './values.ts';

/** Gives the values of all rows, in their final order, and what there is to say of them. */
export interface ValueGatherer<Row extends StoreRow> {
  /** The values of the next rows, one row after the other. Called again only when the last call has ended. */
  gather(rows: readonly Row[]): Promise<StoredValues>;
  /** The statistics of all values that were gathered. */
  finish(): Promise<ValueSummary>;
}
