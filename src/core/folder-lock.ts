/**
 * One process at a time owns a folder: a file `lock` names the owner by host, process id and start time,
 * so a later process that happens to get the same id is not taken for it.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from './errors.ts';
import { systemErrorCode } from './system-error.ts';

export const LOCK_FILE = 'lock';

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Boot of the machine and start of the process within it; empty where the system doesn't tell. */
  readonly started: string;
}

export interface FolderLock {
  /** Gives the folder up; does nothing when it has been given up or taken over. */
  release(): void;
}

/**
 * Takes the lock of a folder; one whose owner has died is taken over.
 * Throws RUN_LOCKED naming the owner while it lives, or may live on another host.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_FILE);
  const mine = JSON.stringify(thisProcess());
  while (!create(path, mine)) {
    const found = readText(path);
    if (found === undefined) continue;
    const owner = parseOwner(found);
    if (owner !== undefined && mayLive(owner)) throw locked(folder, path, owner);
    removeStale(path, found);
  }
  return {
    release: () => {
      if (readText(path) === mine) rmSync(path, { force: true });
    },
  };
}

/** A hard link appears with its whole content, or fails because somebody was first. */
function create(path: string, content: string): boolean {
  const temporary = uniqueSibling(path);
  writeFileSync(temporary, content);
  try {
    linkSync(temporary, path);
    return true;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'EEXIST') return false;
    throw thrown;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Moves the lock away before it is removed: two that take over at once can't remove each other's new one. */
function removeStale(path: string, stale: string): void {
  const aside = uniqueSibling(path);
  try {
    renameSync(path, aside);
    if (readText(aside) !== stale) linkSync(aside, path);
  } catch (thrown) {
    if (!['ENOENT', 'EEXIST'].includes(systemErrorCode(thrown) ?? '')) throw thrown;
  } finally {
    rmSync(aside, { force: true });
  }
}

const uniqueSibling = (path: string) => `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { host, pid, started } = JSON.parse(text) as Partial<Owner>;
    if (typeof host !== 'string' || typeof started !== 'string') return undefined;
    return Number.isInteger(pid) && pid! > 0 ? { host, pid: pid!, started } : undefined;
  } catch {
    return undefined; // A lock that can't be read has no owner to wait for.
  }
}

const thisProcess = (): Owner => ({
  host: hostname(),
  pid: process.pid,
  started: startOf(process.pid),
});

function mayLive({ host, pid, started }: Owner): boolean {
  if (host !== hostname()) return true;
  return isAlive(pid) && startOf(pid) === started;
}

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

function locked(folder: string, path: string, { host, pid }: Owner): LockstepError {
  const here = host === hostname();
  return new LockstepError(
    'RUN_LOCKED',
    `"${folder}" is in use by process ${pid}${here ? '' : ` on host "${host}"`}.`,
    here
      ? 'Wait until it ends, stop it, or choose another folder with --run.'
      : `Stop it there; if it is gone, remove "${path}".`,
  );
}
