/**
 * Models, objectives and optimizers by name. Each is one definition: a name, a zod schema of its options and a
 * function that builds it. The built-in ones and those of extensions are made by the same calls.
 */
import type { z } from 'zod';
import { checkDefinition } from '../config/check-definition.ts';
import type { DataFacts, PhaseFacts } from '../data/facts.ts';
import type { UpdateRule } from '../engine/engine.ts';
import type { Model } from './model/model.ts';
import type { Objective } from './objective/objective.ts';

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
  /** The same where it follows from the options. */
  needsOf?(options: z.output<Options>): ObjectiveNeeds;
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
