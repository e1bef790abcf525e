/** Turns the file system's errors into sentences that say what to do. */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LockstepError } from './errors.ts';

/** The `code` of a Node system error ("ENOENT"), or undefined for anything else. */
export function systemErrorCode(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the file system is full',
  EDQUOT: "the user's disk quota is used up",
  EFBIG: 'the file would be larger than the file-size limit allows',
};

const DENIED: Readonly<Record<string, string>> = {
  EACCES: 'permission was denied',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOENT: 'its folder is not there and cannot be made',
};

/**
 * What a failed write means: OUT_OF_RESOURCES with the bytes needed and free for a full disk, USAGE for a
 * path that can't be written; anything else comes back as it is.
 * @param written bytes that had been written before it failed
 * @param needed bytes of the whole, when known
 */
export function writeFailure(
  thrown: unknown,
  path: string,
  written: number,
  needed?: number,
): unknown {
  const code = systemErrorCode(thrown) ?? '';
  if (FULL[code] !== undefined) {
    const goal = needed === undefined ? '' : ` of ${formatBytes(needed)}`;
    return new LockstepError(
      'OUT_OF_RESOURCES',
      `Cannot write "${path}": ${FULL[code]} (${code}) after ${formatBytes(written)}${goal}; ${freeSpace(path)}.`,
      'Free space there or choose a folder on another file system; what was there before is unharmed.',
      { cause: thrown },
    );
  }
  if (DENIED[code] === undefined) return thrown;
  return new LockstepError(
    'USAGE',
    `Cannot write "${path}": ${DENIED[code]} (${code}).`,
    'Choose a folder that you may write to.',
    { cause: thrown },
  );
}

function freeSpace(path: string): string {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return `${formatBytes(bavail * bsize)} are free`;
  } catch {
    return 'the free space is unknown';
  }
}

/** "12 bytes", "3.4 MiB": one decimal from 1 KiB on. */
function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
