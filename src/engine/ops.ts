/**
 * The operations that models, objectives and optimizers are written in. An engine implements them;
 * nothing outside `engine/` sees how. Activations are `[rows, length, channels]` ("BLC", float32) and
 * **zero in the padding**: every operation that could put something there takes it off again.
 */

declare const opaque: unique symbol;

/** A value inside an engine. It lives until the engine call that made it returns. */
export interface Tensor {
  readonly [opaque]: true;
}

export interface Conv1dOptions {
  readonly dilation: number;
  /** `same` centres the kernel; `causal` lets a position see itself and the past only. */
  readonly padding: 'same' | 'causal';
  readonly bias?: Tensor;
}

export interface BatchNormParameters {
  /** Name of the layer: where its batch statistics go in the leaf. */
  readonly name: string;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  readonly epsilon: number;
}

export interface ChannelNormParameters {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;
}

/** Element-wise arithmetic; shapes broadcast as in NumPy. Enough for an optimizer. */
export interface ElementwiseOps {
  scalar(value: number): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Tensor): Tensor;
  sqrt(a: Tensor): Tensor;
  minimum(a: Tensor, b: Tensor): Tensor;
  /** Sum over every element, as a scalar. */
  sum(a: Tensor): Tensor;
}

/** What a forward pass is written in. All gradients are the engine's business. */
export interface Ops extends ElementwiseOps {
  relu(x: Tensor): Tensor;
  /** 1 at each index along a new last axis, 0 elsewhere. `indices` int32 `[...]`, result `[..., depth]`. */
  oneHot(indices: Tensor, depth: number): Tensor;
  /** int32 → float32, any shape. */
  toFloat(x: Tensor): Tensor;
  /** Where the int32 `condition` is not 0 take `value`, else `x`; same shape, `x`'s dtype. */
  fill(x: Tensor, condition: Tensor, value: number): Tensor;
  /** `[rows, length]` float32 → `[rows, length, 1]`. */
  asChannel(x: Tensor): Tensor;
  /** Joins along the channels. */
  concatChannels(parts: readonly Tensor[]): Tensor;
  /**
   * Cross-correlation along the length, stride 1. `x` `[B, L, in]`, `weight` `[out, in, kernel]` as in
   * PyTorch's Conv1d, result `[B, L, out]`, zero in the padding.
   */
  conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions): Tensor;
  /**
   * Normalises each channel over the valid positions of the micro-batch while training (PyTorch's
   * BatchNorm1d on the unpadded data) and by the running statistics otherwise.
   */
  batchNorm(x: Tensor, parameters: BatchNormParameters): Tensor;
  /**
   * Both of the above at once while training, where that is faster: `batchNorm(conv1d(x, …), …)`. Absent
   * where it is not, and where every layer is to be seen.
   */
  conv1dBatchNorm?(
    x: Tensor,
    weight: Tensor,
    options: Conv1dOptions,
    parameters: BatchNormParameters,
  ): Tensor;
  /**
   * Normalises the channels of each position by themselves: `weight · (x − mean) / √(variance + ε) + bias`,
   * `weight` and `bias` `[C]`, as PyTorch's LayerNorm over C.
   */
  channelNorm(x: Tensor, parameters: ChannelNormParameters): Tensor;
  /** Mean over the valid positions: `[B, L, C]` → `[B, C]`. */
  meanOverLength(x: Tensor): Tensor;
  /** `x · weightᵀ + bias` with `weight` `[out, in]` as in PyTorch's Linear; `x` `[n, in]`. */
  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor;
  /** Each row of `[n, C]` scaled to length 1. */
  unitRows(x: Tensor): Tensor;
  /** Rows of `x` `[B, L, C]` at flat positions `row · L + position` (int32 `[n]`, all different): `[n, C]`. */
  gatherPositions(x: Tensor, positions: Tensor): Tensor;
  /** −log softmax(logits)[label]: `[n, K]`, int32 `[n]` → `[n]`. */
  softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor;
  /** 1 where the largest logit is the label's, else 0, as float32 `[n]`; no gradient. */
  isCorrect(logits: Tensor, labels: Tensor): Tensor;
  /** `[n, 1]` → `[n]`. */
  squeezeLast(x: Tensor): Tensor;
  /** Reports an activation under its layer's name to whoever listens (debug); returns it unchanged. */
  tap(layer: string, x: Tensor): Tensor;
}
