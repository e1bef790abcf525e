/** Reads the rows of a planned micro-batch and pads them to one length. */
import type { PaddedRows } from '../../objective/objective.ts';
import type { Store } from '../format/store.ts';
import type { PlannedMicroBatch } from '../plan/plan.ts';

/** Values of `batch.rows`, 0 in the padding; integers as int32, real values as float32. */
export async function readPaddedRows(
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
