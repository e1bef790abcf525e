/** Gathers the values of a spill for the thread that writes them. */
import { parentPort, workerData } from 'node:worker_threads';
import { asLockstepError } from '../../core/errors.ts';
import { failureOfError } from '../../core/failure.ts';
import { SpilledValues, type SpillShape } from '../../importer/build/spilled-values.ts';
import type { GatherReply, GatherRequest } from './gather-in-thread.ts';

const port = parentPort!;
const spilled = new SpilledValues(workerData as SpillShape);
port.on('message', (request: GatherRequest) => {
  try {
    answer(request);
  } catch (thrown) {
    send({ failure: failureOfError(asLockstepError(thrown)) });
  }
});

function answer(request: GatherRequest): void {
  if (request === 'finish') {
    send({ summary: spilled.finish() });
    return;
  }
  const values = spilled.gather(request.batch);
  send({ values }, [values.buffer as ArrayBuffer]);
}

function send(reply: GatherReply, memory: ArrayBuffer[] = []): void {
  port.postMessage(reply, memory);
}
