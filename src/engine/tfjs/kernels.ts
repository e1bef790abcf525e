/**
 * Operations outside tfjs's tape, in which the layers' forward passes and gradients are written. Each engine on
 * tfjs implements them.
 */
import type { Tensor } from '@tensorflow/tfjs-core';

/** How a convolution covers its input. */
export interface ConvolutionShape {
  /** Dilation along the width. */
  readonly dilation: number;
  readonly padding: 'SAME' | 'VALID';
}

/** Batch normalisation of `[B, 1, L, C]` over all its positions. */
export interface FusedBatchNormKernels {
  readonly forward: (
    x: Tensor,
    input: { weight: Tensor; bias: Tensor; epsilon: number },
  ) => { y: Tensor; mean: Tensor; unbiasedVariance: Tensor; reserved: Tensor[] };
  /** @param input with `reserved` of the forward pass */
  readonly backward: (
    dy: Tensor,
    x: Tensor,
    input: { weight: Tensor; reserved: Tensor[]; epsilon: number },
  ) => [Tensor, Tensor, Tensor];
}

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

/** The kernels of an engine. */
export interface Kernels {
  /** Element-wise, with NumPy's broadcasting, like the next ones. */
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
  readonly minimum: Binary;
  readonly maximum: Binary;
  readonly sqrt: Unary;
  readonly rsqrt: Unary;
  readonly square: Unary;
  readonly relu: Unary;
  readonly tanh: Unary;
  readonly sigmoid: Unary;
  readonly erf: Unary;
  readonly exp: Unary;
  /** `dy` where `y` is above 0, else 0. */
  readonly reluGradient: (dy: Tensor, y: Tensor) => Tensor;
  readonly biasAdd: Binary;
  /** Sums over all axes except the last: `[…, C]` → `[C]`. */
  readonly channelSums: Unary;
  /** `a · b`, either transposed first. */
  readonly matMul: (a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean) => Tensor;
  /** NHWC `[B, 1, L, in]`, filter `[1, k, in, out]`, stride 1. */
  readonly conv2d: (x: Tensor, filter: Tensor, shape: ConvolutionShape) => Tensor;
  /** @param xShape shape of the convolution's input */
  readonly conv2dInputGradient: (
    xShape: readonly number[],
    filter: Tensor,
    dy: Tensor,
    shape: ConvolutionShape,
  ) => Tensor;
  /** @param filterShape shape of the convolution's filter */
  readonly conv2dFilterGradient: (
    x: Tensor,
    filterShape: readonly number[],
    dy: Tensor,
    shape: ConvolutionShape,
  ) => Tensor;
  /** NHWC `[B, 1, L, C]`, filter `[1, k, C, 1]`, stride 1, 'VALID': each channel by itself. */
  readonly depthwiseConv2d: Binary;
  /**
   * Its filter gradient at every `dilation`-th place: `[1, taps, C, 1]`.
   * @param x the convolution's input, `[B, 1, L + (taps − 1) · dilation, C]`
   */
  readonly depthwiseConv2dFilterGradient: (
    x: Tensor,
    dy: Tensor,
    filter: { taps: number; dilation: number },
  ) => Tensor;
  /** Maxima of windows of `size` along the width, an odd number, stride 1; the same shape `[B, 1, L, C]`. */
  readonly maxPool: (x: Tensor, size: number) => Tensor;
  /** @param y the maxima; of equal values in a window the first one has the gradient */
  readonly maxPoolGradient: (x: Tensor, y: Tensor, dy: Tensor, size: number) => Tensor;
  /**
   * Writes `value` `[C]` into the given rows (int32 `[p]`) of `[N, C]`. Nothing else may use `x`, since this may
   * overwrite it.
   */
  readonly fillRows: (x: Tensor, rows: Tensor, value: Tensor) => Tensor;
  /** The same for an `x` that others also use. */
  readonly fillRowsOfCopy: (x: Tensor, rows: Tensor, value: Tensor) => Tensor;
  /** Absent if the library has no such kernel. */
  readonly fusedBatchNorm?: FusedBatchNormKernels;
  /** float32 1 at each int32 index along a new last axis, 0 elsewhere. */
  readonly oneHot: (indices: Tensor, depth: number) => Tensor;
  /** Losses `[n]` and the gradient of each with respect to its logits `[n, K]`; int32 labels `[n]`. */
  readonly sparseSoftmaxCrossEntropy: (logits: Tensor, labels: Tensor) => [Tensor, Tensor];
  /** Losses and their gradient with respect to the logits, all `[n, K]`; targets are 0 or 1. */
  readonly sigmoidCrossEntropy: (logits: Tensor, targets: Tensor) => [Tensor, Tensor];
  /** float32 1 above 0, otherwise 0. */
  readonly isPositive: Unary;
  /** 1 where the label has the largest logit, otherwise 0: float32 `[n]`. */
  readonly isCorrect: (logits: Tensor, labels: Tensor) => Tensor;
}
