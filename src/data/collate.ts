/** Reads the rows of a planned micro-batch and pads them to one length. */

import type { Store } from './format/store.ts';
import type { PlannedMicroBatch } from './plan/plan.ts';

/** A padded micro-batch before its objective has prepared it. */
export interface PaddedRows {
  readonly rows: number;
  readonly paddedLength: number;
  readonly lengths: Int32Array;
  /** `[rows, paddedLength]`, 0 in the padding. */
  readonly values: Int32Array | Float32Array;
  readonly labels: Int32Array;
  /** Number of each row's sequence, and where its window begins in it. */
  readonly sequences: Int32Array;
  readonly starts: Int32Array;
  readonly epoch: number;
}

/** Values of `batch.rows`, 0 in the padding; integers as int32, real values as float32. */
export async function collate(
  store: Pick<Store, 'read' | 'manifest' | 'index'>,
  batch: PlannedMicroBatch,
  epoch = batch.epoch,
): Promise<PaddedRows> {
  const { rows, paddedLength } = batch;
  const positions = rows.length * paddedLength;
  const isReal = store.manifest.valueType === 'float32';
  const values = isReal ? new Float32Array(positions) : new Int32Array(positions);
  await Promise.all(
    rows.map(async ({ sequence, start, count }, row) => {
      values.set(await store.read(sequence, start, count), row * paddedLength);
    }),
  );
  return {
    rows: rows.length,
    paddedLength,
    lengths: Int32Array.from(rows, (row) => row.count),
    values,
    labels: Int32Array.from(rows, (row) => store.index.labels[row.sequence]!),
    sequences: Int32Array.from(rows, (row) => row.sequence),
    starts: Int32Array.from(rows, (row) => row.start),
    epoch,
  };
}
