/** One writer at a time for a dataset's folder or a file of results. */

import { readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { tidyAfterCrash } from './atomic-folder.ts';
import { writeFailure } from './file-error.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { isLockName, LOCK_FILE } from './lock-file.ts';
import { makeFolders } from './make-folders.ts';
import { removeFileQuietly } from './remove-quietly.ts';
import { systemErrorCode } from './system-error.ts';

/**
 * Runs `write` while no other process writes `target`, after removing what a writer that died left beside it.
 * @param called the target in the words of its user, for errors
 * @throws LockstepError RUN_LOCKED while another process writes it; what `write` throws
 */
export async function withLockedTarget<Result>(
  target: string,
  called: string,
  write: () => Promise<Result>,
): Promise<Result> {
  const [parent, name] = [dirname(resolve(target)), basename(resolve(target))];
  const folder = join(parent, `.${name}.writing`);
  const lock = lockOf(folder, called);
  try {
    await tidyAfterCrash(parent, name);
    return await write();
  } finally {
    removeUnfinished(folder);
    lock.release();
    removeEmpty(folder);
  }
}

const ATTEMPTS = 100;

/** The one before may remove the folder just when we want to lock it. */
function lockOf(folder: string, called: string): FolderLock {
  for (let attempt = 1; ; attempt++) {
    try {
      makeFolders(folder);
      return lockFolder(folder, { target: called });
    } catch (thrown) {
      if (systemErrorCode(thrown) === 'ENOENT' && attempt < ATTEMPTS) continue;
      removeEmpty(folder);
      throw writeFailure(thrown, called, 0);
    }
  }
}

/** Locks on their way, of writers that died. One that lives makes its own anew: see `lockOf`. */
function removeUnfinished(folder: string): void {
  try {
    const names = readdirSync(folder).filter((name) => name !== LOCK_FILE && isLockName(name));
    for (const name of names) removeFileQuietly(join(folder, name));
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
  }
}

/** Another writer may be in it, and what the disk keeps harms nobody. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
  }
}
