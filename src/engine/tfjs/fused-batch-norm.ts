/**
 * Batch normalisation by a fused kernel that knows nothing about padding, made exact under padding.
 *
 * Of N positions n are valid. We fill the padding of x with the channel's mean m over the valid positions. So
 * the kernel finds the mean m, but the variance v · n / N. With x scaled by s = √(N / n) it finds exactly v. So
 * the caller multiplies the (small) filter that makes x by s (`scale`), and we divide the kernel's weight by s.
 * Then
 *
 *   y  = (weight / s) · s (x − m) / √(v + ε) + bias
 *   dx = (weight / s) / √(v + ε) · (dy − Σ dy / N − x̂ · Σ (dy · x̂) / N),  x̂ = s (x − m) / √(v + ε)
 *
 * where the last sum over N equals the sum over n for the unscaled x̂. If we fill the padding of dy, where x̂ = 0,
 * with Σ dy / n, the first sum becomes Σ dy / n.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext, BatchStatistics } from './batch-context.ts';
import { type BatchNormInput, type BatchNormOutput, besselFactor } from './batch-norm.ts';
import type { FusedBatchNormKernels, Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/** s = √(N / n), a scalar; undefined without padding. */
export function paddingScale(
  kernels: Kernels,
  { isPadded, positionCount, validCount }: BatchContext,
): Tensor | undefined {
  return isPadded ? kernels.sqrt(kernels.div(positionCount, validCount)) : undefined;
}

/**
 * Like `batchNormTraining`, for an `x` that the caller made with `scale`; its padding may hold anything.
 * @param scale the result of `paddingScale`
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
  /** Fills the padding of `x` with the mean over the valid positions. */
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
    // The kernel applies the Bessel factor of N positions.
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
