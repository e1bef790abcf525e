/** Predicts on several workers: micro-batches are dealt out in turn, so the order of the results is fixed. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { EngineConfig } from '../../config/engine-section.ts';
import { LockstepError } from '../../core/errors.ts';
import { errorOfFailure, type Failure } from '../../core/failure.ts';
import { type ExtensionReference, loadedExtensions, referencesTo } from '../../extension/loaded.ts';
import type { Device } from '../../launch/device.ts';
import { startEngineProgram } from '../../launch/engine-process.ts';
import { killWhenStopped, throwIfStopped } from '../train/stop-requests.ts';
import type { SequencePrediction } from './predict-batches.ts';
import type { PredictionHooks, PredictionRequest } from './task.ts';

export type WorkerLine =
  | { readonly predictions: readonly SequencePrediction[] }
  | { readonly failure: Failure };

/** What a worker is started with. */
export interface WorkerRequest extends PredictionRequest {
  readonly extensions: readonly ExtensionReference[];
}

export interface PoolOptions {
  /** One worker a device. */
  readonly devices: readonly Device[];
  readonly engine: EngineConfig;
  /** Micro-batches in all. */
  readonly batches: number;
  readonly hooks: PredictionHooks;
}

/**
 * Yields the predictions of each micro-batch in turn, whatever the number of workers. Memory stays small:
 * a worker that is ahead waits for its reader.
 * @throws LockstepError the first failure of a worker, in this order; TERMINATED once a stop is asked for
 */
export async function* predictOnWorkers(
  request: PredictionRequest,
  { devices, engine, batches, hooks }: PoolOptions,
): AsyncGenerator<readonly SequencePrediction[], void> {
  const workers = devices
    .slice(0, Math.max(1, batches))
    .map((device, rank, all) =>
      startWorker(request, { engine, hooks, device, rank, workers: all.length }),
    );
  const forget = workers.map((worker) => killWhenStopped(worker, hooks));
  const lines = workers.map((worker) =>
    createInterface({ input: worker.stdout! })[Symbol.asyncIterator](),
  );
  try {
    for (let position = 0; position < batches; position++) {
      const rank = position % workers.length;
      const { value, done } = await lines[rank]!.next();
      throwIfStopped(hooks, 'the predictions were complete');
      if (done) throw endedEarly(rank, workers[rank]!);
      const line = JSON.parse(value) as WorkerLine;
      if ('failure' in line) throw errorOfFailure(line.failure);
      yield line.predictions;
    }
  } finally {
    for (const off of forget) off();
    for (const worker of workers) worker.kill('SIGKILL');
  }
}

interface WorkerPlace extends Pick<PoolOptions, 'engine' | 'hooks'> {
  readonly device: Device;
  readonly rank: number;
  readonly workers: number;
}

function startWorker(request: PredictionRequest, place: WorkerPlace): ChildProcess {
  const { device, engine, hooks, rank, workers } = place;
  const entry = new URL('./worker.ts', import.meta.url);
  const task: WorkerRequest = { ...request, extensions: referencesTo(loadedExtensions()) };
  const args = [JSON.stringify(task), String(rank), String(workers)];
  const onLine = (text: string) => hooks.onEvent({ kind: 'status', text });
  return startEngineProgram(entry, args, { device, engine, runFolder: request.run, onLine });
}

function endedEarly(rank: number, { exitCode, signalCode }: ChildProcess): LockstepError {
  const how = signalCode === null ? `exit code ${exitCode ?? 'unknown'}` : signalCode;
  return new LockstepError(
    'WORKER_LOST',
    `SequencePrediction worker ${rank} ended before its work was done (${how}).`,
    'Run the command again; with less memory in use, or with fewer workers.',
  );
}
