import { execFileSync } from 'node:child_process';

/** Process ids of a process's children whose command line fits. */
export function childrenOf(pid: number, command: RegExp): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === pid && command.test(args.join(' ')))
    .map(([own]) => Number(own));
}
