/** Reads a source in a thread of its own, while this thread makes the dataset of what was read. */
import { on } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { errorOfFailure, type Failure } from '../../core/failure.ts';
import { addBytesRead } from '../../data/importer/bytes-read.ts';
import { decodeBatch, type EncodedBatch } from '../../data/importer/item-batch.ts';
import type { ImportItem } from '../../data/importer/record.ts';
import type { SourceOptions } from '../../data/importer/source-rules.ts';
import { startThread } from '../../launch/program.ts';

/** Batches of 1 MiB that the thread reads ahead. */
const BATCHES_AHEAD = 8;

/** What the thread is started with. */
export interface ReaderData {
  readonly request: SourceOptions;
  /** Items at the start that it leaves out. */
  readonly passOver: number;
  readonly batchesAhead: number;
}

/** What it sends; `readBytes` counts the bytes of the source that it has read. */
export type ReaderMessage =
  | { readonly batch: EncodedBatch; readonly readBytes: number }
  | { readonly isEnd: true; readonly readBytes: number }
  | { readonly failure: Failure };

/**
 * The items of a source of a built-in importer, as `importSource` gives them. Integers come in narrower arrays.
 * @throws LockstepError as `importSource` and its items
 */
export async function* readInThread(
  request: SourceOptions,
  passOver: number,
): AsyncGenerator<ImportItem, void> {
  const data: ReaderData = { request, passOver, batchesAhead: BATCHES_AHEAD };
  const thread = startThread(new URL('./reader-thread.ts', import.meta.url), data);
  try {
    yield* itemsOf(thread);
  } finally {
    await thread.terminate();
  }
}

async function* itemsOf(thread: Worker): AsyncGenerator<ImportItem, void> {
  let counted = 0;
  for await (const [message] of on(thread, 'message', { close: ['exit'] })) {
    const reply = message as ReaderMessage;
    if ('failure' in reply) throw errorOfFailure(reply.failure);
    addBytesRead(reply.readBytes - counted);
    counted = reply.readBytes;
    if ('isEnd' in reply) return;
    thread.postMessage('next');
    for (const item of decodeBatch(reply.batch)) yield item;
  }
  throw new Error('The thread that reads the source ended before the source did.');
}
