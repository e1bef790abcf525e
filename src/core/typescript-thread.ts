/** Starts a TypeScript file as a thread, wherever the process was started from. */
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** URL of tsx's loader, found from here and not from the current directory. */
const TSX = import.meta.resolve('tsx');

export function startTypeScriptThread(file: URL, options: WorkerOptions = {}): Worker {
  return new Worker(file, { ...options, execArgv: ['--import', TSX] });
}
