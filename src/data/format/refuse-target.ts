/** Guards the path at which a store will be written. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { MANIFEST_FILE } from './file-names.ts';

/**
 * Refuses a target that a store must not replace: a mistyped path must not cost a person's files.
 * @throws LockstepError USAGE unless `target` is free, or `overwrite` is set and `target` is a store or an
 * empty folder
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
