/**
 * What an engine on tfjs brings along: operations outside tfjs's tape that the layers' forward passes and
 * gradients are written in.
 */
import type { Tensor } from '@tensorflow/tfjs-core';

export interface ConvolutionShape {
  /** Along the width. */
  readonly dilation: number;
  readonly padding: 'SAME' | 'VALID';
}

/** Batch normalisation of `[B, 1, L, C]` over all of its positions. */
export interface FusedBatchNormKernels {
  readonly forward: (
    x: Tensor,
    input: { weight: Tensor; bias: Tensor; epsilon: number },
  ) => { y: Tensor; mean: Tensor; unbiasedVariance: Tensor; reserved: Tensor[] };
  /** @param input `reserved` is the forward pass's */
  readonly backward: (
    dy: Tensor,
    x: Tensor,
    input: { weight: Tensor; reserved: Tensor[]; epsilon: number },
  ) => [Tensor, Tensor, Tensor];
}

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

export interface Kernels {
  /** Element-wise, with NumPy's broadcasting. */
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
  /** `dy` where `y` is above 0, else 0. */
  readonly reluGradient: (dy: Tensor, y: Tensor) => Tensor;
  readonly biasAdd: Binary;
  /** Sums of all but the last axis: `[…, C]` → `[C]`. */
  readonly channelSums: Unary;
  /** `a · b`, either transposed first. */
  readonly matMul: (a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean) => Tensor;
  /** NHWC `[B, 1, L, in]`, filter `[1, k, in, out]`, stride 1. */
  readonly conv2d: (x: Tensor, filter: Tensor, shape: ConvolutionShape) => Tensor;
  /** @param xShape of the convolution's input */
  readonly conv2dInputGradient: (
    xShape: readonly number[],
    filter: Tensor,
    dy: Tensor,
    shape: ConvolutionShape,
  ) => Tensor;
  /** @param filterShape of the convolution's filter */
  readonly conv2dFilterGradient: (
    x: Tensor,
    filterShape: readonly number[],
    dy: Tensor,
    shape: ConvolutionShape,
  ) => Tensor;
  /**
   * `value` `[C]` in the given rows (int32 `[p]`) of `[N, C]`. `x` must be a value that nothing else uses: it
   * may be written over.
   */
  readonly fillRows: (x: Tensor, rows: Tensor, value: Tensor) => Tensor;
  /** The same of an `x` that others use, too. */
  readonly fillRowsOfCopy: (x: Tensor, rows: Tensor, value: Tensor) => Tensor;
  /** Absent where the library has no such kernel. */
  readonly fusedBatchNorm?: FusedBatchNormKernels;
  /** float32 1 at each int32 index along a new last axis, 0 elsewhere. */
  readonly oneHot: (indices: Tensor, depth: number) => Tensor;
  /** Losses `[n]` and the gradient of each with respect to its logits `[n, K]`; int32 labels `[n]`. */
  readonly sparseSoftmaxCrossEntropy: (logits: Tensor, labels: Tensor) => [Tensor, Tensor];
  /** 1 where the largest logit is the label's, else 0: float32 `[n]`. */
  readonly isCorrect: (logits: Tensor, labels: Tensor) => Tensor;
}
