import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOGS } from './paths.mjs';

/** The tool that runs now, to be ended when the set-up is interrupted. */
let running = null;

/**
 * Runs a tool to its end, its output in `.engine/log/NAME.log`.
 * @param {{ name: string, command: string[], cwd: string, env?: object, started?: (pid: number) => void }} options
 * @returns {Promise<{ ok: boolean, logPath: string, log: string }>}
 */
export async function runLogged({ name, command, cwd, env = process.env, started = () => {} }) {
  mkdirSync(LOGS, { recursive: true });
  const logPath = join(LOGS, `${name}.log`);
  const log = openSync(logPath, 'w');
  try {
    const code = await new Promise((resolve) => {
      const child = spawn(command[0], command.slice(1), { cwd, env, stdio: ['ignore', log, log] });
      running = child;
      child.on('error', () => resolve(null));
      child.on('exit', resolve);
      if (child.pid) started(child.pid);
    });
    return { ok: code === 0, logPath, log: readFileSync(logPath, 'utf8') };
  } finally {
    running = null;
    closeSync(log);
  }
}

/** Ends the tool that runs now, if one does. */
export function stopRunning() {
  running?.kill('SIGTERM');
}

/** Standard output of a quick command, or null where it can't be run or fails. */
export function outputOf(command, { timeoutMs = 60_000, env = process.env } = {}) {
  const result = spawnSync(command[0], command.slice(1), {
    encoding: 'utf8',
    timeout: timeoutMs,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return result.status === 0 ? result.stdout : null;
}
