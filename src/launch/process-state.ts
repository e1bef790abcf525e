import { readFileSync } from 'node:fs';

/** What a process does: stopped (by a signal or a debugger) or not; undefined when it is gone or can't be seen. */
export function processState(pid: number): 'running' | 'stopped' | undefined {
  try {
    // "17 (name) S 1 …": the name may contain anything.
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const letter = status[status.lastIndexOf(')') + 2] ?? 'X';
    if ('ZX'.includes(letter)) return undefined;
    return 'Tt'.includes(letter) ? 'stopped' : 'running';
  } catch {
    // Gone, or no Linux: it only explains a loss, which is told without it.
    return undefined;
  }
}
