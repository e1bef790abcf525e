/**
 * The operations in which models, objectives and optimizers are written. An engine implements them; nothing
 * outside `engine/` sees how. Activations are `[rows, length, channels]` ("BLC", float32) and **zero in the
 * padding**: every operation that could write there clears the padding again.
 */

declare const opaque: unique symbol;

/** A value inside an engine. It lives until the verb of the session that made it returns. */
export interface Tensor {
  readonly [opaque]: true;
}

/** How a convolution covers its input. */
export interface Conv1dOptions {
  readonly dilation: number;
  /**
   * `same` centres the kernel; one of an even size k sees dilation · (k/2 − 1) positions of the past and dilation · k/2
   * of the future, as in PyTorch for dilation 1. With `causal` a position sees only itself and the past.
   */
  readonly padding: 'same' | 'causal';
  readonly bias?: Tensor;
  /**
   * The channels in so many groups, each convolved by itself as in PyTorch: `weight` is `[out, in / groups, kernel]`. As
   * many as channels go in and out is a depthwise convolution, which has a kernel of its own. @default 1
   */
  readonly groups?: number;
  /**
   * The result is every `stride`-th position of that of stride 1, from the first one on: ⌈length / stride⌉ of a row, and
   * activations of `coarser(stride)`. An odd kernel is PyTorch's with padding (kernel − 1) / 2. @default 1
   */
  readonly stride?: number;
}

/** The parameters and running statistics of one BatchNorm layer, `[C]` each. */
export interface BatchNormParameters {
  /** Name of the layer; the leaf holds its batch statistics under this name. */
  readonly name: string;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  readonly epsilon: number;
}

/** The parameters of one channel norm, `[C]` each. */
export interface ChannelNormParameters {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly epsilon: number;
}

/** Which n-grams are counted, and where. */
export interface GramOptions {
  /** Lengths of the n-grams, such as 4. */
  readonly orders: readonly number[];
  /** Places for the n-grams of one order: a power of two, at most 65 536. Some share a place. */
  readonly buckets: number;
  /** The place of an n-gram is that of its first n − 1 symbols times this, plus its last symbol. Odd. */
  readonly multiplier: number;
  /** The symbol before the first one of a row. */
  readonly before: number;
}

/** The parameters of one group norm: `[C]` each, and the number of groups. */
export interface GroupNormParameters extends ChannelNormParameters {
  readonly groups: number;
}

/** Which values a dropout sets to 0. */
export interface DropoutOptions {
  /** Name of the layer: two layers of one name drop the same values. */
  readonly layer: string;
  /** Share of the values, from 0 to below 1. */
  readonly rate: number;
}

/** Element-wise arithmetic, with NumPy's broadcasting; enough for an optimizer. */
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

