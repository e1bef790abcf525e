/**
 * Folders and files that only this user can have written. What Lockstep remembers between runs is read through here, so
 * that another user of the host cannot put words into its memory.
 */

import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { makeFolders } from './make-folders.ts';

/** Rights to write, of the group and of all. */
const FOREIGN_WRITES = 0o022;
const ALL_WRITE = 0o002;

/** The folder of this user's caches by the XDG base directory specification, which ignores paths that are not absolute. */
export function cacheFolder(environment: Readonly<NodeJS.ProcessEnv>): string {
  const { XDG_CACHE_HOME: folder = '' } = environment;
  return join(isAbsolute(folder) ? folder : join(homedir(), '.cache'), 'lockstep');
}

/**
 * Makes a folder in which only this user can write. One that is there must be this user's, and no link.
 * @throws Error that says whose it is; the file system's error
 */
export function makeOwnFolder(path: string): void {
  makeFolders(path, 0o700);
  const stats = lstatSync(path);
  if (!stats.isDirectory()) throw new Error(`"${path}" is no folder`);
  refuseForeignOwner(path, stats);
  if ((stats.mode & FOREIGN_WRITES) !== 0) chmodSync(path, 0o700);
}

/**
 * The text of a file that only this user can have written.
 * @throws Error that says who else could; the file system's error, ELOOP for a link
 */
export function readOwnFile(path: string): string {
  // Non-blocking: a named pipe would wait for a writer for ever.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`"${path}" is no file`);
    refuseForeignOwner(path, stats);
    if ((stats.mode & FOREIGN_WRITES) !== 0) throw new Error(`others may write to "${path}"`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * Whose words a file that Lockstep found by itself may be: another user's who made it or its link, or anyone's. Undefined
 * where it belongs to this user or to root. Its group may write to it, as where a team shares a folder.
 */
export function foreignAuthor(path: string): string | undefined {
  const own = process.geteuid?.();
  const [named, facts] = [lstatSync(path), statSync(path)];
  const foreign = [named, facts].find(({ uid }) => own !== undefined && uid !== own && uid !== 0);
  if (foreign !== undefined) return `it belongs to the user ${foreign.uid}`;
  return (facts.mode & ALL_WRITE) === 0 ? undefined : 'every user may write to it';
}

function refuseForeignOwner(path: string, { uid }: Stats): void {
  const own = process.geteuid?.();
  if (own !== undefined && uid !== own) {
    throw new Error(`"${path}" belongs to the user ${uid}, not to ${own}`);
  }
}
