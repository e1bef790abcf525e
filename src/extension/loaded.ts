/** The extensions that this process or thread has loaded. */

import type { Definition } from '../nn/define.ts';
import type { ImporterDefinition } from '../source/define-importer.ts';

export type ExtensionDefinition = Definition | ImporterDefinition;

export interface Extension {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Of the module and of the files that it imports by relative paths. */
  readonly sha256: string;
  readonly definitions: readonly ExtensionDefinition[];
}

const loaded = new Map<string, Extension>();

/** In the order of loading. */
export function loadedExtensions(): readonly Extension[] {
  return [...loaded.values()];
}

export function loadedFrom(path: string): Extension | undefined {
  return loaded.get(path);
}

export function addExtension(extension: Extension): void {
  loaded.set(extension.path, extension);
}

/** What a process or thread of ours is told to load: it must find what the one that started it found. */
export interface ExtensionReference {
  readonly path: string;
  readonly sha256: string;
}

/** Of some extensions, to cross to another process or thread. */
export function referencesTo(extensions: readonly Extension[]): ExtensionReference[] {
  return extensions.map(({ path, sha256 }) => ({ path, sha256 }));
}

/** What a configuration or a command line calls it. */
export function nameOf(definition: ExtensionDefinition): string {
  return definition.defines === 'model' ? definition.family : definition.kind;
}
