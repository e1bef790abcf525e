/** Folders as `mkdir -p` makes them; Node's own recursive mkdir never returns below /proc. */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LockstepError } from './errors.ts';
import { systemErrorCode } from './system-error.ts';

/**
 * Makes a folder and those above it.
 * @returns the ones that were not there, outermost first
 * @throws LockstepError USAGE where the file system takes no folder; other errors of the file system as they are
 */
export function makeFolders(path: string): string[] {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    for (const folder of missing) if (makeFolder(folder)) made.push(folder);
  } catch (thrown) {
    removeFolders(made);
    throw systemErrorCode(thrown) === 'ENOENT' ? takesNone(path, thrown) : thrown;
  }
  return made;
}

/** Removes folders that `makeFolders` made, as far as they are empty. */
export function removeFolders(made: readonly string[]): void {
  try {
    for (const folder of made.toReversed()) rmdirSync(folder);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
  }
}

/** False when another process was first. */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

function takesNone(path: string, cause: unknown): LockstepError {
  return new LockstepError(
    'USAGE',
    `Cannot make the folder "${path}": the file system there takes no folders (ENOENT).`,
    'Choose a folder that you may write to.',
    { cause },
  );
}
