/**
 * Batch normalisation over the valid positions (Ioffe and Szegedy 2015), on `[rows, 1, length, C]`, composed
 * of channel-wise passes. It subtracts the mean before it squares, since E[x²] − m² loses digits in float32.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext, BatchStatistics } from './batch-context.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/** What to normalise, and by which parameters. */
export interface BatchNormInput {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;
}

/** The result, and the statistics for the leaf. */
export interface BatchNormOutput {
  readonly y: Tensor;
  readonly statistics: BatchStatistics;
}

/**
 * Normalises by the micro-batch's own statistics. Differentiable in `x`, `weight` and `bias`. `x` and the
 * incoming gradient must be zero in the padding; the result and the outgoing gradient are zero there, too.
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

/** Normalises by the running statistics; has no gradient. */
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
