import { readEndSync } from '../core/read-file.ts';

const TAIL_BYTES = 8192;
/** What Node prints after an uncaught error or an abort (stack, version), and TensorFlow at every start. */
const NOISE =
  /^\s*$|^\s+at |^Node\.js v|^\s*[\^}{\])]+,?$|^\s*\d+: 0x|^-----|^#|^WARNING: All log messages before absl|^I0000 /;

/** The last informative line of a file; '' if it has none or is unreadable. */
export function lastLineOf(path: string): string {
  return lastTelling(readTail(path));
}

/** The last line of a process's output that is neither blank n part of a stack trace. */
export function lastTelling(output: string): string {
  const line = output.split('\n').findLast((candidate) => !NOISE.test(candidate));
  return (line ?? '').trim().slice(0, 1000);
}

function readTail(path: string): string {
  try {
    return readEndSync(path, TAIL_BYTES);
  } catch {
    // A missing log must not hide the reason for which the process ended.
    return '';
  }
}
