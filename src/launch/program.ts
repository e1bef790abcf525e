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

/** The command that runs a program: Node, its options and the file. The program's arguments follow. */
export function programCommand(source: URL): [node: string, ...argv: string[]] {
  const options = RUNS_FROM_SOURCE ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...options, fileURLToPath(runnable(source))];
}

/** Starts a program as a new process. */
export function startProgram(
  source: URL,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const [node, ...argv] = programCommand(source);
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
