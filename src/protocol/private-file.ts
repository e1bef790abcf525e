/** Files with secrets: only their owner may read them, and no message quotes them. */
import { closeSync, fstatSync, readSync, type Stats } from 'node:fs';
import { LockstepError } from '../core/errors.ts';
import { openFileSync } from '../core/read-file.ts';

export interface PrivateFile {
  readonly path: string;
  /** What it is, to follow "the": "key file". */
  readonly what: string;
  /** In bytes; a larger file is none. */
  readonly limit: number;
  /** What to do when it can't be read. */
  readonly whenUnreadable: string;
  /** What to do when its content is none. */
  readonly whenUnusable: string;
}

/** @throws LockstepError INSECURE when others than its owner may read it, USAGE when it can't be read, is no file or is too large */
export function readPrivateFile(wanted: PrivateFile): string {
  const { path, limit, whenUnreadable, whenUnusable } = wanted;
  let file: number;
  try {
    file = openFileSync(path);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw unusable(wanted, why, whenUnreadable, thrown);
  }
  try {
    // Of the open file, so that it can't be exchanged after the look at it.
    const stats = fstatSync(file);
    refuseShared(wanted, stats);
    if (stats.size > limit) throw unusable(wanted, 'it is too large', whenUnusable);
    const bytes = Buffer.alloc(stats.size);
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

/** Kubernetes and systemd place secrets as files of root, so root may be the owner too. */
function refuseShared({ path, what }: PrivateFile, { mode, uid }: Stats): void {
  if ((mode & 0o077) !== 0) {
    const found = (mode & 0o777).toString(8);
    throw new LockstepError(
      'INSECURE',
      `Cannot use the ${what} ${path}: its mode is ${found}, so others than its owner can use it.`,
      'Give it the mode 600 or 400, and make a new one if others may have read it.',
    );
  }
  const me = process.getuid?.();
  if (me === undefined || uid === me || uid === 0) return;
  throw new LockstepError(
    'INSECURE',
    `Cannot use the ${what} ${path}: it belongs to another user.`,
    'Let the user who starts the process own it.',
  );
}

/**
 * Never quotes the file: it holds a secret.
 * @param cause what the file system said
 */
export function unusable(
  { path, what }: PrivateFile,
  why: string,
  advice: string,
  cause?: unknown,
): LockstepError {
  const message = `Cannot use the ${what} ${path}: ${why}.`;
  return new LockstepError('USAGE', message, advice, { cause });
}
