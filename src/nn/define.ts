/**
 * Models, objectives and optimizers by name. Each is one definition: a name, a zod schema of its options and a
 * function that builds it. The built-in ones and those of extensions are made by the same calls.
 */
import type { z } from 'zod';
import { checkDefinition } from '../config/check-definition.ts';
import type { PaddedRows } from '../data/collate.ts';
import type { DataFacts, PhaseFacts } from '../data/facts.ts';
import type { Feed, FeedDescription, ForwardContext, UpdateRule } from '../engine/engine.ts';
import type { Tensor } from '../engine/ops.ts';
import type { NormDescription, ParameterDescription } from './model/model.ts';

/** A network as it was built for one dataset. */
export interface Model {
  /** C, the channels of `features`. */
  readonly channels: number;
  /** In the order of the forward pass; names as in PyTorch. An objective adds its head's. */
  readonly parameters: readonly ParameterDescription[];
  /** The BatchNorm layers, which keep running statistics. */
  readonly norms: readonly NormDescription[];
  /** Whether the features of a timestep depend on it and on earlier ones only, also while training. */
  readonly isCausal: boolean;
  /** Timesteps of the input that the features of one timestep can see. */
  readonly receptiveField: number;
  /**
   * Throws LockstepError CONFIG_INVALID when the model can't take in these feeds.
   * @param feeds names of what an objective feeds, `values` among them
   */
  checkFeeds?(feeds: ReadonlySet<string>): void;
  /**
   * Feeds `values` `[B, L]` (int32 symbols or float32) and, where an objective hides timesteps, `mask` `[B, L]`
   * (int32, 1 = hidden) → `[B, L, C]`, zero in the padding.
   */
  features(context: ForwardContext): Tensor;
}

/**
 * An objective as it was built for one phase. It has two halves: `prepare` runs on the host, ahead, in the
 * loader's thread (labels, masks, baselines); `loss` and `predict` run in the engine. Both yield sums, never
 * means, since the normaliser is that of the whole global step.
 */
export interface Objective {
  /**
   * Parameters of the head on features of so many channels, such as `decoder.weight`. Objectives that name the
   * same parameters share them, so must agree on shapes.
   */
  head(channels: number): readonly ParameterDescription[];
  /** Names of the sums besides `loss` and `weight`, for `metrics`. */
  readonly sums: readonly string[];
  /** What `prepare` feeds besides `values`. */
  readonly feeds: readonly FeedDescription[];
  prepare(rows: PaddedRows): Prepared;
  /**
   * Scalars: `loss`, the sum that is differentiated, and those of `sums` that `prepare` doesn't give.
   * @param features `[B, L, C]`, zero in the padding
   */
  loss(context: ForwardContext, features: Tensor): Readonly<Record<string, Tensor>>;
  /** Logits of the classes, `[B, classes]`, from `values` alone; without it nothing can be predicted. */
  predict?(context: ForwardContext, features: Tensor): Tensor;
  /** What people read, from the sums of a global step or an evaluation. */
  metrics(sums: Readonly<Record<string, number>>): Metrics;
  /** The metric that `keep: best` goes by, and which way is better. */
  readonly headline: { readonly metric: string; readonly better: 'higher' | 'lower' };
}

/** What the host adds to a micro-batch. */
export interface Prepared {
  /** What the model sees instead of the rows that were given, such as two views of each. */
  readonly rows?: PaddedRows;
  /** By the names of `feeds`. */
  readonly feeds: Readonly<Record<string, Feed>>;
  /** `weight`, what the loss is divided by, and other sums that the host knows. */
  readonly sums: Readonly<Record<string, number>>;
}

/** Metrics by name, each beside what simple rules reach. */
export type Metrics = Readonly<
  Record<string, { readonly value: number; readonly baselines?: Readonly<Record<string, number>> }>
>;

