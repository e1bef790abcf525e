/**
 * Batch normalisation over the valid positions (Ioffe and Szegedy 2015), on `[rows, 1, length, C]`.
 * Composed of channel-wise passes: TensorFlow's fused kernel knows nothing of padding and is slower on
 * CPUs. The mean is taken off before squaring, since E[x²] − m² loses digits in float32.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext, BatchStatistics } from './batch-context.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/**
 * With the batch's own statistics; differentiable in `x`, `weight` and `bias`. `x` and the gradient that
 * arrives are zero in the padding, and so are the result and the gradient that leaves.
 */
export function batchNormTraining(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  input: { x: Tensor; weight: Tensor; bias: Tensor; epsilon: number },
): { y: Tensor; statistics: BatchStatistics } {
  const { add, sub, mul, div, square, rsqrt, maximum, matMul } = kernels;
  const { ones, validCount, clearPadding } = context;
  const channels = input.x.shape[3]!;
  const flat = (x: Tensor) => tf.reshape(x, [-1, channels]);
  const perPosition = (x: Tensor) => div(x, validCount);
  /** Sums over rows and positions: `[1, C]`. */
  const channelSum = (x: Tensor) => matMul(ones, flat(x));
  let statistics: BatchStatistics | undefined;

  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, weight, bias, save] = inputs as [Tensor, Tensor, Tensor, (t: Tensor[]) => void];
    const sum = channelSum(x);
    const centred = clearPadding(sub(x, perPosition(sum)));
    const squares = channelSum(square(centred));
    const inverseDeviation = rsqrt(add(perPosition(squares), tf.scalar(input.epsilon)));
    const scale = mul(weight, inverseDeviation);
    const y = clearPadding(add(mul(centred, scale), bias));
    save([centred, inverseDeviation, scale]);
    const unbiased = div(validCount, maximum(sub(validCount, tf.scalar(1)), tf.scalar(1)));
    statistics = {
      count: validCount,
      countTimesMean: tf.keep(tf.reshape(sum, [channels])),
      countTimesVariance: tf.keep(tf.reshape(mul(squares, unbiased), [channels])),
    };
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [centred, inverseDeviation, scale] = saved as [Tensor, Tensor, Tensor];
        const dBias = channelSum(dy);
        const dWeight = mul(channelSum(mul(dy, centred)), inverseDeviation);
        // dx = scale · (dy − (dBias + x̂ · dWeight) / n), with x̂ = centred · inverseDeviation
        const slope = mul(perPosition(mul(dWeight, inverseDeviation)), scale);
        const offset = mul(perPosition(dBias), scale);
        const dx = clearPadding(sub(sub(mul(dy, scale), mul(centred, slope)), offset));
        return [dx, tf.reshape(dWeight, [channels]), tf.reshape(dBias, [channels])];
      },
    };
  });
  const y = operation(input.x, input.weight, input.bias);
  return { y, statistics: statistics! };
}

/** With running statistics; no gradient. */
export function batchNormInference(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  input: {
    x: Tensor;
    weight: Tensor;
    bias: Tensor;
    runningMean: Tensor;
    runningVar: Tensor;
    epsilon: number;
  },
): Tensor {
  const { add, sub, mul, rsqrt } = kernels;
  const scale = mul(input.weight, rsqrt(add(input.runningVar, tf.scalar(input.epsilon))));
  const y = add(mul(sub(input.x, input.runningMean), scale), input.bias);
  return context.clearPadding(y);
}
