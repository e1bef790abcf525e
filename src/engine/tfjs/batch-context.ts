/**
 * Values that all layers of one pass over one micro-batch share. Everything that depends on the lengths follows
 * from input tensors and is never a constant, so one recording of the pass serves every micro-batch.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { MicroBatch } from '../engine.ts';
import { LONG } from '../formulations.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/** BatchNorm's contribution to the leaf: `n`, and `[C]` each `n · mean` and `n · unbiased variance`. */
export interface BatchStatistics {
  readonly count: Tensor;
  readonly countTimesMean: Tensor;
  readonly countTimesVariance: Tensor;
}

/** What the layers of one pass share. */
export interface BatchContext {
  readonly training: boolean;
  readonly rows: number;
  readonly paddedLength: number;
  /** Whether any row has padding. Without padding the pass has no operations for it. */
  readonly isPadded: boolean;
  /** Whether the padded length is at least `LONG`. */
  readonly isLong: boolean;
  /** Number of all positions and of the valid ones, float32 scalars (exact below 2²⁴). */
  readonly positionCount: Tensor;
  readonly validCount: Tensor;
  /** `[rows, 1]`: 1 / length. */
  readonly inverseLengths: Tensor;
  /**
   * Writes zeros, or `value` `[C]`, into the padding of `[rows, 1, paddedLength, C]`. Nothing else may use `x`,
   * since this may overwrite it.
   */
  readonly fillPadding: (x: Tensor, value?: Tensor) => Tensor;
  /** The same for an `x` that others also use. */
  readonly fillPaddingOfCopy: (x: Tensor, value?: Tensor) => Tensor;
  /** int32 `[rows, 1, paddedLength, 1]`: random bits for dropout; absent where nothing is dropped. */
  readonly dropoutKeys: Tensor | undefined;
  readonly statistics: Map<string, BatchStatistics>;
  readonly onTap: ((layer: string, x: Tensor) => void) | undefined;
}

/** Lengths and padding of a micro-batch, on the device. */
export interface BatchShape {
  readonly rows: number;
  readonly paddedLength: number;
  /** int32 `[rows]`. */
  readonly lengths: Tensor;
  /** int32 `[p]`: flat positions `row · paddedLength + t` of the padding. */
  readonly padding: Tensor;
  /** int32 `[rows, paddedLength]`: random bits for dropout, where the micro-batch has any. */
  readonly dropoutKeys?: Tensor | undefined;
}

/** Makes the context. Its tensors belong to the caller's tidy scope. */
export function makeBatchContext(
  tf: TfjsLibrary,
  kernels: Kernels,
  { rows, paddedLength, lengths, padding, dropoutKeys }: BatchShape,
  options: { training: boolean; onTap?: (layer: string, x: Tensor) => void },
): BatchContext {
  const counts = tf.cast(lengths, 'float32');
  const isPadded = padding.shape[0]! > 0;
  const filled = (fillRows: Kernels['fillRows']) => (x: Tensor, value?: Tensor) => {
    if (!isPadded) return x;
    const channels = x.shape[3]!;
    const flat = tf.reshape(x, [rows * paddedLength, channels]);
    const result = fillRows(flat, padding, value ?? tf.zeros([channels]));
    return tf.reshape(result, [rows, 1, paddedLength, channels]);
  };
  return {
    training: options.training,
    rows,
    paddedLength,
    isPadded,
    isLong: paddedLength >= LONG,
    positionCount: tf.cast(tf.scalar(rows * paddedLength, 'int32'), 'float32'),
    validCount: tf.sum(counts),
    inverseLengths: tf.reshape(kernels.div(tf.scalar(1), counts), [rows, 1]),
    fillPadding: filled(kernels.fillRows),
    fillPaddingOfCopy: filled(kernels.fillRowsOfCopy),
    dropoutKeys: dropoutKeys && tf.reshape(dropoutKeys, [rows, 1, paddedLength, 1]),
    statistics: new Map(),
    onTap: options.onTap,
  };
}

/** The flat positions of a micro-batch's padding, ascending. */
export function paddingOf({
  rows,
  paddedLength,
  lengths,
}: Pick<MicroBatch, 'rows' | 'paddedLength' | 'lengths'>): Int32Array {
  const valid = lengths.reduce((sum, length) => sum + length, 0);
  const positions = new Int32Array(rows * paddedLength - valid);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (let t = lengths[row]!; t < paddedLength; t++) {
      positions[next++] = row * paddedLength + t;
    }
  }
  return positions;
}
