/**
 * Folders for what lives no longer than a command: sockets, keys, graphs. Only this user may look into one. Its maker
 * holds its lock, so that a later command of this user recognises the folder of a dead one, and removes it.
 */
import { lstatSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from './errors.ts';
import { type FolderLock, hasDeadOwner, lockFolder } from './folder-lock.ts';
import { removeQuietlySync } from './remove-quietly.ts';
import { systemProblem } from './system-error.ts';

const PREFIX = 'lockstep-';
/** Of a folder of any purpose; mkdtemp adds six characters. */
const NAME = /^lockstep-([a-z]+-)*[A-Za-z0-9]{6}$/;

const held = new Map<string, FolderLock>();
const tidied = new Set<string>();

/**
 * A new folder with mode 0700.
 * @param purpose for people who look into the parent folder: some small letters, or none
 * @param parent @default the system's temporary folder, see TMPDIR
 * @throws LockstepError USAGE, OUT_OF_RESOURCES; INSECURE for a parent where others may replace it
 */
export function makeTemporaryFolder(purpose = '', parent = tmpdir()): string {
  const folder = newFolderIn(parent, purpose);
  try {
    held.set(folder, lockFolder(folder));
    return folder;
  } catch (thrown) {
    removeQuietlySync(folder);
    throw explained(thrown, parent);
  }
}

function newFolderIn(parent: string, purpose: string): string {
  try {
    refuseOpenParent(parent);
    if (!tidied.has(parent)) {
      tidyTemporaryFolders(parent);
      tidied.add(parent);
    }
    return mkdtempSync(temporaryPrefix(purpose, parent));
  } catch (thrown) {
    throw explained(thrown, parent);
  }
}

function explained(thrown: unknown, parent: string): unknown {
  const problem = systemProblem(thrown);
  if (problem === undefined) return thrown;
  return new LockstepError(
    problem.code,
    `Cannot make a folder in the temporary folder "${parent}": ${problem.reason}.`,
    'Set TMPDIR to a folder that you may write to, on a disk with some free space.',
    { cause: thrown },
  );
}

const ALL_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Where every user may rename what others made, one could put another folder in the place of ours, with sockets and keys.
 * @throws LockstepError INSECURE
 */
function refuseOpenParent(parent: string): void {
  const { mode } = statSync(parent);
  if ((mode & ALL_WRITE) === 0 || (mode & STICKY) !== 0) return;
  throw new LockstepError(
    'INSECURE',
    `Cannot keep sockets and keys in the temporary folder "${parent}": every user may replace what lies there, since it is open to all without a sticky bit.`,
    `Set TMPDIR to a folder of your own, or let its owner run: chmod +t ${parent}`,
  );
}

/** The path of a folder before the characters that make it new. */
export function temporaryPrefix(purpose: string, parent: string): string {
  return join(parent, `${PREFIX}${purpose === '' ? '' : `${purpose}-`}`);
}

/**
 * Removes the folder and what is in it; it may be gone already, and another process may have made it. A disk that refuses
 * is no error, which would hide why the caller ends: a later command tidies.
 */
export function removeTemporaryFolder(folder: string): void {
  removeQuietlySync(folder);
  held.get(folder)?.release();
  held.delete(folder);
}

/** Removes the folders of this user's dead processes, such as those that were killed. */
export function tidyTemporaryFolders(parent: string): void {
  for (const name of readdirSync(parent)) {
    const folder = join(parent, name);
    if (NAME.test(name) && isLeftBehind(folder)) removeQuietlySync(folder);
  }
}

function isLeftBehind(folder: string): boolean {
  try {
    const stats = lstatSync(folder);
    const isOwn = stats.isDirectory() && stats.uid === process.geteuid?.();
    // One that is only just made has no lock yet.
    return isOwn && (stats.mode & 0o077) === 0 && hasDeadOwner(folder);
  } catch {
    // Its owner or another process removes it just now.
    return false;
  }
}
