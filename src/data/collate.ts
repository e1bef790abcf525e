/** Reads the rows of a planned micro-batch and pads them to one length. */

import type { Store } from './format/store.ts';
import type { PlannedMicroBatch } from './plan/plan.ts';

/** A padded micro-batch, before its objective prepares it. */
export interface PaddedRows {
  readonly rows: number;
  readonly paddedLength: number;
  /** `[rows]`: valid positions of each row. */
  readonly lengths: Int32Array;
  /** `[rows, paddedLength]`, 0 in the padding. */
  readonly values: Int32Array | Float32Array;
  /** `[rows]`: class of each row, or UNLABELLED. */
  readonly labels: Int32Array;
  /** `[rows, classes]` or `[rows, numbers]`: 1 where a class applies, or the numbers as they were imported. */
  readonly targets?: Float32Array;
  /** `[rows, paddedLength]`: class of each timestep; UNLABELLED where it has none, and in the padding. */
  readonly timestepLabels?: Int32Array;
  /** `[rows]`: number of each row's sequence in the store. */
  readonly sequences: Int32Array;
  /** `[rows]`: timestep of the sequence at which the row begins. */
  readonly starts: Int32Array;
  readonly epoch: number;
}

/**
 * Reads the rows of `batch` and pads them with 0 to `[rows, paddedLength]`: integers as int32, real values
 * as float32.
 * @throws LockstepError STORE_CORRUPT when a read finds damage
 */
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
