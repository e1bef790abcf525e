/**
 * Random access to the record batches of an Arrow IPC file. The footer gives the place of each batch. One
 * positional read fetches a batch, so reads may overlap in time.
 */
import { type FileHandle, open } from 'node:fs/promises';
import {
  AsyncByteQueue,
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
} from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';

const MAGIC = 'ARROW1';
/** Footer length (int32) and the closing magic. */
const TRAILER_BYTES = 4 + MAGIC.length;

interface Block {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Called after each read of the file. */
export type OnRead = (sizeBytes: number, offset: number) => void;

/** The record batches of one open file; `close` it after use. */
export class ArrowBlocks {
  readonly schema: Schema;
  readonly #file: FileHandle;
  readonly #blocks: readonly Block[];
  /** A stream's opening message. In front of a block it makes a stream of one batch. */
  readonly #schemaMessage: Uint8Array;
  readonly #onRead: OnRead;

  private constructor(file: FileHandle, footer: Footer, onRead: OnRead) {
    this.#file = file;
    this.schema = footer.schema;
    this.#blocks = Array.from(footer.recordBatches(), (block) => ({
      offset: block.offset,
      sizeBytes: block.metaDataLength + block.bodyLength,
    }));
    this.#schemaMessage = encodeSchema(footer.schema);
    this.#onRead = onRead;
  }

  /** @throws Error that says what is wrong with the file */
  static async open(path: string, onRead: OnRead = () => {}): Promise<ArrowBlocks> {
    const file = await open(path, 'r');
    try {
      return new ArrowBlocks(file, await readFooter(file, onRead), onRead);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get count(): number {
    return this.#blocks.length;
  }

  /** Reads and decodes one record batch. */
  async read(index: number): Promise<RecordBatch> {
    const { offset, sizeBytes } = this.#blocks[index]!;
    const prefix = this.#schemaMessage.byteLength;
    const bytes = new Uint8Array(prefix + sizeBytes);
    bytes.set(this.#schemaMessage);
    await readFully(this.#file, bytes.subarray(prefix), offset, this.#onRead);
    const { value, done } = RecordBatchReader.from(bytes)[Symbol.iterator]().next();
    if (done) throw new Error(`record batch ${index} is empty`);
    return value;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function encodeSchema(schema: Schema): Uint8Array {
  const sink = new AsyncByteQueue();
  new RecordBatchStreamWriter().reset(sink, schema);
  return sink.toUint8Array(true);
}

async function readFooter(file: FileHandle, onRead: OnRead): Promise<Footer> {
  const { size } = await file.stat();
  if (size < TRAILER_BYTES) throw new Error(`it has ${size} bytes, too few for an Arrow file`);
  const trailer = Buffer.alloc(TRAILER_BYTES);
  await readFully(file, trailer, size - TRAILER_BYTES, onRead);
  if (trailer.toString('latin1', 4) !== MAGIC) throw new Error(`it does not end in "${MAGIC}"`);
  const footerBytes = trailer.readInt32LE(0);
  const start = size - TRAILER_BYTES - footerBytes;
  if (footerBytes <= 0 || start < 0) throw new Error(`its footer claims ${footerBytes} bytes`);
  const bytes = new Uint8Array(footerBytes);
  await readFully(file, bytes, start, onRead);
  return Footer.decode(bytes);
}

async function readFully(
  file: FileHandle,
  into: Uint8Array,
  offset: number,
  onRead: OnRead,
): Promise<void> {
  let filled = 0;
  while (filled < into.byteLength) {
    const left = into.byteLength - filled;
    const { bytesRead } = await file.read(into, filled, left, offset + filled);
    if (bytesRead === 0) throw new Error(`it ends at byte ${offset + filled}, ${left} too early`);
    filled += bytesRead;
  }
  onRead(into.byteLength, offset);
}
