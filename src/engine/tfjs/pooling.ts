/** Pooling along the length over the valid positions, on activations `[rows, 1, length, channels]`. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext } from './batch-context.ts';
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
