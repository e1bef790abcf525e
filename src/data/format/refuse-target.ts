/** Guards the place where a store will be written. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { MANIFEST_FILE } from './file-names.ts';

/**
 * @throws LockstepError USAGE unless `target` is free, or `overwrite` is asked for and it is a store or an
 * empty folder: a path mistaken for a store's must not cost a person's files.
 */
export async function refuseTarget(target: string, overwrite: boolean): Promise<void> {
  if (!(await exists(target))) return;
  if (!overwrite) {
    throw new LockstepError(
      'USAGE',
      `Cannot write a dataset to "${target}": it exists already.`,
      'Choose another folder, or replace it with --overwrite.',
    );
  }
  if ((await exists(join(target, MANIFEST_FILE))) || (await isEmptyFolder(target))) return;
  throw new LockstepError(
    'USAGE',
    `Cannot overwrite "${target}": it holds no ${MANIFEST_FILE}, so it is not a dataset.`,
    'Choose another folder, or remove this one yourself.',
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

async function isEmptyFolder(path: string): Promise<boolean> {
  return (await lstat(path)).isDirectory() && (await readdir(path)).length === 0;
}
