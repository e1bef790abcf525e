/**
 * Locks of open files, flock(2). The kernel knows whether their owner lives, in whatever container it runs, and lets go
 * of them when it dies. Node has no call for them.
 */
import { createRequire } from 'node:module';

/** What became of an attempt to lock an open file. */
export type LockAttempt =
  | 'locked'
  /** Somebody else has it. */
  | 'taken'
  /** This file system, or this system, has no such locks. */
  | 'unsupported';

const LOCK_EXCLUSIVE = 2;
const LOCK_WITHOUT_WAITING = 4;
/** EWOULDBLOCK of Linux. */
const WOULD_BLOCK = 11;

interface Libc {
  readonly flock: (file: number, operation: number) => number;
  readonly errno: () => number;
}
let libc: Libc | null | undefined;

/** Locks an open file until it is closed, unless somebody else has. */
export function lockOpenFile(file: number): LockAttempt {
  libc ??= load();
  if (libc === null) return 'unsupported';
  if (libc.flock(file, LOCK_EXCLUSIVE | LOCK_WITHOUT_WAITING) === 0) return 'locked';
  return libc.errno() === WOULD_BLOCK ? 'taken' : 'unsupported';
}

/** At the first use: it takes some milliseconds. */
function load(): Libc | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const flock = koffi.load('libc.so.6').func('int flock(int file, int operation)');
    return { flock, errno: () => koffi.errno() };
  } catch {
    // Another C library than glibc: then the owner's process id alone must do.
    return null;
  }
}
