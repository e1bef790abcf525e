/** What objectives know of a model: parameters by PyTorch names and shapes, features, and two heads. */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';

/** How a parameter starts out. */
export type Initial =
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface ParameterDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initial;
}

export interface NormDescription {
  readonly name: string;
  readonly channels: number;
}

export interface Model {
  /** In the order of the forward pass, heads last. */
  readonly parameters: readonly ParameterDescription[];
  readonly norms: readonly NormDescription[];
  /** Whether a position's features depend on it and its past only, also while training. */
  readonly isCausal: boolean;
  /** Steps of the input that one position of the features can see. */
  readonly receptiveField: number;
  /**
   * Feeds `values` `[B, L]` and, in a masked objective, `mask` `[B, L]` (int32, 1 = hidden) → `[B, L, C]`.
   */
  features(context: ForwardContext): Tensor;
  /** Mean over the length, then the classification head: `[B, classes]`. */
  classify(context: ForwardContext, features: Tensor): Tensor;
  /** Mean over the length, then the pretext head: `[B, pretextOutputs]`. */
  embed(context: ForwardContext, features: Tensor): Tensor;
  /** The pretext head at flat positions (int32 `[n]`): `[n, pretextOutputs]`. */
  predictAt(context: ForwardContext, features: Tensor, positions: Tensor): Tensor;
}

/** What a model is built for. */
export interface ModelShape {
  readonly classes: number;
  /** Number of integer symbols (largest value + 1); 0 for real values. */
  readonly symbols: number;
  /** Outputs of the pretext head: `symbols`, 1 for regression, or the size of an embedding. */
  readonly pretextOutputs: number;
}

/** Names of the two heads; an objective trains the one that it uses. */
export const CLASSIFICATION_HEAD = 'decoder';
export const PRETEXT_HEAD = 'pretext';
