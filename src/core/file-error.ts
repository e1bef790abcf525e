/** Turns the file system's errors into sentences that say what to do. */
import { type StatsFs, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LockstepError } from './errors.ts';
import { formatBytes } from './format.ts';
import { systemErrorCode, systemProblem } from './system-error.ts';

const NO_FOLDER = 'its folder is not there and cannot be made (ENOENT)';

/**
 * What a failed write means: OUT_OF_RESOURCES with the bytes needed and free for a full disk, or for a limit that was
 * reached; USAGE for a path that can't be written; anything else comes back as it is.
 * @param written bytes that had been written before it failed
 * @param needed bytes of the whole, when known
 */
export function writeFailure(
  thrown: unknown,
  path: string,
  written: number,
  needed?: number,
): unknown {
  const problem = systemProblem(thrown);
  if (problem === undefined) return thrown;
  const code = systemErrorCode(thrown) ?? '';
  const reason = code === 'ENOENT' ? NO_FOLDER : problem.reason;
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
  const goal = needed === undefined ? '' : ` of ${formatBytes(needed)}`;
  const how = isFull ? ` after ${formatBytes(written)}${goal}; ${freeSpace(path)}` : '';
  return new LockstepError(
    problem.code,
    `Cannot write "${path}": ${reason}${how}.`,
    problem.code === 'OUT_OF_RESOURCES' ? problem.advice : 'Choose a folder that you may write to.',
    { cause: thrown },
  );
}

/** What fails in there is told as a failure to write a file or folder. */
export function withWriteErrors<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}

function freeSpace(path: string): string {
  try {
    return tellFree(statfsSync(dirname(path)));
  } catch {
    return 'the free space is unknown';
  }
}

/** What is left on a file system. Some, such as btrfs, count no files. */
export function tellFree(stats: Pick<StatsFs, 'bavail' | 'bsize' | 'files' | 'ffree'>): string {
  const { bavail, bsize, files, ffree } = stats;
  const bytes = `${formatBytes(bavail * bsize)} are free`;
  return files > 0 && ffree === 0 ? `${bytes}, but it can hold no more files (inodes)` : bytes;
}
