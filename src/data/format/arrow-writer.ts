/** Writes an Arrow IPC file batch by batch, hashing as it goes: at most one batch is in memory. */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { AsyncByteQueue, type RecordBatch, RecordBatchFileWriter, type Schema } from 'apache-arrow';

/** Collects what apache-arrow's writer emits, so that it can be taken after each batch. */
class ChunkSink extends AsyncByteQueue {
  #chunks: Uint8Array[] = [];

  override write(value: ArrayBufferView): void {
    this.#chunks.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}

export interface WrittenFile {
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

export class ArrowFileWriter {
  readonly #file: FileHandle;
  readonly #writer = new RecordBatchFileWriter();
  readonly #sink = new ChunkSink();
  readonly #hash: Hash = createHash('sha256');
  #sizeBytes = 0;

  private constructor(file: FileHandle, schema: Schema) {
    this.#file = file;
    this.#writer.reset(this.#sink, schema);
  }

  static async create(path: string, schema: Schema): Promise<ArrowFileWriter> {
    return new ArrowFileWriter(await open(path, 'wx'), schema);
  }

  async write(batch: RecordBatch): Promise<void> {
    this.#writer.write(batch);
    await this.#flush();
  }

  /** Writes the footer and makes the file durable. */
  async finish(): Promise<WrittenFile> {
    this.#writer.finish();
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') };
  }

  /** Closes the file as it is, after a failure. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    for (const chunk of this.#sink.take()) {
      this.#hash.update(chunk);
      await this.#file.appendFile(chunk);
      this.#sizeBytes += chunk.byteLength;
    }
  }
}
