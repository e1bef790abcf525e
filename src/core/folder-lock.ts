/**
 * One process at a time owns a folder. A file `lock` names the owner by host, process id and start time, so that a later
 * process that happens to get the same id is not taken for it. The owner also holds a lock of that open file, by which
 * another container of the same host sees that it lives: there a process has another id, or none.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  futimes,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LockstepError } from './errors.ts';
import { type LockAttempt, lockOpenFile } from './open-file-lock.ts';
import { factsOf, readTextSync, refuseOther } from './read-file.ts';
import { systemErrorCode } from './system-error.ts';

export const LOCK_FILE = 'lock';

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Boot of the machine and start of the process within it; empty where the system doesn't tell. */
  readonly started: string;
  /** In which its process id counts; absent where the system doesn't tell, and in locks of older versions. */
  readonly pidNamespace?: string | undefined;
  /** Whether it holds a lock of the open file. */
  readonly holdsFile?: boolean | undefined;
  /** Whether it renews its lock, see lease.ts. */
  readonly isRenewed?: boolean | undefined;
}

export interface FolderLock {
  /** Touches the lock's file. Resolves with false once another process has taken the folder over. */
  renew(): Promise<boolean>;
  /**
   * Gives the folder up; does nothing when it has been given up or taken over. A disk that refuses is no error: a lock
   * that stays has a dead owner soon, and the next one takes it over.
   */
  release(): void;
}

/** How often, and how long each time, to wait for another process that takes the same dead owner's lock over. */
const ATTEMPTS = 50;
const PAUSE_MS = 10;

/**
 * Takes the lock of a folder; one whose owner has died is taken over.
 * @param isRenewed whether the caller renews it
 * @throws LockstepError RUN_LOCKED naming the owner while it lives, or may live on another host
 */
export function lockFolder(folder: string, isRenewed = false): FolderLock {
  const path = join(folder, LOCK_FILE);
  for (let attempt = 1; ; attempt++) {
    const lock = create(path, isRenewed);
    if (lock !== undefined) return lock;
    const owner = livingOwner(path, attempt < ATTEMPTS);
    if (owner !== undefined) throw locked(folder, path, owner);
  }
}

/** A hard link appears with its whole content and already locked, or fails because somebody was first. */
function create(path: string, isRenewed: boolean): FolderLock | undefined {
  const temporary = uniqueSibling(path);
  const file = openSync(temporary, 'wx');
  let isMine = false;
  try {
    const owner = thisProcess(lockOpenFile(file) === 'locked');
    const mine = JSON.stringify(isRenewed ? { ...owner, isRenewed } : owner);
    writeSync(file, mine);
    linkSync(temporary, path);
    isMine = true;
    return heldLock(path, mine, file);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'EEXIST') return undefined;
    throw thrown;
  } finally {
    removeQuietly(temporary);
    if (!isMine) closeSync(file);
  }
}

function heldLock(path: string, mine: string, file: number): FolderLock {
  let isReleased = false;
  const { ino, dev } = fstatSync(file);
  return {
    renew: async () => {
      if (isReleased) return true;
      const now = new Date();
      // A disk that does not answer says nothing about who owns the folder.
      await promisify(futimes)(file, now, now).catch(() => {});
      const named = await stat(path).catch(() => undefined);
      return named === undefined || isReleased || (named.ino === ino && named.dev === dev);
    },
    release: () => {
      if (isReleased) return;
      isReleased = true;
      if (readText(path) === mine) removeQuietly(path);
      closeSync(file);
    },
  };
}

/**
 * The owner of the lock, if it lives or may live; otherwise the lock is gone.
 * @param mayWait whether somebody else may hold the file only to remove it
 */
