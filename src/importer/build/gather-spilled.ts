/** Gathers the values of the rows of a spill: here, or elsewhere, by what a caller starts for it. */
import type { StoreRow } from '../../data/format/arrow-schema.ts';
import type { ValueGatherer } from '../../data/format/gather-values.ts';
import { type SpilledBatch, SpilledValues, type SpillShape } from './spilled-values.ts';

/** A row whose values are in the spill. */
export interface SpilledRow extends StoreRow {
  readonly offset: number;
}

/** `close` it after use. */
export interface SpillGatherer extends ValueGatherer<SpilledRow> {
  close(): Promise<void>;
}

/** Starts a gatherer of a spill that has all its values, so many bytes. */
export type StartGatherer = (shape: SpillShape, sizeBytes: number) => SpillGatherer;

/** Gathers in this thread. */
export const gatherHere: StartGatherer = (shape) => {
  const values = new SpilledValues(shape);
  return {
    gather: async (rows) => values.gather(batchOf(rows)),
    finish: async () => values.finish(),
    close: async () => {},
  };
};

/** Rows as what a thread can be sent. */
export const batchOf = (rows: readonly SpilledRow[]): SpilledBatch => ({
  offsets: Float64Array.from(rows, ({ offset }) => offset),
  lengths: Int32Array.from(rows, ({ length }) => length),
  isTraining: Uint8Array.from(rows, ({ split }) => (split === 'train' ? 1 : 0)),
});
