/**
 * The seam between training and the library that computes. An engine makes sessions. A session holds one
 * model's state on the device and has verbs over flat float32 vectors.
 */
import type { ElementwiseOps, Ops, Tensor } from './ops.ts';

/** A named slice `[offset, offset + size)` of a flat vector, row-major in `shape`. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** The slots of a session's flat vectors. */
export interface StateLayout {
  readonly parameters: readonly Slot[];
  readonly parameterCount: number;
  /** BatchNorm running statistics: `<layer>.running_mean`, `<layer>.running_var`, alternating. */
  readonly statistics: readonly Slot[];
  readonly statisticCount: number;
}

/**
 * The slots of a leaf, the flat vector that a micro-batch contributes to a global step: the gradient of the
 * loss sum `[0, parameterCount)`, then the sums, then for each BatchNorm layer `n`, `n · mean` and
 * `n · unbiased variance`.
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
  /** One vector `[parameterCount]` for each moment that the optimizer keeps. */
  readonly moments: readonly Float32Array[];
}

/** An int32 or float32 input, row-major. */
export interface Feed {
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array;
}

/** Rows of similar length, padded to one length, as the loader gives them to the engine. */
export interface MicroBatch {
  readonly rows: number;
  readonly paddedLength: number;
  /** `[rows]`: valid positions of each row, in any order; the rest of a row is padding. */
  readonly lengths: Int32Array;
  /** `[rows]`: numbers of the rows' sequences in the store, for messages. */
  readonly sequences: Int32Array;
  /** `values` `[rows, paddedLength]` and the objective's own inputs, by name. */
  readonly feeds: Readonly<Record<string, Feed>>;
  /** Sums that the host computes (the baselines of a pretext); the session adds them into the leaf by name. */
  readonly hostSums: Readonly<Record<string, number>>;
}

/** A fixed size, or one that depends on the micro-batch; `positions` counts the predicted positions. */
export type FeedDimension = number | 'rows' | 'length' | 'positions';

/** An input that an objective prepares. */
export interface FeedDescription {
  readonly name: string;
  readonly dtype: 'int32' | 'float32';
  readonly shape: readonly FeedDimension[];
}

/**
 * The feed of a training micro-batch from which `ops.dropout` draws: int32 `[rows, length]`, random bits for each
 * position. Evaluations have none.
 */
export const DROPOUT_FEED = 'dropout';

/** What a forward pass may use. */
export interface ForwardContext {
  readonly ops: Ops;
  /** A parameter or running statistic by its PyTorch name. */
  readonly parameter: (name: string) => Tensor;
  readonly hasFeed: (name: string) => boolean;
  readonly feed: (name: string) => Tensor;
}

/** Model, objective and update rule, as the engine sees them. */
export interface Program {
  readonly state: StateLayout;
  readonly leaf: LeafLayout;
  /** The inputs of every micro-batch. */
  readonly feeds: readonly FeedDescription[];
  /** Named scalars. The engine differentiates `loss`; `weight` is its weight. */
  readonly sums: (context: ForwardContext) => Readonly<Record<string, Tensor>>;
  /** What it predicts, such as logits `[rows, classes]`; absent where it predicts nothing. */
  readonly outputs?: (context: ForwardContext) => Tensor;
  readonly update: UpdateRule;
  /** Whether the objective trains this parameter; it leaves a head that it does not use unchanged. */
  readonly trains: (slot: Slot) => boolean;
  /** What the learning rate of a parameter is multiplied by: 0 keeps it as it is. 1 for all when absent. */
  readonly rateOf?: (slot: Slot) => number;
}

/** One optimizer update, element-wise on flat vectors. */
export interface UpdateRule {
  readonly momentCount: number;
  /** The numbers that change from step to step, computed on the host in float64. */
  readonly scalars: (input: {
    learningRate: number;
    /** Number of this update within its phase, from 1. */
    step: number;
  }) => readonly number[];
  /** One update of all parameters and moments, element by element. */
  readonly apply: (
    ops: ElementwiseOps,
    input: {
      parameters: Tensor;
      /** Of the mean loss, `[parameterCount]`. */
      gradient: Tensor;
      moments: readonly Tensor[];
      /** 1 where weight decay applies, else 0, `[parameterCount]`. */
      decayMask: Tensor;
      /** The values of `scalars()`, in its order. */
      scalars: readonly Tensor[];
    },
  ) => { parameters: Tensor; moments: readonly Tensor[] };
  /** Whether weight decay applies to the slot. */
  readonly decays: (slot: Slot) => boolean;
}

/** The input of one update. */
export interface ApplyInput {
  /** The canonical sum of the global step's leaves. */
  readonly total: Float32Array;
  readonly learningRate: number;
  /** Number of this update within its phase, from 1. */
  readonly step: number;
  /** Momentum of the running statistics (PyTorch's convention: weight of the new value). */
  readonly statisticsMomentum: number;
}

/** Range of one layer's activations, for `debug`. */
export interface ActivationRange {
  readonly layer: string;
  readonly shape: readonly number[];
  readonly minimum: number;
  readonly maximum: number;
  readonly nonFinite: number;
}

/** One model's state on the device, and what a run does with it. */
export interface Session {
  /** Copies a state onto the device. A state without moments can only predict. */
  load(state: TrainState): void;
  /** One leaf: the micro-batch's gradient of the loss *sum*, sums and BatchNorm statistics. */
  gradients(batch: MicroBatch): Float32Array;
  /** Adds two siblings of the canonical tree into a new vector, with the adder that the whole run uses. */
  merge(left: Float32Array, right: Float32Array): Float32Array;
  /** Divides the total by its weight, updates parameters, moments and running statistics. */
  apply(input: ApplyInput): void;
  /** The objective's sums, with running statistics and without a gradient, in the order of `leaf.sums`. */
  evaluate(batch: MicroBatch): Float32Array;
  /** The model's outputs with running statistics: `[rows, outputs]`, row-major. */
  forward(batch: MicroBatch): { shape: readonly number[]; data: Float32Array };
  /** Copies the state back to the host. */
  read(): TrainState;
  /** Copies parameters and statistics only. */
  readWeights(): Pick<TrainState, 'parameters' | 'statistics'>;
  /** The range of every tapped activation in one training forward pass. */
  inspect(batch: MicroBatch): ActivationRange[];
  dispose(): void;
}

/** Everything that can change a bit of the result, besides the run's inputs. Every checkpoint holds it. */
export interface NumericsFingerprint {
  readonly engine: string;
  readonly engineVersion: string;
  readonly device: 'cpu' | 'cuda';
  readonly instructionSet: string;
  /** The choice, such as `direct convolution, shifted filterGradient, fused batchNorm`. */
  readonly formulations: string;
  readonly threadsPerWorker: number;
  /** Precision of multiplications. */
  readonly precision: 'float32' | 'tf32';
  readonly numerics: 'strict' | 'fast';
  readonly node: string;
}

/** A library that computes, with its settings. */
export interface Engine {
  readonly fingerprint: NumericsFingerprint;
  session(program: Program): Session;
  /** Number of tensors alive in the engine: tests show with it that a step leaves none behind. */
  tensorCount(): number;
}
