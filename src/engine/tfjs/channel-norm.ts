/**
 * Layer normalisation over the channels of each position (Ba, Kiros and Hinton 2016), on
 * `[rows, 1, length, C]`. Each position depends on itself only, so a causal network may use it.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext } from './batch-context.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/**
 * Differentiable in `x`, `weight` and `bias`; variance without Bessel's correction. The incoming gradient must
 * be zero in the padding; the result and the outgoing gradient are zero there, too.
 */
export function channelNorm(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  input: { x: Tensor; weight: Tensor; bias: Tensor; epsilon: number },
): Tensor {
  const { add, sub, mul, square, rsqrt, matMul, channelSums } = kernels;
  const { fillPadding } = context;
  const channels = input.x.shape[3]!;
  const flat = (x: Tensor) => tf.reshape(x, [-1, channels]);
  /** Means over the channels of `[N, C]`: `[N, 1]`. */
  const channelMean = (x: Tensor) => matMul(x, tf.fill([channels, 1], 1 / channels));

  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, weight, bias, save] = inputs as [Tensor, Tensor, Tensor, (t: Tensor[]) => void];
    const values = flat(x);
    const centred = sub(values, channelMean(values));
    const variance = channelMean(square(centred));
    const inverseDeviation = rsqrt(add(variance, tf.scalar(input.epsilon)));
    const normalised = mul(centred, inverseDeviation);
    save([normalised, inverseDeviation, weight]);
    const y = add(mul(normalised, weight), bias);
    return {
      value: fillPadding(tf.reshape(y, x.shape)),
      gradFunc: (gradient: Tensor, saved: Tensor[]) => {
        const [normalised, inverseDeviation, weight] = saved as [Tensor, Tensor, Tensor];
        const dy = flat(gradient);
        const dWeight = channelSums(mul(dy, normalised));
        const dBias = channelSums(dy);
        // dx = (g − mean(g) − x̂ · mean(g · x̂)) / deviation, with g = dy · weight
        const g = mul(dy, weight);
        const along = mul(normalised, channelMean(mul(g, normalised)));
        const dx = mul(sub(sub(g, channelMean(g)), along), inverseDeviation);
        return [tf.reshape(dx, gradient.shape), dWeight, dBias];
      },
    };
  });
  return operation(input.x, input.weight, input.bias);
}
