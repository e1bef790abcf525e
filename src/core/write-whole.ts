import { renameSync, writeFileSync } from 'node:fs';
import { writeFailure } from './file-error.ts';

/**
 * Writes a file completely or not at all.
 * @throws LockstepError USAGE, OUT_OF_RESOURCES
 */
export function writeWhole(path: string, text: string): void {
  try {
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}
