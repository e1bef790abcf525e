/**
 * Folders as `mkdir -p` makes them, whose names outlast a loss of power. Node's own recursive mkdir never returns below
 * /proc, and says ENOENT where a disk is read-only or broken.
 */
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LockstepError } from './errors.ts';
import { syncNames, syncNamesNow } from './sync-names.ts';
import { systemErrorCode } from './system-error.ts';

/**
 * Makes a folder and those above it.
 * @param mode of those that it makes, before the process's umask
 * @returns the ones that were not there, outermost first
 * @throws LockstepError USAGE where the file system takes no folder; other errors of the file system as they are
 */
export function makeFolders(path: string, mode = 0o777): string[] {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  const made: string[] = [];
  // Says EEXIST.
  if (missing.length === 0 && !statSync(path).isDirectory()) mkdirSync(path);
  try {
    for (const folder of missing) if (makeFolder(folder, mode)) made.push(folder);
  } catch (thrown) {
    removeFolders(made);
    throw systemErrorCode(thrown) === 'ENOENT' ? takesNone(path, thrown) : thrown;
  }
  return made;
}

/**
 * Makes a folder and those above it, where they are absent, for those whose thread must not wait for a disk.
 * @throws the file system's error
 */
export async function ensureFolders(path: string): Promise<void> {
  try {
    await ensureFolder(path);
  } catch (thrown) {
    const parent = dirname(path);
    if (systemErrorCode(thrown) !== 'ENOENT' || parent === path) throw thrown;
    await ensureFolders(parent);
    await ensureFolder(path);
  }
}

async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
    await syncNames(dirname(path));
  } catch (thrown) {
    const isThere = systemErrorCode(thrown) === 'EEXIST' && (await stat(path)).isDirectory();
    if (!isThere) throw thrown;
  }
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
function makeFolder(folder: string, mode: number): boolean {
  try {
    mkdirSync(folder, { mode });
    syncNamesNow(dirname(folder));
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
