/**
 * Starts our own programs and threads. Callers name the source, as in
 * `new URL('./comm-thread.ts', import.meta.url)`. A process from the build starts the built file beside it; a process
 * from the sources (development, tests) starts the source through tsx.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const RUNS_FROM_SOURCE = import.meta.url.endsWith('.ts');

/** The program `lockstep` itself. */
export const COMMAND_LINE = new URL('../cli/main.ts', import.meta.url);

/** Nobody can connect to the debugger that an early SIGUSR1 opens, and it prints nothing; see close-debugger.cjs. */
const NO_DEBUGGER = ['--inspect-port=255.255.255.255:0', '--inspect-publish-uid=http'];
/** Ends a program that has no handler for SIGUSR1 yet, as after a run that it ended. */
const REQUEUE_SIGNAL = new URL('../../scripts/setup/requeue-signal.cjs', import.meta.url);
/** Keeps signals for a program that will take them. */
const KEEP_SIGNALS = new URL('./keep-signals.ts', import.meta.url);

/** What signals do to a program that has not yet loaded its own handlers. */
export type EarlySignals =
  /** SIGUSR1 ends it with the exit code for "start it again"; others end it by default. */
  | 'end'
  /** They wait until it calls `takeKeptSignals`. */
  | 'wait';

/** The command that runs a program: Node, its options and the file. The program's arguments follow. */
export function programCommand(
  source: URL,
  earlySignals: EarlySignals = 'end',
): [node: string, ...argv: string[]] {
  const compiler = RUNS_FROM_SOURCE ? ['--import', import.meta.resolve('tsx')] : [];
  const handlers =
    earlySignals === 'end'
      ? ['--require', fileURLToPath(REQUEUE_SIGNAL)]
      : ['--import', runnable(KEEP_SIGNALS).href];
  const file = fileURLToPath(runnable(source));
  return [process.execPath, ...NO_DEBUGGER, ...compiler, ...handlers, file];
}

/** Starts a program as a new process. */
export function startProgram(
  source: URL,
  args: readonly string[],
  options: SpawnOptions,
  earlySignals?: EarlySignals,
): ChildProcess {
  const [node, ...argv] = programCommand(source, earlySignals);
  return spawn(node, [...argv, ...args], options);
}

/**
 * Starts a program as a thread of this process.
 * @param workerData the thread's `workerData`
 */
export function startThread(source: URL, workerData: unknown): Worker {
  const options = { execArgv: [], workerData };
  if (!RUNS_FROM_SOURCE) return new Worker(runnable(source), options);
  // In Node 20 the main thread's loader does not apply to threads, so the thread registers its own.
  const bootstrap = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(async (tsx) => {
    tsx.register();
    await import(${JSON.stringify(source.href)});
  });`;
  return new Worker(bootstrap, { ...options, eval: true });
}

const runnable = (source: URL): URL =>
  RUNS_FROM_SOURCE ? source : new URL(source.href.replace(/\.ts$/, '.js'));
