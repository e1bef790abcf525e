/**
 * The program of a prediction worker: `worker.ts REQUEST RANK WORKERS`. It computes every WORKERS-th
 * micro-batch and prints one line of JSON for each: the predictions, or what went wrong.
 */
import { once } from 'node:events';
import { asLockstepError } from '../../core/errors.ts';
import { failureOfError } from '../../core/failure.ts';
import { createEngine } from '../../engine/select.ts';
import { loadReferences } from '../../extension/load.ts';
import { guardOutputs } from '../../launch/outputs.ts';
import { forwardOf } from './forward.ts';
import type { WorkerLine, WorkerRequest } from './pool.ts';
import { predictBatches } from './predict-batches.ts';
import { openPredictionTask } from './task.ts';

async function main([requestText, rank, workers]: readonly string[]): Promise<void> {
  const request = JSON.parse(requestText!) as WorkerRequest;
  await loadReferences(request.extensions);
  const task = await openPredictionTask(request);
  try {
    const { model, store, batches, engine } = task;
    const source = predictBatches({
      forward: await forwardOf(model, () => createEngine(engine)),
      task: model.task,
      store,
      batches,
      trained: model.data.manifest,
      first: Number(rank),
      stride: Number(workers),
    });
    for await (const predictions of source) await print({ predictions });
  } finally {
    await task.close();
  }
}

/** Waits while the reader is behind. */
async function print(line: WorkerLine): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
}

guardOutputs();
try {
  await main(process.argv.slice(2));
} catch (thrown) {
  await print({ failure: failureOfError(asLockstepError(thrown)) });
}