/** The operations of a forward pass. The engine knows their gradients. */
export interface Ops extends ElementwiseOps {
  relu(x: Tensor): Tensor;
  /** x · Φ(x), with the normal distribution's Φ, as PyTorch's GELU computes it by default. */
  gelu(x: Tensor): Tensor;
  /** x · σ(x). */
  silu(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  /** 1 / (1 + e⁻ˣ); 0 in the padding of activations. */
  sigmoid(x: Tensor): Tensor;
  /**
   * PyTorch's Dropout: while training it sets a share of the values to 0 and divides the others by 1 − rate. Which ones
   * follows from the run's seed, the epoch, the sequence, the timestep, the layer and the channel, and so from neither
   * padding nor workers. Outside training, and at rate 0, it is `x`. `[B, L, C]`, or `[B, C]`. The model says `drops: true`.
   */
  dropout(x: Tensor, options: DropoutOptions): Tensor;
  /**
   * 1 at each index, 0 elsewhere and in the padding: int32 `[rows, length]` → float32 `[rows, length, depth]`, and
   * `[rows, length, n]` → `[rows, length, n · depth]`.
   */
  oneHot(indices: Tensor, depth: number): Tensor;
  /** int32 → float32, any shape. */
  toFloat(x: Tensor): Tensor;
  /** `value` where the int32 `condition` is not 0, otherwise `x`; same shape, `x`'s dtype. */
  fill(x: Tensor, condition: Tensor, value: number): Tensor;
  /** float32 `[rows, length]` → `[rows, length, 1]`; a feed `[rows, length, n]` becomes n channels. */
  asChannel(x: Tensor): Tensor;
  /** Joins along the channels, the last axis: `[B, L, C]`, or `[B, C]`. */
  concatChannels(parts: readonly Tensor[]): Tensor;
  /**
   * Cross-correlation along the length. `x` `[B, L, in]`, `weight` `[out, in, kernel]` as in
   * PyTorch's Conv1d, result `[B, L, out]`, zero in the padding.
   */
  conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions): Tensor;
  /**
   * PyTorch's BatchNorm1d on the unpadded data `[B, L, C]`: while training it normalises each channel over the
   * valid positions of the micro-batch, otherwise by the running statistics.
   */
  batchNorm(x: Tensor, parameters: BatchNormParameters): Tensor;
  /**
   * `batchNorm(conv1d(x, …), …)` in one operation while training, where that is faster. Absent where it is not
   * faster, and where `debug` wants to see every layer.
   */
  conv1dBatchNorm?(
    x: Tensor,
    weight: Tensor,
    options: Conv1dOptions,
    parameters: BatchNormParameters,
  ): Tensor;
  /**
   * PyTorch's LayerNorm over C: normalises the channels of each position,
   * `weight · (x − mean) / √(variance + ε) + bias`, with `weight` and `bias` `[C]`.
   */
  channelNorm(x: Tensor, parameters: ChannelNormParameters): Tensor;
  /**
   * PyTorch's GroupNorm: normalises each sequence over its valid positions and the channels of a group. One group is a
   * norm of the whole sequence, as many as channels an instance norm.
   */
  groupNorm(x: Tensor, parameters: GroupNormParameters): Tensor;
  /** Multiplies each sequence's channels by its own numbers: `[B, L, C]` and `[B, C]` → `[B, L, C]`. */
  scaleChannels(x: Tensor, factors: Tensor): Tensor;
  /**
   * The largest value of each channel among `size` positions (an odd number) around each position, or as many of them
   * as the sequence has: PyTorch's MaxPool1d with stride 1 and padding (size − 1) / 2. `[B, L, C]` → `[B, L, C]`. With a
   * larger stride, every `stride`-th of them: activations of `coarser(stride)`. `size` may then be even; its windows
   * begin size / 2 − 1 positions earlier, so size 2 and stride 2 see each position once.
   */
  maxPool1d(x: Tensor, size: number, stride?: number): Tensor;
  /** The mean over the same positions: PyTorch's AvgPool1d with `count_include_pad=False`. */
  averagePool1d(x: Tensor, size: number, stride?: number): Tensor;
  /**
   * These operations for activations of every `stride`-th position, which a row of n positions has ⌈n / stride⌉ of. All
   * that counts positions counts those: norms, pooling over the length, dropout.
   */
  coarser(stride: number): Ops;
  /** `x` of `coarser(stride)`, each position repeated: `[B, ⌈L / stride⌉, C]` → `[B, L, C]`. PyTorch's nearest Upsample, cut. */
  upsample(x: Tensor, stride: number): Tensor;
  /** Mean over the valid positions: `[B, L, C]` → `[B, C]`. */
  meanOverLength(x: Tensor): Tensor;
  /** Largest value over the valid positions, as PyTorch's `amax`: `[B, L, C]` → `[B, C]`. */
  maxOverLength(x: Tensor): Tensor;
  /** Mean over the valid positions with the weights softmax(scores) over them: `scores` `[B, L, 1]`. */
  attentionOverLength(x: Tensor, scores: Tensor): Tensor;
  /** Each row's numbers at all of its valid positions: `[B, C]` → `[B, L, C]`. */
  repeatOverLength(x: Tensor): Tensor;
  /**
   * The share of each n-gram among a row's, without a gradient: int32 `[rows, length]` → float32
   * `[rows, orders · buckets]`. A row has as many n-grams of an order as timesteps: one ends at each.
   */
  gramFrequencies(symbols: Tensor, options: GramOptions): Tensor;
  /** The same numbers, through which no gradient flows back. */
  detach(x: Tensor): Tensor;
  /** `x · weightᵀ + bias` with `weight` `[out, in]` as in PyTorch's Linear; `x` `[n, in]`. */
  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor;
  /** Scales each row of `[n, C]` to length 1. */
  unitRows(x: Tensor): Tensor;
  /**
   * `x` `[B, L, C]` at the flat positions `row · L + position` (int32 `[n]`, all different): `[n, C]`. Positions are
   * timesteps, so `coarser` operations refuse it.
   */
  gatherPositions(x: Tensor, positions: Tensor): Tensor;
  /** −log softmax(logits)[label]: `[n, K]`, int32 `[n]` → `[n]`. */
  softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor;
  /** 1 where the label has the largest logit, otherwise 0: float32 `[n]`, without a gradient. */
  isCorrect(logits: Tensor, labels: Tensor): Tensor;
  /** −log of the probability σ(logit) that a class applies, or that it does not: both `[n, K]`, targets 0 or 1. */
  sigmoidCrossEntropy(logits: Tensor, targets: Tensor): Tensor;
  /** 1 above 0, otherwise 0: float32, any shape, without a gradient. */
  isPositive(x: Tensor): Tensor;
  /** `[n, m · size]` → `[n · m, size]`. */
  splitRows(x: Tensor, size: number): Tensor;
  /** Any shape → one axis, row-major. */
  flatten(x: Tensor): Tensor;
  /** `[n, 1]` → `[n]`. */
  squeezeLast(x: Tensor): Tensor;
  /** Shows an activation to `debug` under its layer's name; returns it unchanged. */
  tap(layer: string, x: Tensor): Tensor;
}
