/**
 * Extensions: modules of the user's own that define models, objectives or importers. Their paths come from the
 * command line or from `lockstep.config.ts`, and from nowhere else: no run, store or configuration names code.
 */
import { LockstepError } from '../core/errors.ts';
import type { ExtensionReference } from './loaded.ts';
import type { LoadingGuard } from './loading-guard.ts';

export interface ExtensionOptions {
  /**
   * Paths of modules that define models, objectives or importers; a process keeps those that it has loaded.
   * @default none
   */
  readonly extensions?: readonly string[] | undefined;
}

/**
 * Executes extensions and registers what they define; one that is loaded already stays as it is.
 * @param paths of the modules, relative to the current folder
 * @param guard what watches one that never returns. @default none
 * @throws LockstepError EXTENSION_INVALID, naming the file and, where there is one, the line
 */
export async function loadExtensions(
  paths: readonly string[],
  guard?: LoadingGuard,
): Promise<void> {
  if (paths.length === 0) return;
  // What most commands and workers never need.
  const { loadExtension } = await import('./load-extension.ts');
  for (const path of paths) await loadExtension(path, guard);
}

/** In a program of ours. @throws LockstepError EXTENSION_MISMATCH for one that has changed in the meantime; what `loadExtensions` does */
export async function loadReferences(references: readonly ExtensionReference[]): Promise<void> {
  if (references.length === 0) return;
  const { loadExtension } = await import('./load-extension.ts');
  const { guardLoading } = await import('./loading-guard.ts');
  for (const { path, sha256 } of references) {
    const found = await loadExtension(path, guardLoading);
    if (found.sha256 === sha256) continue;
    throw new LockstepError(
      'EXTENSION_MISMATCH',
      `The extension ${path} has changed since the command began.`,
      'Leave it as it is while a command runs, and give the command again.',
    );
  }
}
