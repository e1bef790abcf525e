/** Processes of this host, seen through /proc: without a process of its own for each look. */
import { readFileSync } from 'node:fs';

/** A process's children, oldest first; none of one that has ended. */
export function childPids(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Those of them whose command line fits. */
export const childrenOf = (pid: number, command: RegExp): number[] =>
  childPids(pid).filter((child) => command.test(commandOf(child)));

/** All processes below one, the nearest first. */
export function descendantsOf(pid: number): number[] {
  const children = childPids(pid);
  return [...children, ...children.flatMap(descendantsOf)];
}

/** Program and arguments, with spaces between them; '' when the process has ended. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** False for one that has ended and that nobody has waited for. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** It may have ended already. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}
