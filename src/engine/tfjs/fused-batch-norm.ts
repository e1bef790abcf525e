/**
 * Batch normalisation by a fused kernel that knows nothing of padding, made exact under padding.
 *
 * Of N positions n are valid. The padding of x is filled with the channel's mean m over the valid ones, so
 * the kernel finds the mean m, but the variance v · n / N. Had x been scaled by s = √(N / n), it would find
 * exactly v: that is what `scale` is for, by which the caller scales the (small) filter that makes x, and
 * the kernel's weight is divided by it. Then
 *
 *   y  = (weight / s) · s (x − m) / √(v + ε) + bias
 *   dx = (weight / s) / √(v + ε) · (dy − Σ dy / N − x̂ · Σ (dy · x̂) / N),  x̂ = s (x − m) / √(v + ε)
 *
 * where the last sum over N is the one over n of the unscaled x̂, and the first becomes Σ dy / n when the
 * padding of dy, where x̂ = 0, is filled with Σ dy / n.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext, BatchStatistics } from './batch-context.ts';
import { type BatchNormInput, type BatchNormOutput, besselFactor } from './batch-norm.ts';
import type { FusedBatchNormKernels, Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/** s = √(N / n); undefined where nothing is padded. */
export function paddingScale(
  kernels: Kernels,
  { isPadded, positionCount, validCount }: BatchContext,
): Tensor | undefined {
  return isPadded ? kernels.sqrt(kernels.div(positionCount, validCount)) : undefined;
}

/**
 * As `batchNormTraining`, of an `x` that was made with `scale`; its padding may hold anything.
 * @param scale that of `paddingScale`
 */
export function fusedBatchNormTraining(
  tf: TfjsLibrary,
  kernels: Kernels & { fusedBatchNorm: FusedBatchNormKernels },
  context: BatchContext,
  { x, weight, bias, epsilon }: BatchNormInput,
  scale: Tensor | undefined,
): BatchNormOutput {
  const { div, mul, channelSums, fusedBatchNorm } = kernels;
  const { isPadded, validCount, positionCount, fillPadding, fillPaddingOfCopy } = context;
  const perValid = (sum: Tensor) => div(sum, validCount);
  /** The padding of `x`, filled with the mean over the valid positions. */
  const filledWithMean = (x: Tensor): Tensor => {
    if (!isPadded) return x;
    const cleared = fillPadding(x);
    return fillPadding(cleared, perValid(channelSums(cleared)));
  };
  let statistics: BatchStatistics | undefined;

  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, weight, bias, save] = inputs as [Tensor, Tensor, Tensor, (t: Tensor[]) => void];
    const filled = filledWithMean(x);
    const { y, mean, unbiasedVariance, reserved } = fusedBatchNorm.forward(filled, {
      weight,
      bias,
      epsilon,
    });
    save([filled, weight, ...reserved]);
    const trueMean = scale === undefined ? mean : div(mean, scale);
    // The kernel's Bessel factor is that of N positions.
    const variance = div(unbiasedVariance, besselFactor(tf, kernels, positionCount));
    const unbiased = mul(variance, besselFactor(tf, kernels, validCount));
    statistics = {
      count: validCount,
      countTimesMean: tf.keep(mul(trueMean, validCount)),
      countTimesVariance: tf.keep(mul(unbiased, validCount)),
    };
    return {
      value: fillPadding(y),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [filled, weight, ...reserved] = saved as [Tensor, Tensor, ...Tensor[]];
        if (!isPadded) return fusedBatchNorm.backward(dy, filled, { weight, reserved, epsilon });
        const dBias = channelSums(dy);
        const dyFilled = fillPaddingOfCopy(dy, perValid(dBias));
        const [dx, dWeight] = fusedBatchNorm.backward(dyFilled, filled, {
          weight,
          reserved,
          epsilon,
        });
        return [fillPadding(dx), dWeight, dBias];
      },
    };
  });
  const y = operation(x, scale === undefined ? weight : tf.div(weight, scale), bias);
  return { y, statistics: statistics! };
}
