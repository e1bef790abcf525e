/** What keeps a name over a loss of power: fsync of the folder that it is in. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemErrorCode } from './system-error.ts';

/** fsync of a file or folder by its path. @throws the file system's error */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * fsync of a folder in which something whole has just got its name. False when the disk refuses, or the user may not
 * read the folder: only a loss of power before the system's own next write could then take the name away.
 */
export async function syncNames(folder: string): Promise<boolean> {
  try {
    await syncPath(folder);
    return true;
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return false;
  }
}

/** The same for those who wait for the disk. */
export function syncNamesNow(folder: string): boolean {
  try {
    const file = openSync(folder, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return false;
  }
}
