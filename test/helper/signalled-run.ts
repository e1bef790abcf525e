/** A run of real processes, one of which gets a signal at a certain age; then what is left of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLONE } from './clone.ts';
import { fixtureConfig } from './command-line.ts';
import { childrenOf, descendantsOf, send } from './processes.ts';

export const SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGUSR1',
  'SIGHUP',
  'SIGQUIT',
  'SIGSTOP',
  'SIGKILL',
] as const;
export type Signal = (typeof SIGNALS)[number];

/** The command line is the supervisor, too. A terminal's keys (Ctrl-C, Ctrl-\, Ctrl-Z) reach the whole process group. */
export const PROCESSES = [
  'process group',
  'launcher',
  'command line',
  'coordinator',
  'worker 0',
  'worker 1',
] as const;
export type Process = (typeof PROCESSES)[number];

export interface SignalCase {
  readonly signal: Signal;
  readonly to: Process;
  /** Since the process was seen first. */
  readonly ageMs: number;
  /** Of SIGSTOP: until SIGCONT. */
  readonly pauseMs: number;
}

export const CONFIG = fixtureConfig('slow-steps.yaml');
/** Steps of 0.6 s make the run live longer than 20 s, and cost no processor. */
export const SLOWLY = [0, 1].flatMap((rank) => ['--simulate', `slow@rank=${rank},step=0,ms=600`]);
const COMMANDS = {
  coordinator: /coordinator-main/,
  'worker 0': /worker\/main/,
  'worker 1': /worker\/main/,
} as const;

type Child = keyof typeof COMMANDS;

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stderr: string;
}

/** A folder of its own for each run, with its temporary files. */
export class SignalledRun {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, 'tmp'), { recursive: true });
  }

  path(...parts: readonly string[]): string {
    return join(this.#folder, ...parts);
  }

  /** Starts a command as a user's shell does: the file itself, which gives Node its options. */
  start(program: 'bin/lockstep.js' | 'launcher/launch', args: readonly string[]) {
    const child = spawn(join(CLONE, program), args, {
      cwd: this.#folder,
      env: { ...process.env, TMPDIR: this.path('tmp'), XDG_CACHE_HOME: this.path('.cache') },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A process group of its own.
      detached: true,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr += part;
    });
    const ended = once(child, 'close').then(
      ([code]): Ended => ({ code: code as number | null, stderr }),
    );
    return { pid: child.pid!, ended };
  }

  /** How the command ended, and the processes that were there when the signal came. */
  async disturb({ signal, to, ageMs, pauseMs }: SignalCase) {
    const args = [CONFIG, '--run', 'run', '--workers', '2', ...SLOWLY];
    const { pid, ended } =
      to === 'launcher'
        ? this.start('launcher/launch', args)
        : this.start('bin/lockstep.js', ['train', ...args]);
    const target =
      to === 'process group' ? -pid : to in COMMANDS ? await found(pid, to as Child, ended) : pid;
    await Promise.race([sleep(ageMs), ended]);
    const family = [pid, ...descendantsOf(pid)];
    send(target, signal);
    if (signal === 'SIGSTOP') {
      await sleep(pauseMs);
      send(target, 'SIGCONT');
    }
    return { ...(await ended), family };
  }

  /** What a user does who wants the run to go on. */
  async again(): Promise<Ended> {
    const hasBegun = existsSync(this.path('run', 'config.yaml'));
    const args = hasBegun ? ['resume', 'run'] : ['train', CONFIG, '--run', 'run'];
    return await this.start('bin/lockstep.js', [...args, '--workers', '1']).ended;
  }

  /** All that lies here but logs, without the steps of the checkpoints. */
  files(): string[] {
    const entries = readdirSync(this.#folder, { recursive: true, withFileTypes: true });
    const paths = entries.map(({ parentPath, name }) =>
      relative(this.#folder, join(parentPath, name)).replace(/step-\d+/, 'step-N'),
    );
    return [...new Set(paths)].filter((path) => !path.startsWith(join('run', 'logs'))).sort();
  }
}

async function found(pid: number, to: Child, ended: Promise<unknown>): Promise<number> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const place = to === 'worker 1' ? 1 : 0;
  while (!isOver) {
    const fitting = childrenOf(pid, COMMANDS[to]);
    if (fitting[place] !== undefined) return fitting[place];
    await sleep(10);
  }
  throw new Error(`The run ended before it had a ${to}.`);
}
