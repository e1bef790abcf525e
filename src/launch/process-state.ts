import { readFileSync } from 'node:fs';

/** Whether a process is stopped (by a signal or a debugger); undefined if it is gone or invisible. */
export function processState(pid: number): 'running' | 'stopped' | undefined {
  try {
    // "17 (name) S 1 …": the name may contain anything.
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const letter = status[status.lastIndexOf(')') + 2] ?? 'X';
    if ('ZX'.includes(letter)) return undefined;
    return 'Tt'.includes(letter) ? 'stopped' : 'running';
  } catch {
    // Gone, or not Linux. The state only explains a loss, which is reported without it, too.
    return undefined;
  }
}
