/** Gathers the values of the rows of a spill: here, or elsewhere, by what a caller starts for it. */
import type { StoreRow } from '../../data/format/arrow-schema.ts';
import type { ValueGatherer } from '../../data/format/gather-values.ts';
import { type SpilledBatch, SpilledValues, type SpillShape } from './spilled-values.ts';

/** A row whose values are in the spill. */
export interface SpilledRow extends StoreRow {
  readonly offset: number;
}

/** Puts the values of one spill in order, here or elsewhere. `close` it after use. */
export interface SpillGatherer {
  /** So many bytes are in the spill, and more may come: what takes time to start can start now. */
  expect(sizeBytes: number): void;
  /** Begins, once, with a spill that has all its values. */
  begin(shape: SpillShape): ValueGatherer<SpilledRow>;
  close(): Promise<void>;
}

/** Gathers in this thread. */
export const gatherHere = (): SpillGatherer => ({
  expect: () => {},
  begin: (shape) => {
    const values = new SpilledValues(shape);
    return {
      gather: async (rows) => values.gather(batchOf(rows)),
      finish: async () => values.finish(),
    };
  },
  close: async () => {},
});

/** Rows as what a thread can be sent. */
export const batchOf = (rows: readonly SpilledRow[]): SpilledBatch => ({
  offsets: Float64Array.from(rows, ({ offset }) => offset),
  lengths: Int32Array.from(rows, ({ length }) => length),
  isTraining: Uint8Array.from(rows, ({ split }) => (split === 'train' ? 1 : 0)),
});
