/** Starts a TypeScript file as a thread, wherever the process was started from. */
import { Worker } from 'node:worker_threads';

/**
 * The loader of the main thread does not reach into threads (Node 20), so the thread registers its own.
 * @param workerData what the thread finds under that name
 */
export function startTypeScriptThread(file: URL, workerData: unknown): Worker {
  const bootstrap = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(async (tsx) => {
    tsx.register();
    await import(${JSON.stringify(file.href)});
  });`;
  return new Worker(bootstrap, { eval: true, execArgv: [], workerData });
}
