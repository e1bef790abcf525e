/** Executes one extension and registers what it defines. */
import { writeSync } from 'node:fs';
import { LockstepError } from '../core/errors.ts';
import { importers } from '../importer/registry.ts';
import { isDefinition } from '../nn/define.ts';
import { registry } from '../nn/registry.ts';
import { isImporter } from '../source/define-importer.ts';
import { executeModule } from './execute-module.ts';
import { extensionInvalid } from './extension-invalid.ts';
import {
  addExtension,
  type Extension,
  type ExtensionDefinition,
  loadedExtensions,
  loadedFrom,
  nameOf,
} from './loaded.ts';
import type { LoadingGuard } from './loading-guard.ts';
import { readSourceGraph } from './source-graph.ts';

const EXAMPLE = 'Add one, such as `export default defineModel({ … })`.';

/** @throws LockstepError EXTENSION_INVALID */
export async function loadExtension(given: string, guard?: LoadingGuard): Promise<Extension> {
  const graph = await readSourceGraph(given);
  const { path, sha256 } = graph;
  const exports = await untilItReturns(path, () => executeModule(graph, guard));
  const known = loadedFrom(path);
  if (known !== undefined) return known;
  const definitions = definitionsOf(exports);
  if (definitions.length === 0) {
    throw extensionInvalid(path, 'it exports no model, objective or importer', EXAMPLE);
  }
  for (const definition of definitions) registerFrom(path, definition);
  const extension = { path, sha256, definitions };
  addExtension(extension);
  return extension;
}

/** A module that ends the process, or waits for ever, would end the command without a word and with code 0. */
async function untilItReturns(path: string, execute: () => Promise<object>): Promise<object> {
  const tell = (code: number): void => {
    // A signal has its own code, and its own line.
    if (code > 1) return;
    const error = extensionInvalid(
      path,
      'it ended the process while it was loaded, or waits for something that never comes',
      'Remove its calls of process.exit, and every await that nothing resolves.',
    );
    writeSync(2, `${error.toLine()}\n`);
    process.exitCode = error.exitCode;
  };
  process.once('exit', tell);
  try {
    return await execute();
  } finally {
    process.off('exit', tell);
  }
}

/** Every export that is a definition, and every definition in an exported list, once. */
function definitionsOf(exports: object): ExtensionDefinition[] {
  const candidates = Object.values(exports).flat() as unknown[];
  return [...new Set(candidates.filter(isExtensionDefinition))];
}

const isExtensionDefinition = (value: unknown): value is ExtensionDefinition =>
  isDefinition(value) || isImporter(value);

function registerFrom(path: string, definition: ExtensionDefinition): void {
  const { defines } = definition;
  const name = nameOf(definition);
  const twin = loadedExtensions().find(({ definitions }) =>
    definitions.some((other) => other.defines === defines && nameOf(other) === name),
  );
  try {
    if (definition.defines === 'importer') importers.register(definition);
    else registry.register(definition);
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    const where = twin === undefined ? 'Lockstep itself has one' : `${twin.path} has one, too`;
    const advice = `Give it another name than "${name}".`;
    throw extensionInvalid(
      path,
      `there are two definitions of the ${defines} "${name}": ${where}`,
      advice,
      thrown,
    );
  }
}
