/** Reads a source, and sends its items in batches, a few ahead of those that were asked for. */
import { parentPort, workerData } from 'node:worker_threads';
import { asLockstepError } from '../../core/errors.ts';
import { failureOfError } from '../../core/failure.ts';
import { inBatches, type ReadBatch } from '../../importer/item-batch.ts';
import { loadRecords } from '../../importer/load-records.ts';
import { readSource } from '../../importer/read-source.ts';
import { bytesRead } from '../../source/file/bytes-read.ts';
import type { ReaderData, ReaderMessage } from './read-in-thread.ts';

const port = parentPort!;
const { kind, reading, passOver, batchesAhead } = workerData as ReaderData;
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
  const items = readSource(await loadRecords(kind), reading, { left: passOver });
  for await (const batch of inBatches(items)) await sendBatch(batch);
  send({ isEnd: true, readBytes: bytesRead() });
}

async function sendBatch(batch: ReadBatch): Promise<void> {
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
