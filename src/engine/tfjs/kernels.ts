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
  /** Sums of all but the last axis. */
  readonly biasAddGradient: Unary;
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
  /** Zeros in the given rows (int32 `[p]`, none at all included) of `[N, C]`. */
  readonly clearRows: (x: Tensor, rows: Tensor) => Tensor;
  /** float32 1 at each int32 index along a new last axis, 0 elsewhere. */
  readonly oneHot: (indices: Tensor, depth: number) => Tensor;
  /** Losses `[n]` and the gradient of each with respect to its logits `[n, K]`; int32 labels `[n]`. */
  readonly sparseSoftmaxCrossEntropy: (logits: Tensor, labels: Tensor) => [Tensor, Tensor];
  /** 1 where the largest logit is the label's, else 0: float32 `[n]`. */
  readonly isCorrect: (logits: Tensor, labels: Tensor) => Tensor;
}