/** A network: it turns a micro-batch into features. */
export interface ModelDefinition<Options extends z.ZodObject = z.ZodObject> {
  readonly defines: 'model';
  /** What `model.family` of a configuration says. */
  readonly family: string;
  /** The other keys of the section `model`, with their defaults. */
  readonly options: Options;
  /**
   * Called once a run on every worker, and must give the same each time.
   * @throws LockstepError CONFIG_INVALID when options and data don't fit
   */
  build(options: z.output<Options>, facts: DataFacts): Model;
}

/** What is learned: the head, the loss and what people read of it. */
export interface ObjectiveDefinition<Options extends z.ZodObject = z.ZodObject> {
  readonly defines: 'objective';
  /** What `objective.kind` of a phase says. */
  readonly kind: string;
  /** The other keys of the section `objective`, with their defaults. */
  readonly options: Options;
  /** Checked for every phase before a run starts. */
  readonly needs: ObjectiveNeeds;
  /**
   * Called once a phase, on every worker and in its loader's thread, and must give the same each time.
   * @param seed the run's: what is random follows from it and from the rows, so that nobody can tell who drew
   * @throws LockstepError CONFIG_INVALID or DATA_INVALID when options and data don't fit
   */
  build(options: z.output<Options>, facts: PhaseFacts, seed: number): Objective;
}

/** An update rule: it turns gradients into new parameters. */
export interface OptimizerDefinition<Options extends z.ZodObject = z.ZodObject> {
  readonly defines: 'optimizer';
  /** What `optimizer.kind` of a phase says. */
  readonly kind: string;
  /** The other keys of the section `optimizer`, with their defaults. */
  readonly options: Options;
  build(options: z.output<Options>): UpdateRule;
}

/** What an objective can't do without. */
export interface ObjectiveNeeds {
  /** Takes labelled sequences only. */
  readonly labels?: boolean;
  /** The features of a timestep must depend on it and on earlier ones only, also while training. */
  readonly causalModel?: boolean;
  /** Fewest sequences of a micro-batch. */
  readonly minRows?: number;
  /** Timesteps that at least one sequence must have. */
  readonly minLength?: number;
}

export type Definition = ModelDefinition | ObjectiveDefinition | OptimizerDefinition;

/**
 * Defines a model. Register it, or export it from an extension.
 * @throws LockstepError EXTENSION_INVALID for a name, options or functions that can't be used
 */
export function defineModel<Options extends z.ZodObject>(
  definition: Omit<ModelDefinition<Options>, 'defines'>,
): ModelDefinition<Options> {
  checkDefinition('defineModel', 'family', definition, ['build']);
  return { ...definition, defines: 'model' };
}

/**
 * Defines an objective; without `needs` it takes any sequences and any model.
 * @throws LockstepError EXTENSION_INVALID for a name, options or functions that can't be used
 */
export function defineObjective<Options extends z.ZodObject>(
  definition: Omit<ObjectiveDefinition<Options>, 'defines' | 'needs'> & { needs?: ObjectiveNeeds },
): ObjectiveDefinition<Options> {
  checkDefinition('defineObjective', 'kind', definition, ['build']);
  return { needs: {}, ...definition, defines: 'objective' };
}

/**
 * Defines an optimizer.
 * @throws LockstepError EXTENSION_INVALID for a name, options or functions that can't be used
 */
export function defineOptimizer<Options extends z.ZodObject>(
  definition: Omit<OptimizerDefinition<Options>, 'defines'>,
): OptimizerDefinition<Options> {
  checkDefinition('defineOptimizer', 'kind', definition, ['build']);
  return { ...definition, defines: 'optimizer' };
}

/** Whether a module's export is one of `defineModel`, `defineObjective` or `defineOptimizer`. */
export function isDefinition(value: unknown): value is Definition {
  const tag = typeof value === 'object' && value !== null && 'defines' in value && value.defines;
  return tag === 'model' || tag === 'objective' || tag === 'optimizer';
}
