/** What every layer of one pass over one micro-batch shares. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { MicroBatch } from '../engine.ts';
import type { TfjsLibrary } from './library.ts';

/** BatchNorm's contribution to the leaf. */
export interface BatchStatistics {
  readonly count: number;
  /** `[C]` each: `n · mean` and `n · unbiased variance`. */
  readonly countTimesMean: Tensor;
  readonly countTimesVariance: Tensor;
}

export interface BatchContext {
  readonly training: boolean;
  readonly rows: number;
  readonly paddedLength: number;
  /** Valid positions of the micro-batch. */
  readonly validCount: number;
  /** 1 at valid positions, else 0: `[rows, 1, paddedLength, 1]`; absent when nothing is padded. */
  readonly validMask: Tensor | undefined;
  /** `[1, rows · paddedLength]`, for column sums as a matrix product. */
  readonly ones: Tensor;
  /** `[rows, 1]`: 1 / length. */
  readonly inverseLengths: Tensor;
  readonly statistics: Map<string, BatchStatistics>;
  readonly onTap: ((layer: string, x: Tensor) => void) | undefined;
}

/** The tensors made here belong to the caller's tidy scope. */
export function makeBatchContext(
  tf: TfjsLibrary,
  batch: Pick<MicroBatch, 'rows' | 'paddedLength' | 'lengths'>,
  options: { training: boolean; onTap?: (layer: string, x: Tensor) => void },
): BatchContext {
  const { rows, paddedLength, lengths } = batch;
  const positions = rows * paddedLength;
  const validCount = lengths.reduce((sum, length) => sum + length, 0);
  return {
    training: options.training,
    rows,
    paddedLength,
    validCount,
    validMask: validCount === positions ? undefined : makeValidMask(tf, batch),
    ones: tf.ones([1, positions]),
    inverseLengths: tf.tensor2d(
      Float32Array.from(lengths, (length) => 1 / length),
      [rows, 1],
    ),
    statistics: new Map(),
    onTap: options.onTap,
  };
}

function makeValidMask(
  tf: TfjsLibrary,
  { rows, paddedLength, lengths }: Pick<MicroBatch, 'rows' | 'paddedLength' | 'lengths'>,
): Tensor {
  const mask = new Float32Array(rows * paddedLength);
  for (let row = 0; row < rows; row++) {
    mask.fill(1, row * paddedLength, row * paddedLength + lengths[row]!);
  }
  return tf.tensor4d(mask, [rows, 1, paddedLength, 1]);
}
