/** Reads a source in a thread of its own, while this thread makes the dataset of what was read. */
import { on } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { errorOfFailure, type Failure } from '../../core/failure.ts';
import type { ChosenSource } from '../../importer/import-source.ts';
import { decodeBatch, type EncodedBatch, type ReadBatch } from '../../importer/item-batch.ts';
import type { SourceReading } from '../../importer/read-source.ts';
import { startThread } from '../../launch/program.ts';
import { addBytesRead } from '../../source/file/bytes-read.ts';

/** Batches of 1 MiB that the thread reads ahead. */
const BATCHES_AHEAD = 8;

/** What the thread is started with. */
export interface ReaderData {
  /** Kind of a built-in importer. */
  readonly kind: string;
  readonly reading: SourceReading;
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
 * The items of a source of a built-in importer, as `importSource` gives them, in batches. Integers come in narrower
 * arrays.
 * @throws LockstepError as `importSource` and its items
 */
export async function* readInThread(
  { importer: { kind }, options, sources, hasIds, keyRoles }: ChosenSource,
  passOver: number,
): AsyncGenerator<ReadBatch, void> {
  const reading = { options, sources, hasIds, keyRoles };
  const data: ReaderData = { kind, reading, passOver, batchesAhead: BATCHES_AHEAD };
  const thread = startThread(new URL('./reader-thread.ts', import.meta.url), data);
  try {
    yield* batchesOf(thread);
  } finally {
    await thread.terminate();
  }
}

async function* batchesOf(thread: Worker): AsyncGenerator<ReadBatch, void> {
  let counted = 0;
  for await (const [message] of on(thread, 'message', { close: ['exit'] })) {
    const reply = message as ReaderMessage;
    if ('failure' in reply) throw errorOfFailure(reply.failure);
    addBytesRead(reply.readBytes - counted);
    counted = reply.readBytes;
    if ('isEnd' in reply) return;
    thread.postMessage('next');
    const { batch } = reply;
    yield { items: decodeBatch(batch), encode: () => batch };
  }
  throw new Error('The thread that reads the source ended before the source did.');
}
