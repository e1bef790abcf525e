/** Reads a source, and sends its items in batches, a few ahead of those that were asked for. */
import { parentPort, workerData } from 'node:worker_threads';
import { asLockstepError } from '../../core/errors.ts';
import { failureOfError } from '../../core/failure.ts';
import { bytesRead } from '../../data/importer/bytes-read.ts';
import { importSource } from '../../data/importer/import-source.ts';
import { ItemBatch } from '../../data/importer/item-batch.ts';
import type { ReaderData, ReaderMessage } from './read-in-thread.ts';

const port = parentPort!;
const { request, passOver, batchesAhead } = workerData as ReaderData;
let mayBeSent = batchesAhead;
let onRequest = () => {};
port.on('message', () => {
  mayBeSent++;
  onRequest();
});

try {
  await readAll();
} catch (thrown) {
  send({ failure: failureOfError(asLockstepError(thrown)) });
}
port.close();

async function readAll(): Promise<void> {
  const { items, known } = importSource(request);
  known.left = passOver;
  let batch: ItemBatch | undefined;
  try {
    for await (const item of items) {
      if (batch?.hasRoomFor(item) === false) {
        await sendBatch(batch);
        batch = undefined;
      }
      batch ??= new ItemBatch(item);
      batch.add(item);
    }
  } finally {
    // The items ahead of a failure come first: one of them may be refused.
    if (batch !== undefined) await sendBatch(batch);
  }
  send({ isEnd: true, readBytes: bytesRead() });
}

async function sendBatch(batch: ItemBatch): Promise<void> {
  while (mayBeSent === 0) {
    await new Promise<void>((resolve) => {
      onRequest = resolve;
    });
  }
  mayBeSent--;
  const encoded = batch.encode();
  send({ batch: encoded, readBytes: bytesRead() }, [encoded.values.buffer]);
}

function send(message: ReaderMessage, memory: ArrayBuffer[] = []): void {
  port.postMessage(message, memory);
}
