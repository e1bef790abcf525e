/** Pooling along the length over the valid positions, on activations `[rows, 1, length, channels]`. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext } from './batch-context.ts';
import { differentiable } from './differentiable.ts';
import { convolveChannels } from './grouped-convolution.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/** Below every value of a network, and finite: an infinity times 0 would be no number. */
export const LOWEST = -3e38;

/**
 * Maxima of windows of `size` around each position. Differentiable in `x`. The incoming gradient must be zero in the
 * padding; the result and the outgoing gradient are zero there, too.
 */
export function maxPool(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  x: Tensor,
  size: number,
): Tensor {
  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, save] = inputs as [Tensor, (tensors: Tensor[]) => void];
    const filled = context.fillPaddingOfCopy(x, tf.fill([x.shape[3]!], LOWEST));
    const y = kernels.maxPool(filled, size);
    save([filled, y]);
    return {
      // A copy, since the gradient takes the maxima of the padding as they are.
      value: context.isPadded ? context.fillPaddingOfCopy(y) : tf.reshape(y, y.shape),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [filled, y] = saved as [Tensor, Tensor];
        return [kernels.maxPoolGradient(filled, y, dy, size)];
      },
    };
  });
  return operation(x);
}

/** Means over the valid positions of windows of `size` around each position; the caller clears the padding. */
export function averagePool(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  x: Tensor,
  size: number,
): Tensor {
  const windowSums = (x: Tensor) => {
    const weight = tf.ones([x.shape[3]!, 1, size]);
    return convolveChannels(tf, kernels, context, { ...WINDOW, x, weight });
  };
  const ones = tf.fill([context.rows, 1, context.paddedLength, 1], 1);
  const counts = windowSums(context.fillPadding(ones));
  // A window that lies in the padding has no valid position.
  return tf.div(windowSums(x), kernels.maximum(counts, tf.scalar(1)));
}

const WINDOW = { bias: undefined, dilation: 1, padding: 'same' } as const;

/** Maxima over the valid positions, `[rows, C]`; equal ones share the gradient. */
export function maxOverLength(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  x: Tensor,
): Tensor {
  const { rows } = context;
  const channels = x.shape[3]!;
  const overLength = (t: Tensor) => tf.reshape(t, [rows, 1, 1, channels]);
  return differentiable(
    tf,
    (x) => {
      const filled = context.fillPaddingOfCopy(x, tf.fill([channels], LOWEST));
      const y = tf.max(filled, [1, 2]);
      return { y, keep: [filled, y] };
    },
    (dy, [filled, y]) => {
      const isLargest = tf.cast(tf.equal(filled!, overLength(y!)), 'float32');
      const shares = kernels.div(dy, tf.sum(isLargest, [1, 2]));
      return kernels.mul(isLargest, overLength(shares));
    },
  )(x);
}

/** Means with the weights softmax(scores) over the valid positions: `[rows, C]`. */
export function attentionOverLength(
  tf: TfjsLibrary,
  context: BatchContext,
  x: Tensor,
  scores: Tensor,
): Tensor {
  const { rows, paddedLength } = context;
  const visible = differentiable(
    tf,
    (x) => ({ y: context.fillPaddingOfCopy(x, tf.fill([1], LOWEST)), keep: [] }),
    // The softmax has no gradient in the padding, where it is 0.
    (dy) => tf.reshape(dy, dy.shape),
  );
  const valid = context.isPadded ? visible(scores) : scores;
  const weights = tf.softmax(tf.reshape(valid, [rows, paddedLength]));
  return tf.sum(tf.mul(x, tf.reshape(weights, [rows, 1, paddedLength, 1])), [1, 2]);
}
