import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeFailure } from './file-error.ts';
import { realPath } from './real-path.ts';

/**
 * Writes a file completely or not at all, also when the machine stops. What a killed process leaves has the name that
 * `tidyAfterCrash` looks for. A device or a pipe, such as /dev/null, is written to as it is, and a link stays one.
 * @param mode of the file, before the process's umask
 * @throws LockstepError USAGE, OUT_OF_RESOURCES: what was there before is unharmed, and nothing is left beside it
 */
export function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): void {
  const unique = randomBytes(6).toString('hex');
  const whole = realPath(path);
  const temporary = join(dirname(whole), `.${basename(whole)}.tmp-${unique}`);
  try {
    if (isNoFile(whole)) {
      writeFileSync(whole, content);
    } else {
      writeSynced(temporary, content, mode);
      renameSync(temporary, whole);
    }
  } catch (thrown) {
    removeQuietly(temporary);
    throw writeFailure(thrown, path, 0);
  }
}

/** Whether something is there whose place a file must not take. */
const isNoFile = (path: string): boolean =>
  !(statSync(path, { throwIfNoEntry: false })?.isFile() ?? true);

function writeSynced(path: string, content: string | Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The first failure is the one to tell. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Tidied by the next owner of the folder.
  }
}
