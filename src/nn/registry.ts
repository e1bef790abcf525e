/** What a configuration can choose by name: the built-in models, objectives and optimizers, and registered ones. */
import { LockstepError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type {
  Definition,
  ModelDefinition,
  ObjectiveDefinition,
  OptimizerDefinition,
} from './define.ts';

export class Registry {
  readonly #models = new Map<string, ModelDefinition>();
  readonly #objectives = new Map<string, ObjectiveDefinition>();
  readonly #optimizers = new Map<string, OptimizerDefinition>();

  constructor(definitions: Iterable<Definition> = []) {
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

  /** @throws LockstepError CONFIG_INVALID for a family that nobody registered */
  model(family: string): ModelDefinition {
    return find(this.#models, 'model.family', family);
  }

  /** @throws LockstepError CONFIG_INVALID for a kind that nobody registered */
  objective(kind: string): ObjectiveDefinition {
    return find(this.#objectives, 'objective.kind', kind);
  }

  /** @throws LockstepError CONFIG_INVALID for a kind that nobody registered */
  optimizer(kind: string): OptimizerDefinition {
    return find(this.#optimizers, 'optimizer.kind', kind);
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
      'Give one of them another name; the built-in names are taken.',
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
