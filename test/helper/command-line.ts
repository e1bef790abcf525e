/** Runs the real command line in a folder of its own. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programName } from '../../src/core/program-name.ts';
import { startProgram } from '../../src/launch/program.ts';
import { CLONE } from './clone.ts';
import type { MadeUpHosts } from './made-up-hosts.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** The command line's program, as users start it. */
export const LOCKSTEP_PROGRAM = join(CLONE, 'bin', 'lockstep.js');

/** What messages call the program in a `Workplace`. */
export const LOCKSTEP = programName(CLONE, join(tmpdir(), 'lockstep-test-xxxxxx'));

/** A temporary folder in which commands run, removed with everything in it. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  start(...args: readonly string[]): Started {
    return started(spawn(process.execPath, [LOCKSTEP_PROGRAM, ...args], this.#options()));
  }

  /** Starts the command on a made-up host. */
  startOn(hosts: MadeUpHosts, host: number, ...args: readonly string[]): Started {
    return this.startProgramOn(hosts, host, [process.execPath, LOCKSTEP_PROGRAM, ...args]);
  }

  /** Starts the command on a made-up host with a disk of its own: other hosts' folders are not to be seen there. */
  startOnDisk(
    hosts: MadeUpHosts,
    host: number,
    disk: { readonly own: string; readonly others: readonly string[]; readonly mount?: string },
    args: readonly string[],
  ): Started {
    const { own, others, mount = 'true' } = disk;
    const hidden = others.map((path) => `mount -t tmpfs none ${path}`).join(' && ');
    const script = `${hidden} && ${mount} && cd "$1" && shift && exec "$@"`;
    const program = [process.execPath, LOCKSTEP_PROGRAM, ...args];
    const argv = ['unshare', '--mount', 'sh', '-c', script, '-', own, ...program];
    return this.startProgramOn(hosts, host, argv);
  }

  /** Starts any program on a made-up host. */
  startProgramOn(hosts: MadeUpHosts, host: number, command: readonly string[]): Started {
    const [program, ...argv] = hosts.on(host, this.folder, command);
    return started(spawn(program, argv, this.#options()));
  }

  /** Starts a process that answers any number of command lines, which spares each its start. */
  answerer(): Answerer {
    return new Answerer(this.#options());
  }

  /** Runs a program of the tests; resolves when it has ended by itself. */
  async program(source: URL, ...args: readonly string[]): Promise<Ended> {
    return await started(startProgram(source, args, this.#options())).ended;
  }

  /** Runs a TypeScript file that somebody wrote here. */
  async typescript(file: string): Promise<Ended> {
    const argv = ['--import', import.meta.resolve('tsx'), file];
    return await started(spawn(process.execPath, argv, this.#options())).ended;
  }

  #options(): SpawnOptions {
    return {
      cwd: this.folder,
      // What tests time is no choice for this user's runs.
      env: { ...process.env, XDG_CACHE_HOME: this.path('.cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    };
  }

  async run(...args: readonly string[]): Promise<Ended> {
    return await this.start(...args).ended;
  }

  json(...parts: readonly string[]): unknown {
    return JSON.parse(readFileSync(this.path(...parts), 'utf8'));
  }

  /** Of the last state of a run that has ended. */
  stateHash(...run: readonly string[]): string {
    return (this.json(...run, 'exit.json') as { stateHash: string }).stateHash;
  }

  /** The lines that a run has written so far, whole ones only; none before it has begun. */
  metrics(run: string): Record<string, unknown>[] {
    const file = this.path(run, 'metrics.jsonl');
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Resolves once a run has done so many steps, of one phase or in all. */
  async untilSteps(run: string, steps: number, phase?: string): Promise<void> {
    const isCounted = (line: Record<string, unknown>) =>
      line.kind === 'step' && (phase === undefined || line.phase === phase);
    while (this.metrics(run).filter(isCounted).length < steps) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Numbers of the global steps of a run, in the order in which they were written. */
  steps(run: string): number[] {
    return this.metrics(run)
      .filter(({ kind }) => kind === 'step')
      .map(({ step }) => Number(step));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A process that answers command lines in turn, each as a process of its own would. */
export class Answerer {
  readonly #child: ChildProcess;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SpawnOptions) {
    this.#child = startProgram(new URL('./command-lines-program.ts', import.meta.url), [], {
      ...options,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  answer(...args: readonly string[]): Promise<Ended> {
    const answered = this.#last.then(async () => {
      const reply = once(this.#child, 'message') as Promise<[Ended]>;
      this.#child.send(args);
      return (await reply)[0];
    });
    this.#last = answered;
    return answered;
  }

  close(): void {
    this.#child.disconnect();
  }
}

function started(child: ChildProcess): Started {
  const texts = { stdout: '', stderr: '' };
  // Not read as whole streams: a test may close one before its end.
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (part: string) => {
      texts[name] += part;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...texts }));
  });
  return { child, ended };
}

/** A configuration of the tests, by name. */
export function fixtureConfig(name: string): string {
  return join(CLONE, 'test', 'fixture', 'run', name);
}
