/** Gathers the values of a spill for the thread that writes them. */
import { parentPort } from 'node:worker_threads';
import { asLockstepError } from '../../core/errors.ts';
import { failureOfError } from '../../core/failure.ts';
import { SpilledValues } from '../../importer/build/spilled-values.ts';
import type { GatherReply, GatherRequest } from './gather-in-thread.ts';

const port = parentPort!;
let spilled: SpilledValues;
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
  } else if ('shape' in request) {
    spilled = new SpilledValues(request.shape);
  } else {
    const values = spilled.gather(request.batch);
    send({ values }, [values.buffer as ArrayBuffer]);
  }
}

function send(reply: GatherReply, memory: ArrayBuffer[] = []): void {
  port.postMessage(reply, memory);
}
