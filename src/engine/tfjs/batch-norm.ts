/**
 * Batch normalisation over the valid positions (Ioffe and Szegedy 2015), on `[rows, 1, length, C]`.
 * Composed of channel-wise passes: TensorFlow's fused kernel knows nothing of padding and is slower on
 * CPUs. The mean is taken off before squaring, since E[x²] − m² loses digits in float32.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext, BatchStatistics } from './batch-context.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/** With the batch's own statistics; differentiable in `x` (zero in the padding), `weight` and `bias`. */
export function batchNormTraining(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  input: { x: Tensor; weight: Tensor; bias: Tensor; epsilon: number },
): { y: Tensor; statistics: BatchStatistics } {
  const { add, sub, mul, div, square, rsqrt, matMul } = kernels;
  const { ones, validCount, validMask } = context;
  const channels = input.x.shape[3]!;
  // Made anew in each pass: what the forward pass makes is gone when the gradient runs.
  const perPosition = (x: Tensor) => div(x, tf.scalar(validCount));
  const flat = (x: Tensor) => tf.reshape(x, [-1, channels]);
  const masked = (x: Tensor) => (validMask === undefined ? x : mul(x, validMask));
  /** Sums over rows and positions: `[1, C]`. */
  const channelSum = (x: Tensor) => matMul(ones, flat(x));
  let statistics: BatchStatistics | undefined;

  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, weight, bias, save] = inputs as [Tensor, Tensor, Tensor, (t: Tensor[]) => void];
    const sum = channelSum(x);
    const centred = masked(sub(x, perPosition(sum)));
    const squares = channelSum(square(centred));
    const inverseDeviation = rsqrt(add(perPosition(squares), tf.scalar(input.epsilon)));
    const scale = mul(weight, inverseDeviation);
    const y = masked(add(mul(centred, scale), bias));
    save([centred, inverseDeviation, scale]);
    statistics = {
      count: validCount,
      countTimesMean: tf.keep(tf.reshape(sum, [channels])),
      countTimesVariance: tf.keep(
        tf.reshape(mul(squares, tf.scalar(validCount / Math.max(validCount - 1, 1))), [channels]),
      ),
    };
    return {
      value: y,
      gradFunc: (gradient: Tensor, saved: Tensor[]) => {
        const [centred, inverseDeviation, scale] = saved as [Tensor, Tensor, Tensor];
        const dy = masked(gradient);
        const dBias = channelSum(dy);
        const dWeight = mul(channelSum(mul(dy, centred)), inverseDeviation);
        // dx = scale · (dy − (dBias + x̂ · dWeight) / n), with x̂ = centred · inverseDeviation
        const slope = perPosition(mul(dWeight, inverseDeviation));
        const inner = sub(sub(dy, mul(centred, slope)), perPosition(dBias));
        return [mul(inner, scale), tf.reshape(dWeight, [channels]), tf.reshape(dBias, [channels])];
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
  return context.validMask === undefined ? y : mul(y, context.validMask);
}
