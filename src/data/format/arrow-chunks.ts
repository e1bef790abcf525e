/** The bytes of an Arrow IPC file, batch by batch, with at most one batch in memory. */
import { AsyncByteQueue, type RecordBatch, RecordBatchFileWriter, type Schema } from './arrow.ts';

/** A batch of at most this size is one chunk, since its dozens of buffers take long to write one by one. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** Collects the output of apache-arrow's writer, so that we can take it after each batch. */
class ChunkSink extends AsyncByteQueue {
  #chunks: Uint8Array[] = [];

  override write(value: ArrayBufferView): void {
    this.#chunks.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    const sizeBytes = chunks.reduce((sum, { length }) => sum + length, 0);
    return 0 < sizeBytes && sizeBytes <= CHUNK_BYTES ? [Buffer.concat(chunks, sizeBytes)] : chunks;
  }
}

/** Chunks of the file that holds `batches`, all of `schema`. The last chunks are its footer. */
export async function* arrowFileChunks(
  schema: Schema,
  batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>,
): AsyncGenerator<Uint8Array> {
  const sink = new ChunkSink();
  const writer = new RecordBatchFileWriter().reset(sink, schema);
  for await (const batch of batches) {
    writer.write(batch);
    yield* sink.take();
  }
  writer.finish();
  yield* sink.take();
}
