/**
 * What a folder lists and nobody can open: links to nothing, and names that are no UTF-8, such as those of old archives.
 * Node shows their bytes as U+FFFD, and the name with it is that of no file.
 */
import { lstatSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { LockstepError } from '../../core/errors.ts';

/** Whether a name that a folder has listed is such a one. */
export function isNoUtf8Name(path: string): boolean {
  return (
    basename(path).includes('\uFFFD') && lstatSync(path, { throwIfNoEntry: false }) === undefined
  );
}

export const noUtf8Name = (path: string): LockstepError =>
  new LockstepError(
    'DATA_INVALID',
    `Cannot import from "${path}": its name is not UTF-8, so it cannot be opened.`,
    'Give it a name in UTF-8: "convmv -f latin1 -t utf8 -r FOLDER" shows what it would rename.',
  );

/**
 * Refuses a part of a table that cannot be opened: its rows would be missing.
 * @throws LockstepError DATA_INVALID
 */
export function refuseUnusablePart(path: string): void {
  if (isNoUtf8Name(path)) throw noUtf8Name(path);
  try {
    statSync(path);
  } catch (thrown) {
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import from "${path}": it is a link to nothing, so rows of the table would be missing.`,
      'Fetch what it leads to, as "git annex get" or "dvc pull" do, or remove the link.',
      { cause: thrown },
    );
  }
}
