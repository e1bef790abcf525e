/** Makes a differentiable function of one tensor from its value and its gradient. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TfjsLibrary } from './library.ts';

/**
 * @param forward the value, and what the gradient needs to keep
 * @param backward the gradient with respect to the input, a new tensor
 */
export function differentiable(
  tf: TfjsLibrary,
  forward: (x: Tensor) => { y: Tensor; keep: Tensor[] },
  backward: (dy: Tensor, kept: Tensor[]) => Tensor,
): (x: Tensor) => Tensor {
  return tf.customGrad((...inputs: unknown[]) => {
    const [x, save] = inputs as [Tensor, (tensors: Tensor[]) => void];
    const { y, keep } = forward(x);
    save(keep);
    return { value: y, gradFunc: (dy: Tensor, saved: Tensor[]) => backward(dy, saved) };
  });
}
