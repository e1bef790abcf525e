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
  /** Timesteps of the sequence for each position: 1, or more in a coarser context. */
  readonly stride: number;
  readonly paddedLength: number;
  /** Whether any row has padding. Without padding the pass has no operations for it. */
  readonly isPadded: boolean;
  /** Whether the padded length is at least `longLength`. */
  readonly isLong: boolean;
  /** `LONG` timesteps, in positions. */
  readonly longLength: number;
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
  /**
   * Tensors of coarser contexts in training, to be disposed of after the pass: a layer makes them within the scope of the
   * forward pass, and the backward pass uses them.
   */
  readonly kept: Tensor[];
  /**
   * The context of every `stride`-th position, from the first one on: a row of n positions has ⌈n / stride⌉. The same
   * one each time; this context for a stride of 1.
   */
  readonly coarser: (stride: number) => BatchContext;
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
  /** Whether it counts as long, where that is not for its length to say: a step is recorded at any length. */
  readonly isLong?: boolean;
  /** Gathers the strides of the coarser contexts that the pass takes. */
  readonly strides?: Set<number>;
}

/** Makes the context. Its tensors belong to the caller's tidy scope. */
export function makeBatchContext(
  tf: TfjsLibrary,
  kernels: Kernels,
  { rows, paddedLength, lengths, padding, dropoutKeys, isLong, strides }: BatchShape,
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
  const whole: BatchContext = {
    training: options.training,
    rows,
    stride: 1,
    paddedLength,
    isPadded,
    isLong: isLong ?? paddedLength >= LONG,
    longLength: LONG,
    ...countsOf(tf, kernels, { rows, paddedLength, counts }),
    fillPadding: filled(kernels.fillRows),
    fillPaddingOfCopy: filled(kernels.fillRowsOfCopy),
    dropoutKeys: dropoutKeys && tf.reshape(dropoutKeys, [rows, 1, paddedLength, 1]),
    statistics: new Map(),
    onTap: options.onTap,
    kept: [],
    coarser: (stride) => level(stride),
  };
  const levels = new Map([[1, whole]]);
  const level = (stride: number): BatchContext => {
    const known = levels.get(stride);
    if (known !== undefined) return known;
    strides?.add(stride);
    const made = {
      ...coarserContext(tf, kernels, whole, { stride, counts }),
      coarser: (more: number) => level(stride * more),
    };
    levels.set(stride, made);
    return made;
  };
  return whole;
}

function countsOf(
  tf: TfjsLibrary,
  kernels: Kernels,
  { rows, paddedLength, counts }: { rows: number; paddedLength: number; counts: Tensor },
): Pick<BatchContext, 'positionCount' | 'validCount' | 'inverseLengths'> {
  return {
    positionCount: tf.cast(tf.scalar(rows * paddedLength, 'int32'), 'float32'),
    validCount: tf.sum(counts),
    inverseLengths: tf.reshape(kernels.div(tf.scalar(1), counts), [rows, 1]),
  };
}

/** Padding is found by a mask here: how many positions are padding does not follow from the inputs' shapes. */
function coarserContext(
  tf: TfjsLibrary,
  kernels: Kernels,
  whole: BatchContext,
  { stride, counts }: { stride: number; counts: Tensor },
): Omit<BatchContext, 'coarser'> {
  const { rows, isPadded } = whole;
  const { add, sub, mul, div } = kernels;
  const paddedLength = Math.ceil(whole.paddedLength / stride);
  const lasting = (x: Tensor): Tensor => {
    if (whole.training) whole.kept.push(tf.keep(x));
    return x;
  };
  const each = (x: Tensor) => lasting(everyNth(tf, x, stride));
  const valid = isPadded
    ? each(whole.fillPadding(tf.fill([rows, 1, whole.paddedLength, 1], 1)))
    : undefined;
  // A half off the whole number, so that no rounding of the quotient can cross one.
  const quotients = div(add(counts, tf.scalar(stride - 0.5)), tf.scalar(stride));
  const all = countsOf(tf, kernels, { rows, paddedLength, counts: tf.floor(quotients) });
  const filled = (x: Tensor, value?: Tensor) => {
    if (valid === undefined) return x;
    const cleared = mul(x, valid);
    return value === undefined ? cleared : add(cleared, mul(value, sub(tf.scalar(1), valid)));
  };
  return {
    ...whole,
    stride,
    paddedLength,
    longLength: Math.ceil(whole.longLength / stride),
    positionCount: lasting(all.positionCount),
    validCount: lasting(all.validCount),
    inverseLengths: lasting(all.inverseLengths),
    fillPadding: filled,
    fillPaddingOfCopy: filled,
    dropoutKeys: whole.dropoutKeys && each(whole.dropoutKeys),
  };
}

/** Every `stride`-th position, from the first one on: `[rows, 1, L, C]` → `[rows, 1, ⌈L / stride⌉, C]`; no gradient. */
export function everyNth(tf: TfjsLibrary, x: Tensor, stride: number): Tensor {
  return tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, 1, stride, 1]);
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