function livingOwner(path: string, mayWait: boolean): Owner | undefined {
  const file = openExisting(path);
  if (file === undefined) return undefined;
  try {
    const attempt = lockOpenFile(file);
    const text = readFileSync(file, 'utf8');
    const owner = parseOwner(text);
    if (attempt === 'taken') {
      const isPassing = owner === undefined || !mayLive(owner, 'unsupported');
      if (!isPassing || !mayWait) return owner ?? { host: hostname(), pid: 0, started: '' };
      pause();
      return undefined;
    }
    if (owner !== undefined && mayLive(owner, attempt)) return owner;
    // With the file locked, nobody else removes it.
    if (attempt === 'unsupported') removeStale(path, text);
    else if (isStill(path, file)) rmSync(path);
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** A lock whose owner is on another host, where only its renewals tell whether it lives. */
export interface RenewedElsewhere {
  readonly host: string;
  readonly pid: number;
  /** Of the file's content. */
  readonly text: string;
  /** Last change of the file, by the clock of its disk or its owner. */
  readonly touchedMs: number;
}

/**
 * Undefined for a folder without a lock, and where the lock itself tells whether its owner lives; for one that can't be
 * read, too: `lockFolder` says why.
 */
export function renewedElsewhere(folder: string): RenewedElsewhere | undefined {
  const file = openReadable(join(folder, LOCK_FILE));
  if (file === undefined) return undefined;
  try {
    const attempt = lockOpenFile(file);
    const text = readFileSync(file, 'utf8');
    const owner = parseOwner(text);
    if (attempt === 'taken' || owner?.isRenewed !== true || owner.host === hostname()) {
      return undefined;
    }
    if (!mayLive(owner, attempt)) return undefined;
    const { host, pid } = owner;
    return { host, pid, text, touchedMs: fstatSync(file).mtimeMs };
  } finally {
    closeSync(file);
  }
}

/** Takes a lock away from an owner that is taken for dead, unless it has changed. */
export function breakLock(folder: string, { text }: RenewedElsewhere): void {
  removeStale(join(folder, LOCK_FILE), text);
}

function openExisting(path: string): number | undefined {
  try {
    // NFS locks only what is open for writing.
    return openOwnerFile(path, constants.O_RDWR);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    if (systemErrorCode(thrown) !== 'EACCES') throw thrown;
    return openOwnerFile(path, constants.O_RDONLY);
  }
}

function openReadable(path: string): number | undefined {
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

function isStill(path: string, file: number): boolean {
  const [open, named] = [fstatSync(file), statSync(path, { throwIfNoEntry: false })];
  return named !== undefined && open.ino === named.ino && open.dev === named.dev;
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** Moves the lock away before it is removed: two that take over at once can't remove each other's new one. */
function removeStale(path: string, stale: string): void {
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

/** Whether a name is that of a lock, or of a lock on its way. */
export const isLockName = (name: string): boolean => /^lock(\.\d+-[0-9a-f]{8})?$/.test(name);

const uniqueSibling = (path: string) => `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
  }
}

function readText(path: string): string | undefined {
  try {
    return readTextSync(path);
  } catch (thrown) {
    if (systemErrorCode(thrown) !== undefined) return undefined;
    throw thrown;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { host, pid, started, ...rest } = JSON.parse(text) as Partial<Owner>;
    if (typeof host !== 'string' || typeof started !== 'string') return undefined;
    return Number.isInteger(pid) && pid! > 0 ? { host, pid: pid!, started, ...rest } : undefined;
  } catch {
    return undefined; // A lock that can't be read has no owner to wait for.
  }
}

const thisProcess = (holdsFile: boolean): Owner => ({
  ...{ host: hostname(), pid: process.pid, started: startOf(process.pid) },
  ...{ pidNamespace: ownNamespace(), holdsFile },
});

/** Whether the owner may live, when an attempt to lock its file has had this result. */
function mayLive(owner: Owner, attempt: Exclude<LockAttempt, 'taken'>): boolean {
  const { host, pid, started, holdsFile } = owner;
  const boot = bootOf(started);
  const isHere = host === hostname();
  const isThisBoot = boot !== '' && boot === bootOf(startOf(process.pid));
  // One kernel has one view of its locks; another host may not share it.
  if (holdsFile === true && attempt === 'locked') return !isHere && !isThisBoot;
  if (!isHere) return true;
  if (isElsewhere(owner)) return isThisBoot;
  return isAlive(pid) && startOf(pid) === started;
}

/** Whether its process id means another process here, or none. */
const isElsewhere = ({ pidNamespace }: Owner): boolean =>
  pidNamespace !== undefined && pidNamespace !== ownNamespace();

function ownNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined; // No /proc here.
  }
}

const bootOf = (started: string): string => started.split('/')[0]!;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemErrorCode(thrown) === 'EPERM';
  }
}

/** Boot id and the process's start in clock ticks: field 22 of /proc/<pid>/stat, see proc(5). */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold spaces and brackets: count from behind its last bracket.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot}/${ticks}`;
  } catch {
    return ''; // No /proc here: the process id alone must do.
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

function locked(folder: string, path: string, owner: Owner): LockstepError {
  const { host, pid } = owner;
  const isHere = host === hostname();
  const where = !isHere ? ` on host "${host}"` : isElsewhere(owner) ? ' in another container' : '';
  const remove = `if it is gone, remove "${path}"`;
  return new LockstepError(
    'RUN_LOCKED',
    `"${folder}" is in use by process ${pid}${where}.`,
    where === ''
      ? 'Wait until it ends, stop it, or choose another folder with --run.'
      : `Stop it there; ${remove}.`,
  );
}
