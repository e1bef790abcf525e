import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../core/make-folders.ts';

/**
 * Starts a process with its output in a file: it outlives whoever started it, and still prints why it ends. Where there
 * can't be such a file the output is lost, nothing else.
 * @param start gets a descriptor, or `ignore`
 */
export function withOutputFile<Started>(
  path: string,
  start: (output: number | 'ignore') => Started,
): Started {
  const file = openedForAppending(path);
  try {
    return start(file ?? 'ignore');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function openedForAppending(path: string): number | undefined {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  try {
    makeFolders(dirname(path));
    // A link may lead to any file of this user's.
    return openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK | O_NOFOLLOW, 0o644);
  } catch {
    return undefined;
  }
}
