/** Locks whose owner is on another host, where only their renewals tell whether it lives. See lease.ts. */
import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LOCK_FILE, openReadable, removeStale } from './lock-file.ts';
import { mayLive, parseOwner } from './lock-owner.ts';
import { lockOpenFile } from './open-file-lock.ts';

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

/** What a lock's file says, whoever its owner is. */
export type LockSeen = Pick<RenewedElsewhere, 'text' | 'touchedMs'>;

/** The lock of a folder as it is now; undefined where there is none, or it can't be read. */
export function seenLock(folder: string): LockSeen | undefined {
  const file = openReadable(join(folder, LOCK_FILE));
  if (file === undefined) return undefined;
  try {
    return { text: readFileSync(file, 'utf8'), touchedMs: fstatSync(file).mtimeMs };
  } finally {
    closeSync(file);
  }
}

/** Whether a process on another host renews the lock of a folder. It may be dead. */
export function isRenewedElsewhere(folder: string): boolean {
  const owner = parseOwner(seenLock(folder)?.text ?? '');
  return owner?.isRenewed === true && owner.host !== hostname();
}

/** Takes a lock away from an owner that is taken for dead, unless it has changed. */
export function breakLock(folder: string, { text }: LockSeen): void {
  removeStale(join(folder, LOCK_FILE), text);
}
