/** What a model is: parameters by PyTorch's names and shapes, and a function of them to features. */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';

/** How a parameter starts out: all alike, or uniform in (−bound, bound) by the run's seed and its name. */
export type Initial =
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

/** A float32 tensor that is trained. */
export interface ParameterDescription {
  /** As in PyTorch's `state_dict`, such as `encoder.weight`; no other parameter of the run has it. */
  readonly name: string;
  /** As in PyTorch, such as `[out, in, kernel]`. Weight decay applies from two dimensions on. */
  readonly shape: readonly number[];
  readonly initial: Initial;
  /** Whether it stays as it begins: no weight decay applies, and the model lets no gradient through to it. */
  readonly isFixed?: boolean;
}

/** First values of parameters that follow from the training sequences, without their labels. */
export interface ModelFit {
  /** How many sequences of the training split it reads at most. */
  readonly sequences: number;
  /**
   * Called once, at a run's beginning, on every worker, and must give the same each time.
   * @param sequences values of each, in the order of the dataset
   * @returns by the names of `parameters`; the others stay random
   * @throws LockstepError DATA_INVALID when the sequences don't suffice
   */
  of(
    sequences: AsyncIterable<Int32Array | Float32Array>,
  ): Promise<ReadonlyMap<string, Float32Array>>;
}

/** A BatchNorm layer, which keeps `<name>.running_mean` and `<name>.running_var`, both `[channels]`. */
export interface NormDescription {
  readonly name: string;
  readonly channels: number;
}

/** A network as it was built for one dataset. */
export interface Model {
  /** C, the channels of `features`. */
  readonly channels: number;
  /**
   * Whether it reads integers as numbers, so that they are scaled as `data.scaling` says; by default it reads them as
   * symbols, and they stay as they are. Real values are numbers for every model.
   */
  readonly reads?: 'numbers' | 'symbols';
  /** In the order of the forward pass. The heads are the objectives'. */
  readonly parameters: readonly ParameterDescription[];
  /** How parameters start out that the data decide; all as they are described when absent. */
  readonly fit?: ModelFit;
  /** Its BatchNorm layers, in the order of the forward pass. */
  readonly norms: readonly NormDescription[];
  /** Whether the features of a timestep depend on it and on earlier ones only, also while training. */
  readonly isCausal: boolean;
  /** Timesteps of the input that the features of one timestep can see; infinite: all. */
  readonly receptiveField: number;
  /** Whether it uses `ops.dropout`, so that micro-batches of training bring random bits for it. No when absent. */
  readonly drops?: boolean;
  /**
   * Timesteps for each position of the features, which are activations of `ops.coarser(stride)`. Objectives on whole
   * sequences then see those, and objectives on single timesteps are refused. 1 when absent.
   */
  readonly stride?: number;
  /**
   * Called for each phase before a run starts.
   * @param feeds names of what its objective feeds, `values` among them
   * @throws LockstepError CONFIG_INVALID when the model can't take them in
   */
  checkFeeds?(feeds: ReadonlySet<string>): void;
  /**
   * Feeds `values` `[B, L]` (int32 symbols, or float32) and, where an objective hides timesteps, `mask` of the same
   * shape (int32, 1 = hidden) → features float32 `[B, L, C]`, or `[B, ⌈L / stride⌉, C]`, zero in the padding. Data of several channels have
   * `values` `[B, L, channels]`. Numbers may have `missing` of the same shape and `profile` `[B, 2 · channels]`:
   * `numberInput` makes channels of all of them.
   */
  features(context: ForwardContext): Tensor;
}
