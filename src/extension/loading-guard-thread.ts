/** The thread of `loading-guard.ts`. It writes to the file itself: a thread's console goes through the main thread. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { endProcess } from '../launch/end-process.ts';
import { extensionInvalid } from './extension-invalid.ts';
import type { GuardData } from './loading-guard.ts';

const { path, wordMs, limitMs } = workerData as GuardData;

setTimeout(() => {
  say(`The extension ${path} has been loading for ${wordMs / 1000} s, and has not returned yet.`);
}, wordMs);
setTimeout(() => {
  const error = extensionInvalid(
    path,
    `it has not returned after ${limitMs / 60_000} minutes`,
    'Remove the loop, or the await, that never ends; move long work into functions.',
  );
  say(error.toLine());
  endProcess(error.exitCode);
}, limitMs);

function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody may read it, and the disk may be full: the program ends all the same.
  }
}
