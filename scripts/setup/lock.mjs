import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJson, writeAtomically } from './files.mjs';
import { ENGINE, shown } from './paths.mjs';
import { say } from './progress.mjs';

const LOCK = join(ENGINE, 'setup.lock');
const POLL_MS = 200;

/**
 * Waits until no other set-up works on this engine. A lock whose process is gone is taken over, after the
 * tool that it had started (npm, pip) has been ended, since two of them would write to one folder.
 */
export async function takeLock() {
  mkdirSync(ENGINE, { recursive: true });
  let announced = false;
  while (!tryLock()) {
    const holder = readJson(LOCK);
    if (holder && isHeld(holder)) {
      if (!announced)
        say(
          `Waiting for another set-up (process ${holder.pid} on ${holder.host}; if it is gone, delete ${shown(LOCK)}).`,
        );
      announced = true;
      await sleep(POLL_MS);
    } else {
      await breakLock(holder);
    }
  }
}

/** Notes the tool that the set-up has started, for whoever finds the lock after a crash. */
export function noteTool(pid) {
  writeAtomically(LOCK, JSON.stringify({ ...self(), tool: identity(pid) }));
}

export function releaseLock() {
  if (readJson(LOCK)?.pid === process.pid) rmSync(LOCK, { force: true });
}

function tryLock() {
  const mine = `${LOCK}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(self()));
  try {
    linkSync(mine, LOCK);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

async function breakLock(holder) {
  const stale = `${LOCK}.stale-${process.pid}`;
  try {
    renameSync(LOCK, stale);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const taken = readJson(stale);
  if (taken && isHeld(taken)) {
    // Between reading and renaming somebody else had taken it over: hand it back.
    renameSync(stale, LOCK);
    return;
  }
  if (holder?.tool) await endTool(holder.tool);
  rmSync(stale, { force: true });
}

async function endTool(tool) {
  for (let waitedMs = 0; isAlive(tool); waitedMs += POLL_MS) {
    process.kill(tool.pid, waitedMs < 5000 ? 'SIGTERM' : 'SIGKILL');
    await sleep(POLL_MS);
  }
}

function self() {
  return { host: hostname(), ...identity(process.pid) };
}

/** A process's number and start time: numbers are used again, the pair is not. */
function identity(pid) {
  return { pid, startTime: startTimeOf(pid) };
}

function isHeld(holder) {
  return holder.host !== hostname() || isAlive(holder);
}

function isAlive({ pid, startTime }) {
  return startTime !== null && startTimeOf(pid) === startTime;
}

/** Field 22 of /proc/PID/stat (clock ticks since boot); null where there is no such process or it is a zombie. */
function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
}
