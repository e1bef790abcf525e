import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { openForAppending } from '../core/append-file.ts';
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
  try {
    makeFolders(dirname(path));
    return openForAppending(path);
  } catch {
    return undefined;
  }
}
