/**
 * Extensions as a part of a run's identity: those that define what its configuration names. Their hashes are in
 * the hash that workers compare when they join, in the run's folder and in every checkpoint.
 */
import { basename } from 'node:path';
import type { ExtensionRecord } from '../config/extension-record.ts';
import { hashConfig } from '../config/load.ts';
import type { RunConfig } from '../config/run-config.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { LockstepError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { type Extension, type ExtensionDefinition, loadedExtensions, nameOf } from './loaded.ts';

/** The loaded extensions that define what a configuration names, in the order of their hashes. */
export function extensionsOf({ model, phases }: NamedKinds): Extension[] {
  const named = new Set([
    `model ${model.family}`,
    ...phases.flatMap(({ objective, optimizer }) => [
      `objective ${objective.kind}`,
      `optimizer ${optimizer.kind}`,
    ]),
  ]);
  const used = loadedExtensions().filter(({ definitions }) =>
    definitions.some((definition) => named.has(titleOf(definition))),
  );
  return used.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

type NamedKinds = {
  readonly model: { readonly family: string };
  readonly phases: readonly {
    readonly objective: { readonly kind: string };
    readonly optimizer: { readonly kind: string };
  }[];
};

/** The one that a definition comes from; undefined for a built-in one. */
export function extensionOf(definition: ExtensionDefinition): Extension | undefined {
  return loadedExtensions().find(({ definitions }) => definitions.includes(definition));
}

export function recordOf({ path, sha256, definitions }: Extension): ExtensionRecord {
  return { name: basename(path), sha256, defines: definitions.map(titleOf).sort() };
}

/** Hash of configuration and extensions: equal hashes, equal runs. */
export function hashRun(config: RunConfig): string {
  const hashes = extensionsOf(config).map(({ sha256 }) => sha256);
  if (hashes.length === 0) return hashConfig(config);
  return sha256(canonicalJson({ config, extensions: hashes }));
}

/**
 * @param whose what was made with these extensions, for errors: `The run "runs/a"`
 * @throws LockstepError EXTENSION_MISMATCH when one of them is not loaded, or is another one now
 */
export function requireExtensions(records: readonly ExtensionRecord[], whose: string): void {
  for (const record of records) {
    const loaded = loadedExtensions();
    if (loaded.some(({ sha256 }) => sha256 === record.sha256)) continue;
    const twin = loaded.find(({ definitions }) =>
      definitions.some((definition) => record.defines.includes(titleOf(definition))),
    );
    throw twin === undefined ? missing(record, whose) : changed(record, twin, whose);
  }
}

function missing({ name, sha256, defines }: ExtensionRecord, whose: string): LockstepError {
  return new LockstepError(
    'EXTENSION_MISMATCH',
    `${whose} needs the extension ${name} (${defines.join(', ')}; SHA-256 ${short(sha256)}), which is not given.`,
    `Give its path: --extension path/to/${name}.`,
  );
}

function changed(
  record: ExtensionRecord,
  { path, sha256 }: Extension,
  whose: string,
): LockstepError {
  return new LockstepError(
    'EXTENSION_MISMATCH',
    `${whose} was made with another version of the extension ${path}: SHA-256 ${short(record.sha256)} then, ${short(sha256)} now.`,
    'Restore the file and the files that it imports, or train anew with what it is now.',
  );
}

const short = (hash: string) => `${hash.slice(0, 12)}…`;

/** `model strided`. */
function titleOf(definition: ExtensionDefinition): string {
  return `${definition.defines} ${nameOf(definition)}`;
}
