/** The file of a folder's lock: opening it without following links, and removing it without a race. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { LockstepError } from './errors.ts';
import { factsOf, readTextSync, refuseOther } from './read-file.ts';
import { systemErrorCode } from './system-error.ts';

export const LOCK_FILE = 'lock';

/** Whether a name is that of a lock, or of a lock on its way. */
export const isLockName = (name: string): boolean => /^lock(\.\d+-[0-9a-f]{8})?$/.test(name);

/** A name beside the lock that `isLockName` knows. */
export const uniqueSibling = (path: string) =>
  `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;

/** Undefined where there is none. */
export function openExisting(path: string): number | undefined {
  try {
    // NFS locks only what is open for writing.
    return openOwnerFile(path, constants.O_RDWR);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    if (systemErrorCode(thrown) !== 'EACCES') throw thrown;
    return openOwnerFile(path, constants.O_RDONLY);
  }
}

/** Undefined for one that cannot be read, too. */
export function openReadable(path: string): number | undefined {
  try {
    return openExisting(path);
  } catch (thrown) {
    if (thrown instanceof LockstepError || systemErrorCode(thrown) !== undefined) return undefined;
    throw thrown;
  }
}

const NO_FILE: readonly string[] = ['EISDIR', 'ELOOP', 'ENXIO', 'ERR_NOT_A_FILE'];

/** A link is no lock: one that leads nowhere could be neither made nor taken over. */
function openOwnerFile(path: string, access: number): number {
  let file: number | undefined;
  try {
    file = openSync(path, access | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    refuseOther(path, factsOf(file));
    return file;
  } catch (thrown) {
    if (file !== undefined) closeSync(file);
    throw NO_FILE.includes(systemErrorCode(thrown) ?? '') ? noLock(path, thrown) : thrown;
  }
}

/** Whether the open file still has its name. */
export function isStill(path: string, file: number): boolean {
  const [open, named] = [fstatSync(file), statSync(path, { throwIfNoEntry: false })];
  return named !== undefined && open.ino === named.ino && open.dev === named.dev;
}

/** Moves the lock away before it is removed: two that take over at once can't remove each other's new one. */
export function removeStale(path: string, stale: string): void {
  const aside = uniqueSibling(path);
  try {
    renameSync(path, aside);
    if (readText(aside) !== stale) linkSync(aside, path);
  } catch (thrown) {
    if (!['ENOENT', 'EEXIST'].includes(systemErrorCode(thrown) ?? '')) throw thrown;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Undefined for a lock that is gone or cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readTextSync(path);
  } catch (thrown) {
    if (systemErrorCode(thrown) !== undefined) return undefined;
    throw thrown;
  }
}

function noLock(path: string, cause: unknown): LockstepError {
  return new LockstepError(
    'USAGE',
    `Cannot use "${dirname(path)}": "${path}" is no file, which a lock must be.`,
    'Remove it, or choose another folder.',
    { cause },
  );
}
