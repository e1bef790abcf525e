/**
 * One process at a time owns a folder. A file `lock` names the owner by host, process id and start time, so that a later
 * process that happens to get the same id is not taken for it. The owner also holds a lock of that open file, by which
 * another container of the same host sees that it lives: there a process has another id, or none.
 */
import {
  closeSync,
  fstatSync,
  futimes,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LockstepError } from './errors.ts';
import {
  isStill,
  LOCK_FILE,
  openExisting,
  readText,
  removeStale,
  uniqueSibling,
} from './lock-file.ts';
import { mayLive, type Owner, parseOwner, placeOf, thisProcess } from './lock-owner.ts';
import { lockOpenFile } from './open-file-lock.ts';
import { removeFileQuietly } from './remove-quietly.ts';
import { systemErrorCode } from './system-error.ts';

export interface LockOptions {
  /** Whether the caller renews it. @default false */
  readonly isRenewed?: boolean;
  /** See `Owner`. */
  readonly epoch?: number | undefined;
  /** What the lock is for, where the folder has nothing in it but the lock: errors name it. */
  readonly target?: string;
}

export interface FolderLock {
  /** Touches the lock's file. Resolves with false once another process has taken the folder over. */
  renew(): Promise<boolean>;
  /**
   * Gives the folder up; does nothing when it has been given up or taken over. A disk that refuses is no error: a lock
   * that stays has a dead owner soon, and the next one takes it over.
   */
  release(): void;
  /** Leaves the lock where it is, for the process that takes the folder over; then `release` does nothing. */
  leave(): void;
}

/** How often, and how long each time, to wait for another process that takes the same dead owner's lock over. */
const ATTEMPTS = 50;
const PAUSE_MS = 10;

/**
 * Takes the lock of a folder; one whose owner has died is taken over.
 * @throws LockstepError RUN_LOCKED naming the owner while it lives, or may live on another host
 */
export function lockFolder(folder: string, options: LockOptions = {}): FolderLock {
  const { isRenewed = false, epoch, target } = options;
  const path = join(folder, LOCK_FILE);
  const signature = isRenewed ? { isRenewed, epoch } : {};
  for (let attempt = 1; ; attempt++) {
    const lock = create(path, signature);
    if (lock !== undefined) return lock;
    const owner = livingOwner(path, attempt < ATTEMPTS);
    if (owner !== undefined) throw locked(path, owner, target ?? folder, target !== undefined);
  }
}

type Signature = Pick<Owner, 'isRenewed' | 'epoch'>;

/** What a file system without hard links answers, such as exFAT or some network shares. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** A hard link appears with its whole content and already locked, or fails because somebody was first. */
function create(path: string, signature: Signature): FolderLock | undefined {
  const temporary = uniqueSibling(path);
  const file = openSync(temporary, 'wx');
  let isMine = false;
  try {
    const mine = signed(file, signature);
    linkSync(temporary, path);
    isMine = true;
    return heldLock(path, mine, file);
  } catch (thrown) {
    const code = systemErrorCode(thrown) ?? '';
    if (code === 'EEXIST') return undefined;
    if (NO_LINKS.includes(code)) return createInPlace(path, signature);
    throw thrown;
  } finally {
    removeFileQuietly(temporary);
    if (!isMine) closeSync(file);
  }
}

/** For a moment it names nobody: who takes it for a dead one's then has it, and this one gives way. */
function createInPlace(path: string, signature: Signature): FolderLock | undefined {
  let file: number | undefined;
  let isMine = false;
  try {
    file = openSync(path, 'wx');
    const mine = signed(file, signature);
    isMine = isStill(path, file);
    return isMine ? heldLock(path, mine, file) : undefined;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'EEXIST') return undefined;
    throw thrown;
  } finally {
    if (file !== undefined && !isMine) closeSync(file);
  }
}

/** Locks the open file and writes this process into it. @returns what it holds */
function signed(file: number, signature: Signature): string {
  const owner = thisProcess(lockOpenFile(file) === 'locked');
  const mine = JSON.stringify({ ...owner, ...signature });
  writeSync(file, mine);
  return mine;
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
      if (readText(path) === mine) removeFileQuietly(path);
      closeSync(file);
    },
    leave: () => {
      if (isReleased) return;
      isReleased = true;
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

/** Whether the folder has an owner that is dead. Writes nothing there: an owner that lives may just remove it. */
export function hasDeadOwner(folder: string): boolean {
  const file = openExisting(join(folder, LOCK_FILE));
  if (file === undefined) return false;
  try {
    const attempt = lockOpenFile(file);
    if (attempt === 'taken') return false;
    const owner = parseOwner(readFileSync(file, 'utf8'));
    // One that names nobody was let go of, or a machine stopped before it was written.
    return owner === undefined ? attempt === 'locked' : !mayLive(owner, attempt);
  } finally {
    closeSync(file);
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

function locked(path: string, owner: Owner, name: string, isTarget: boolean): LockstepError {
  const place = placeOf(owner);
  const another = isTarget ? 'choose another name' : 'choose another folder with --run';
  return new LockstepError(
    'RUN_LOCKED',
    isTarget
      ? `Cannot write "${name}": process ${owner.pid}${place} is writing it.`
      : `"${name}" is in use by process ${owner.pid}${place}.`,
    place === ''
      ? `Wait until it ends, stop it, or ${another}.`
      : `Stop it there; if it is gone, remove "${path}".`,
  );
}
