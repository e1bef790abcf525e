/**
 * The seam between training and the library that computes. An engine makes sessions; a session holds
 * one model's state on the device and has seven verbs over flat float32 vectors.
 */
import type { ElementwiseOps, Ops, Tensor } from './ops.ts';

/** A named slice `[offset, offset + size)` of a flat vector, row-major in `shape`. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Where everything is in the flat vectors of a session. */
export interface StateLayout {
  readonly parameters: readonly Slot[];
  readonly parameterCount: number;
  /** BatchNorm running statistics: `<layer>.running_mean`, `<layer>.running_var`, alternating. */
  readonly statistics: readonly Slot[];
  readonly statisticCount: number;
}

/**
 * Where everything is in a leaf (what a micro-batch contributes to a global step, one flat vector):
 * gradient of the loss sum `[0, parameterCount)`, then the sums, then for each BatchNorm layer `n`,
 * `n · mean` and `n · unbiased variance`.
 */
export interface LeafLayout {
  readonly parameterCount: number;
  /** Names of the objective's sums; `loss` and `weight` are always the first two. */
  readonly sums: readonly string[];
  readonly sumOffset: number;
  readonly normLayers: readonly { name: string; channels: number; offset: number }[];
  readonly size: number;
}

/** The state of a model in training, on the host. */
export interface TrainState {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  /** One vector of `parameterCount` for each moment that the optimizer keeps. */
  readonly moments: readonly Float32Array[];
}

/** An int32 or float32 input, row-major. */
export interface Feed {
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array;
}

/** Rows of similar length, padded to one length, as the loader hands it over. */
export interface MicroBatch {
  readonly rows: number;
  readonly paddedLength: number;
  /** Valid positions of each row, ascending or not; the rest of a row is padding. */
  readonly lengths: Int32Array;
  /** Numbers of the rows' sequences in the store, to name them in messages. */
  readonly sequences: Int32Array;
  /** `values` `[rows, paddedLength]` and what the objective prepared, by name. */
  readonly feeds: Readonly<Record<string, Feed>>;
  /** Sums that the host already knows (the trivial baselines of a pretext), added into the leaf by name. */
  readonly hostSums: Readonly<Record<string, number>>;
}

/** A fixed one, or one that differs by micro-batch; `positions` are those that are predicted. */
export type FeedDimension = number | 'rows' | 'length' | 'positions';

/** An input that an objective prepares. */
export interface FeedDescription {
  readonly name: string;
  readonly dtype: 'int32' | 'float32';
  readonly shape: readonly FeedDimension[];
}

/** What a forward pass may use. */
export interface ForwardContext {
  readonly ops: Ops;
  /** A parameter or running statistic by its PyTorch name. */
  readonly parameter: (name: string) => Tensor;
  readonly hasFeed: (name: string) => boolean;
  readonly feed: (name: string) => Tensor;
}

/** Model and objective, as the engine sees them. */
export interface Program {
  readonly state: StateLayout;
  readonly leaf: LeafLayout;
  /** What every micro-batch feeds. */
  readonly feeds: readonly FeedDescription[];
  /** Named scalars: `loss` is the sum that is differentiated, `weight` its weight. */
  readonly sums: (context: ForwardContext) => Readonly<Record<string, Tensor>>;
  /** The model's outputs for prediction (logits `[rows, classes]`). */
  readonly outputs: (context: ForwardContext) => Tensor;
  readonly update: UpdateRule;
  /** Whether the objective trains this parameter: a head that it does not use is left alone. */
  readonly trains: (slot: Slot) => boolean;
}

/** One optimizer update, element-wise on flat vectors. */
export interface UpdateRule {
  readonly momentCount: number;
  /**
   * What changes from step to step, worked out on the host in float64.
   * @param step number of this update within its phase, from 1
   */
  readonly scalars: (input: { learningRate: number; step: number }) => readonly number[];
  /**
   * @param gradient of the mean loss, `[parameterCount]`
   * @param decayMask 1 where weight decay applies, else 0, `[parameterCount]`
   * @param scalars those of `scalars()`, in its order
   */
  readonly apply: (
    ops: ElementwiseOps,
    input: {
      parameters: Tensor;
      gradient: Tensor;
      moments: readonly Tensor[];
      decayMask: Tensor;
      scalars: readonly Tensor[];
    },
  ) => { parameters: Tensor; moments: readonly Tensor[] };
  /** 1 where weight decay applies, by slot. */
  readonly decays: (slot: Slot) => boolean;
}

export interface ApplyInput {
  /** The canonical sum of the global step's leaves. */
  readonly total: Float32Array;
  readonly learningRate: number;
  /** Number of this update within its phase, from 1. */
  readonly step: number;
  /** Momentum of the running statistics (PyTorch's convention: weight of the new value). */
  readonly statisticsMomentum: number;
}

/** Range of one layer's activations, seen by `debug`. */
export interface ActivationRange {
  readonly layer: string;
  readonly shape: readonly number[];
  readonly minimum: number;
  readonly maximum: number;
  readonly nonFinite: number;
}

export interface Session {
  /** Copies a state onto the device; without moments it is one to predict with. */
  load(state: TrainState): void;
  /** One leaf: the micro-batch's gradient of the loss *sum*, sums and BatchNorm statistics. */
  gradients(batch: MicroBatch): Float32Array;
  /** Adds two finished siblings of the canonical tree; the one adder that every place uses. */
  merge(left: Float32Array, right: Float32Array): Float32Array;
  /** Divides the total by its weight, updates parameters, moments and running statistics. */
  apply(input: ApplyInput): void;
  /** The objective's sums with running statistics and no gradient, in the order of `leaf.sums`. */
  evaluate(batch: MicroBatch): Float32Array;
  /** Outputs with running statistics: `[rows, outputs]`, row-major. */
  forward(batch: MicroBatch): { shape: readonly number[]; data: Float32Array };
  /** Copies the state back to the host. */
  read(): TrainState;
  /** Range of every tapped activation in one training forward pass. */
  inspect(batch: MicroBatch): ActivationRange[];
  dispose(): void;
}

/** What can change a bit of the result; written into every checkpoint. */
export interface NumericsFingerprint {
  readonly engine: string;
  readonly engineVersion: string;
  readonly device: 'cpu' | 'cuda';
  readonly instructionSet: string;
  /** The chosen ones, e.g. `direct convolution, shifted filterGradient, fused batchNorm`. */
  readonly formulations: string;
  readonly threadsPerWorker: number;
  /** Of multiplications. */
  readonly precision: 'float32' | 'tf32';
  readonly numerics: 'strict' | 'fast';
  readonly node: string;
}

export interface Engine {
  readonly fingerprint: NumericsFingerprint;
  session(program: Program): Session;
  /** Tensors alive in the engine, to prove that a step leaves none behind. */
  tensorCount(): number;
}
