/** Runs the command line while the n-th call that changes a file fails, or a sync takes its time. See failing-writes.c. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLONE } from './clone.ts';
import { compilePreloaded } from './compiler.ts';
import { deadline } from './slowness.ts';

const SOURCE = fileURLToPath(new URL('./failing-writes.c', import.meta.url));
export const ERRORS = ['ENOSPC', 'EIO', 'EROFS', 'EDQUOT'] as const;

export interface Fault {
  /** Which call fails, from 1; none for 0. */
  readonly at: number;
  readonly error: (typeof ERRORS)[number];
  /** All later ones fail, too. */
  readonly forever: boolean;
}

export const NO_FAULT: Fault = { at: 0, error: 'EIO', forever: false };

/** A call that changes a file. */
export interface Call {
  readonly call: string;
  /** Below the folder that is watched, without what differs between runs. */
  readonly file: string;
}

export interface Ended {
  /** Null for one that was killed since it did not end. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Disturbed extends Ended {
  readonly calls: readonly Call[];
  /** From the first call that failed to the end. */
  readonly msAfterFault: number;
}

/** Compiles what is preloaded. @returns its path */
export const buildFailingWrites = (folder: string): string => compilePreloaded(SOURCE, folder);

/** Runs the command line in a folder that has a `tmp`, to its end, or kills it after a minute. */
export async function lockstep(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [join(CLONE, 'bin', 'lockstep.js'), ...args], {
    cwd,
    env: { ...process.env, XDG_CACHE_HOME: join(cwd, 'cache'), TMPDIR: join(cwd, 'tmp'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline(60_000));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, stdout, stderr };
}

export interface DisturbedOptions {
  /** What `buildFailingWrites` compiled. */
  readonly library: string;
  readonly under: string;
  readonly fault: Fault;
  readonly env?: NodeJS.ProcessEnv;
}

/** The same with a fault among the calls that change something below `under`. */
export async function disturbed(
  cwd: string,
  args: readonly string[],
  { library, under, fault, env = {} }: DisturbedOptions,
): Promise<Disturbed> {
  const [counter, log] = [join(cwd, 'calls.counter'), join(cwd, 'calls.log')];
  writeFileSync(counter, Buffer.alloc(8));
  writeFileSync(log, '');
  const ended = await lockstep(cwd, args, {
    LD_PRELOAD: library,
    UV_USE_IO_URING: '0',
    FAIL_UNDER: under,
    FAIL_AT: `${fault.at}`,
    FAIL_ERRNO: `${constants.errno[fault.error]}`,
    FAIL_COUNTER: counter,
    FAIL_LOG: log,
    ...(fault.forever && { FAIL_FOREVER: '1' }),
    ...env,
  });
  const endedMs = Number(process.hrtime.bigint() / 1_000_000n);
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  const failed = lines.find((line) => line.includes(' FAILS '))?.split(' ')[2];
  return {
    ...ended,
    calls: lines.map((line) => callOf(line, under)),
    msAfterFault: failed === undefined ? 0 : endedMs - Number(failed),
  };
}

function callOf(line: string, under: string): Call {
  const [, , , call = '', ...path] = line.split(' ');
  const file = path
    .join(' ')
    .slice(under.length)
    .replace(/\d+-[0-9a-f]{8}|[0-9a-f]{12,16}|\d{8}/g, '*');
  return { call, file };
}
