/** Who has a folder's lock, and whether that process may still live. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { LockAttempt } from './open-file-lock.ts';
import { systemErrorCode } from './system-error.ts';

/** What a lock says of the process that made it. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Boot of the machine and start of the process within it; empty where the system doesn't tell. */
  readonly started: string;
  /** In which its process id counts; absent where the system doesn't tell, and in locks of older versions. */
  readonly pidNamespace?: string | undefined;
  /** Whether it holds a lock of the open file. */
  readonly holdsFile?: boolean | undefined;
  /** Whether it renews its lock, see lease.ts. */
  readonly isRenewed?: boolean | undefined;
  /** How often the folder was taken from an owner before, or more; absent where this one was the first. */
  readonly epoch?: number | undefined;
}

/** Undefined for a text that names no owner: nobody has to wait for such a lock. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const { host, pid, started, ...rest } = JSON.parse(text) as Partial<Owner>;
    if (typeof host !== 'string' || typeof started !== 'string') return undefined;
    return Number.isInteger(pid) && pid! > 0 ? { host, pid: pid!, started, ...rest } : undefined;
  } catch {
    return undefined;
  }
}

export const thisProcess = (holdsFile: boolean): Owner => ({
  ...{ host: hostname(), pid: process.pid, started: startOf(process.pid) },
  ...{ pidNamespace: ownNamespace(), holdsFile },
});

/** Whether the owner may live, when an attempt to lock its file has had this result. */
export function mayLive(owner: Owner, attempt: Exclude<LockAttempt, 'taken'>): boolean {
  const { host, pid, started, holdsFile } = owner;
  const boot = bootOf(started);
  const isHere = host === hostname();
  const isThisBoot = boot !== '' && boot === bootOf(startOf(process.pid));
  // One kernel has one view of its locks; another host may not share it.
  if (holdsFile === true && attempt === 'locked') return !isHere && !isThisBoot;
  if (!isHere) return true;
  if (isElsewhere(owner)) return isThisBoot;
  return isAlive(pid) && startOf(pid) === started;
}

/** Whether its process id means another process here, or none. */
const isElsewhere = ({ pidNamespace }: Owner): boolean =>
  pidNamespace !== undefined && pidNamespace !== ownNamespace();

function ownNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined; // No /proc here.
  }
}

const bootOf = (started: string): string => started.split('/')[0]!;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemErrorCode(thrown) === 'EPERM';
  }
}

/** Boot id and the process's start in clock ticks: field 22 of /proc/<pid>/stat, see proc(5). */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold spaces and brackets: count from behind its last bracket.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot}/${ticks}`;
  } catch {
    return ''; // No /proc here: the process id alone must do.
  }
}

/** " on host …", as the end of a sentence about the owner; empty for a process that this one sees. */
export function placeOf(owner: Owner): string {
  if (owner.host !== hostname()) return ` on host "${owner.host}"`;
  return isElsewhere(owner) ? ' in another container' : '';
}
