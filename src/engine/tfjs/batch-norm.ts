/**
 * Batch normalisation over the valid positions (Ioffe and Szegedy 2015), on `[rows, 1, length, C]`, composed
 * of channel-wise passes. The mean is taken off before squaring, since E[x²] − m² loses digits in float32.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext, BatchStatistics } from './batch-context.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

export interface BatchNormInput {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;
}

export interface BatchNormOutput {
  readonly y: Tensor;
  readonly statistics: BatchStatistics;
}

/**
 * With the batch's own statistics; differentiable in `x`, `weight` and `bias`. `x` and the gradient that
 * arrives are zero in the padding, and so are the result and the gradient that leaves.
 */
export function batchNormTraining(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  input: BatchNormInput,
): BatchNormOutput {
  const { add, sub, mul, div, square, rsqrt, channelSums } = kernels;
  const { validCount, fillPadding } = context;
  const perPosition = (x: Tensor) => div(x, validCount);
  let statistics: BatchStatistics | undefined;

  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, weight, bias, save] = inputs as [Tensor, Tensor, Tensor, (t: Tensor[]) => void];
    const sum = channelSums(x);
    const centred = fillPadding(sub(x, perPosition(sum)));
    const squares = channelSums(square(centred));
    const inverseDeviation = rsqrt(add(perPosition(squares), tf.scalar(input.epsilon)));
    const scale = mul(weight, inverseDeviation);
    const y = fillPadding(add(mul(centred, scale), bias));
    save([centred, inverseDeviation, scale]);
    statistics = {
      count: validCount,
      countTimesMean: tf.keep(sum),
      countTimesVariance: tf.keep(mul(squares, besselFactor(tf, kernels, validCount))),
    };
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [centred, inverseDeviation, scale] = saved as [Tensor, Tensor, Tensor];
        const dBias = channelSums(dy);
        const dWeight = mul(channelSums(mul(dy, centred)), inverseDeviation);
        // dx = scale · (dy − (dBias + x̂ · dWeight) / n), with x̂ = centred · inverseDeviation
        const slope = mul(perPosition(mul(dWeight, inverseDeviation)), scale);
        const offset = mul(perPosition(dBias), scale);
        const dx = fillPadding(sub(sub(mul(dy, scale), mul(centred, slope)), offset));
        return [dx, dWeight, dBias];
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
  input: BatchNormInput & { runningMean: Tensor; runningVar: Tensor },
): Tensor {
  const { add, sub, mul, rsqrt } = kernels;
  const scale = mul(input.weight, rsqrt(add(input.runningVar, tf.scalar(input.epsilon))));
  const y = add(mul(sub(input.x, input.runningMean), scale), input.bias);
  return context.fillPadding(y);
}

/** n / (n − 1); 1 for a single position. */
export function besselFactor(tf: TfjsLibrary, kernels: Kernels, count: Tensor): Tensor {
  const { div, sub, maximum } = kernels;
  return div(count, maximum(sub(count, tf.scalar(1)), tf.scalar(1)));
}
