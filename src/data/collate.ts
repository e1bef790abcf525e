/** Reads the rows of a planned micro-batch and pads them to one length. */

import { targetsOf } from './facts.ts';
import { type Store, UNLABELLED } from './format/store.ts';
import type { PlannedMicroBatch } from './plan/plan.ts';
import type { ScaledRows } from './scaling/scaling.ts';

/** A padded micro-batch, before its objective prepares it. */
export interface PaddedRows {
  readonly rows: number;
  readonly paddedLength: number;
  /** Values of one timestep. */
  readonly channels: number;
  /** `[rows]`: valid positions of each row. */
  readonly lengths: Int32Array;
  /** `[rows, paddedLength, channels]` as in the dataset, 0 in the padding, NaN where a value is missing. */
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
  /** Shaped like `values`: 1 where an objective hides a value, so that it is in no statistics of its row. */
  readonly hidden?: Int32Array;
  /** `[rows]`: the other row of which each shows a share, and that share. */
  readonly mixed?: { readonly partners: Int32Array; readonly shares: Float64Array };
  /** What a model sees, where that is not `values`: see scale-rows.ts. */
  readonly scaled?: ScaledRows;
}

/**
 * Reads the rows of `batch` and pads them with 0 to `[rows, paddedLength, channels]`: integers as int32, real
 * values as float32.
 * @throws LockstepError STORE_CORRUPT when a read finds damage
 */
export async function collate(
  store: Pick<Store, 'read' | 'readTimestepLabels' | 'manifest' | 'index'>,
  batch: PlannedMicroBatch,
  epoch = batch.epoch,
): Promise<PaddedRows> {
  const { rows, paddedLength } = batch;
  const { channels } = store.manifest;
  const width = paddedLength * channels;
  const isReal = store.manifest.valueType === 'float32';
  const values = isReal
    ? new Float32Array(rows.length * width)
    : new Int32Array(rows.length * width);
  await Promise.all(
    rows.map(async ({ sequence, start, count }, row) => {
      values.set(await store.read(sequence, start, count), row * width);
    }),
  );
  return {
    rows: rows.length,
    paddedLength,
    channels,
    lengths: Int32Array.from(rows, (row) => row.count),
    values,
    labels: Int32Array.from(rows, (row) => store.index.labels[row.sequence]!),
    ...(await targetsOfRows(store, batch)),
    sequences: Int32Array.from(rows, (row) => row.sequence),
    starts: Int32Array.from(rows, (row) => row.start),
    epoch,
  };
}

/** What a dataset says of the rows, where that is no class of the sequence. */
async function targetsOfRows(
  { manifest, index, readTimestepLabels }: Pick<Store, 'readTimestepLabels' | 'manifest' | 'index'>,
  { rows, paddedLength }: PlannedMicroBatch,
): Promise<Pick<PaddedRows, 'targets' | 'timestepLabels'>> {
  const { target, classes } = manifest;
  if (target.kind === 'classes') {
    const targets = new Float32Array(rows.length * classes.length);
    rows.forEach(({ sequence }, row) => {
      for (const label of targetsOf(index, sequence)) targets[row * classes.length + label] = 1;
    });
    return { targets };
  }
  if (target.kind === 'numbers') {
    const count = target.numbers.length;
    const targets = new Float32Array(rows.length * count).fill(Number.NaN);
    rows.forEach(({ sequence }, row) => {
      targets.set(targetsOf(index, sequence), row * count);
    });
    return { targets };
  }
  if (target.kind !== 'timestep-class') return {};
  const timestepLabels = new Int32Array(rows.length * paddedLength).fill(UNLABELLED);
  await Promise.all(
    rows.map(async ({ sequence, start, count }, row) => {
      timestepLabels.set(await readTimestepLabels!(sequence, start, count), row * paddedLength);
    }),
  );
  return { timestepLabels };
}
