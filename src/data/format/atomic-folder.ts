/**
 * A folder that appears whole or not at all: it is written under a temporary name beside its target, made
 * durable, then renamed.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LockstepError } from '../../core/errors.ts';

export interface AtomicFolderOptions {
  /** Replace a target that holds `marker`. */
  readonly overwrite: boolean;
  /** A file that shows that an existing folder is of the kind that may be replaced. */
  readonly marker: string;
}

/**
 * Calls `fill` with an empty folder and gives that folder the name `target` afterwards; when `fill` fails
 * the folder is removed and an existing target stays as it was.
 * @throws LockstepError USAGE when the target exists and may not be replaced.
 */
export async function writeFolderAtomically<Result>(
  target: string,
  options: AtomicFolderOptions,
  fill: (folder: string) => Promise<Result>,
): Promise<Result> {
  await refuseExisting(target, options);
  const path = resolve(target);
  const temporary = siblingName(path, 'partial');
  await mkdir(temporary, { recursive: true });
  try {
    const result = await fill(temporary);
    await syncFolder(temporary);
    await refuseExisting(target, options);
    await moveIntoPlace(temporary, path);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Throws unless `target` is free or may be replaced. */
export async function refuseExisting(target: string, options: AtomicFolderOptions): Promise<void> {
  const path = resolve(target);
  if (!(await exists(path))) return;
  if (!options.overwrite) {
    throw new LockstepError(
      'USAGE',
      `Cannot write a dataset to "${target}": it exists already.`,
      'Choose another folder, or ask for it to be overwritten.',
    );
  }
  const stranger = !(await exists(join(path, options.marker))) && !(await isEmptyFolder(path));
  if (stranger) {
    throw new LockstepError(
      'USAGE',
      `Cannot overwrite "${target}": it holds no ${options.marker}, so it is not a dataset.`,
      'Choose another folder, or remove this one yourself.',
    );
  }
}

/** An existing target steps aside first: a crash in between leaves it, whole, under its temporary name. */
async function moveIntoPlace(temporary: string, path: string): Promise<void> {
  const aside = siblingName(path, 'replaced');
  const replaces = await exists(path);
  if (replaces) await rename(path, aside);
  try {
    await rename(temporary, path);
  } catch (error) {
    if (replaces) await rename(aside, path);
    throw error;
  }
  await syncFolder(dirname(path));
  if (replaces) await rm(aside, { recursive: true, force: true });
}

function siblingName(path: string, what: string): string {
  return join(dirname(path), `.${basename(path)}.${what}-${randomBytes(6).toString('hex')}`);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function isEmptyFolder(path: string): Promise<boolean> {
  return (await lstat(path)).isDirectory() && (await readdir(path)).length === 0;
}
