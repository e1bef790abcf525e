import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeFailure } from './file-error.ts';
import { removeFileQuietly } from './remove-quietly.ts';
import { syncNamesNow } from './sync-names.ts';

/**
 * Writes a file of one of our folders completely or not at all, also when the machine stops. What a killed process leaves
 * has the name that `tidyAfterCrash` looks for. A link, pipe or device of that name is replaced: it may lead to any file
 * of this user's, or keep the process for ever.
 * @param mode of the file, before the process's umask
 * @throws LockstepError USAGE, OUT_OF_RESOURCES: what was there before is unharmed, and nothing is left beside it
 */
export function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): void {
  const unique = randomBytes(6).toString('hex');
  const temporary = join(dirname(path), `.${basename(path)}.tmp-${unique}`);
  try {
    writeSynced(temporary, content, mode);
    renameSync(temporary, path);
    syncNamesNow(dirname(path));
  } catch (thrown) {
    removeFileQuietly(temporary);
    throw writeFailure(thrown, path, 0);
  }
}

function writeSynced(path: string, content: string | Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
