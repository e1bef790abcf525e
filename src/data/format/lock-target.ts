/** One writer at a time for a dataset's folder. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { tidyAfterCrash } from '../../core/atomic-folder.ts';
import { LockstepError } from '../../core/errors.ts';
import { writeFailure } from '../../core/file-error.ts';
import { type FolderLock, lockFolder } from '../../core/folder-lock.ts';
import { systemErrorCode } from '../../core/system-error.ts';

/**
 * Runs `write` while no other process writes `target`, after removing what a writer that died left beside it.
 * @throws LockstepError RUN_LOCKED while another process writes it; what `write` throws
 */
export async function withLockedTarget<Result>(
  target: string,
  write: () => Promise<Result>,
): Promise<Result> {
  const [parent, name] = [dirname(resolve(target)), basename(resolve(target))];
  const folder = join(parent, `.${name}.writing`);
  const lock = lockOf(folder, target);
  try {
    await tidyAfterCrash(parent, name);
    return await write();
  } finally {
    lock.release();
    removeEmpty(folder);
  }
}

const ATTEMPTS = 100;

/** The one before may remove the folder just when we want to lock it. */
function lockOf(folder: string, target: string): FolderLock {
  for (let attempt = 1; ; attempt++) {
    try {
      mkdirSync(folder, { recursive: true });
      return lockFolder(folder);
    } catch (thrown) {
      if (systemErrorCode(thrown) === 'ENOENT' && attempt < ATTEMPTS) continue;
      throw refusal(thrown, target);
    }
  }
}

function refusal(thrown: unknown, target: string): unknown {
  if (!(thrown instanceof LockstepError)) return writeFailure(thrown, target, 0);
  const advice = 'Wait until it ends, or choose another folder.';
  return new LockstepError(thrown.code, thrown.message, advice, { cause: thrown });
}

/** The next writer may be in it already, and what the disk keeps harms nobody. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
  }
}
