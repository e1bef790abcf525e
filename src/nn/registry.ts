/** What a configuration can choose by name: the built-in models, objectives and optimizers, and registered ones. */
import type { ModelConfig } from '../config/model-section.ts';
import type { ObjectiveConfig, OptimizerConfig } from '../config/phase-section.ts';
import type { Alternative, Registered } from '../config/registered.ts';
import { LockstepError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type { DataFacts, PhaseFacts } from '../data/facts.ts';
import type { UpdateRule } from '../engine/engine.ts';
import type {
  Definition,
  ModelDefinition,
  ObjectiveDefinition,
  ObjectiveNeeds,
  OptimizerDefinition,
} from './define.ts';
import { causal } from './model/causal.ts';
import { dilated } from './model/dilated.ts';
import { inception } from './model/inception.ts';
import { latentGrams } from './model/latent-grams.ts';
import type { Model } from './model/model.ts';
import { modernTcn } from './model/modern-tcn.ts';
import { reference } from './model/reference.ts';
import { resnet } from './model/resnet.ts';
import { strided } from './model/strided.ts';
import { contrastive } from './objective/contrastive.ts';
import { joint } from './objective/joint.ts';
import { masked } from './objective/masked.ts';
import { nGrams } from './objective/n-grams.ts';
import { nextStep } from './objective/next-step.ts';
import type { Objective } from './objective/objective.ts';
import { supervised } from './objective/supervised/supervised.ts';
import { windowOrder } from './objective/window-order.ts';
import { adamw } from './optimizer/adamw.ts';
import { sgd } from './optimizer/sgd.ts';

const BUILT_IN: readonly Definition[] = [
  ...[reference, dilated, causal, resnet, inception, modernTcn, strided, latentGrams],
  ...[supervised, masked, nextStep, contrastive, nGrams, windowOrder, joint],
  ...[adamw, sgd],
];

export class Registry {
  readonly #models = new Map<string, ModelDefinition>();
  readonly #objectives = new Map<string, ObjectiveDefinition>();
  readonly #optimizers = new Map<string, OptimizerDefinition>();

  constructor(definitions: Iterable<Definition> = BUILT_IN) {
    for (const definition of definitions) this.register(definition);
  }

  /**
   * Makes a definition known; the same one twice is one.
   * @throws LockstepError EXTENSION_INVALID when another definition has its name
   */
  register(definition: Definition): void {
    const { defines } = definition;
    if (defines === 'model') add(this.#models, defines, definition.family, definition);
    else if (defines === 'objective') add(this.#objectives, defines, definition.kind, definition);
    else add(this.#optimizers, defines, definition.kind, definition);
  }

  /** What a configuration is checked against. */
  choices(): Registered {
    return {
      models: alternatives(this.#models),
      objectives: alternatives(this.#objectives),
      optimizers: alternatives(this.#optimizers),
    };
  }

  /** The objectives that need no labels. */
  pretexts(): readonly Alternative[] {
    return alternatives(this.#objectives).filter(
      ({ name }) => !this.#objectives.get(name)!.needs.labels,
    );
  }

  /** @throws LockstepError CONFIG_INVALID for a family that nobody registered */
  makeModel({ family, initialWeights: _, ...options }: ModelConfig, facts: DataFacts): Model {
    return find(this.#models, 'model.family', family).build(options, facts);
  }

  /** Families that are causal on such data with the defaults of their options. */
  causalFamilies(facts: DataFacts): string[] {
    return [...this.#models.values()]
      .filter((definition) => isCausalByDefault(definition, facts))
      .map(({ family }) => family);
  }

  /** @throws LockstepError CONFIG_INVALID for a kind that nobody registered */
  needs({ kind, ...options }: ObjectiveConfig): ObjectiveNeeds {
    const definition = find(this.#objectives, 'objective.kind', kind);
    return definition.needsOf?.(options) ?? definition.needs;
  }

  /**
   * @param seed the run's
   * @throws LockstepError CONFIG_INVALID for a kind that nobody registered
   */
  makeObjective({ kind, ...options }: ObjectiveConfig, facts: PhaseFacts, seed: number): Objective {
    return find(this.#objectives, 'objective.kind', kind).build(options, facts, seed);
  }

  /** @throws LockstepError CONFIG_INVALID for a kind that nobody registered */
  makeUpdateRule({ kind, groups: _, ...options }: OptimizerConfig): UpdateRule {
    return find(this.#optimizers, 'optimizer.kind', kind).build(options);
  }
}

/** The one of this process or thread. */
export const registry = new Registry();

function add<D>(known: Map<string, D>, what: string, name: string, definition: D): void {
  const before = known.get(name);
  if (before !== undefined && before !== definition) {
    throw new LockstepError(
      'EXTENSION_INVALID',
      `There are two definitions of the ${what} "${name}".`,
      'Give one of them another name; those of the built-in ones are taken.',
    );
  }
  known.set(name, definition);
}

function find<D>(known: ReadonlyMap<string, D>, key: string, name: string): D {
  const found = known.get(name);
  if (found !== undefined) return found;
  const names = [...known.keys()];
  throw new LockstepError(
    'CONFIG_INVALID',
    `${key} is "${name}"; known: ${names.map((known) => `"${known}"`).join(', ')}.${didYouMean(name, names)}`,
    'Choose one of them, or give the extension that defines it.',
  );
}

function alternatives(
  known: ReadonlyMap<string, { readonly options: Alternative['options'] }>,
): Alternative[] {
  return [...known].map(([name, { options }]) => ({ name, options }));
}

function isCausalByDefault(definition: ModelDefinition, facts: DataFacts): boolean {
  const defaults = definition.options.safeParse({});
  if (!defaults.success) return false;
  try {
    return definition.build(defaults.data, facts).isCausal;
  } catch (thrown) {
    if (thrown instanceof LockstepError) return false; // It doesn't fit these data.
    throw thrown;
  }
}
