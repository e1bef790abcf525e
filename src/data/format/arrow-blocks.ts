/**
 * Random access to the record batches of an Arrow IPC file. The footer gives the place of each batch. One
 * positional read fetches a batch, so reads may overlap in time.
 */
import { ByteBuffer } from 'flatbuffers';
import {
  AsyncByteQueue,
  MessageReader,
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
} from './arrow.ts';
import type { DataFile } from './data-file.ts';

const MAGIC = 'ARROW1';
/** The opening magic, padded. */
const HEADER_BYTES = 8;
/** A block in the footer: offset (int64), size of its metadata (int32, padded) and of its body (int64). */
const BLOCK_BYTES = 24;
/** Place of the footer's field `recordBatches`, the fourth, in its vtable. */
const RECORD_BATCHES = 10;
/** Footer length (int32) and the closing magic. */
const TRAILER_BYTES = 4 + MAGIC.length;

interface Block {
  readonly offset: number;
  /** Of its metadata, which come before its body. */
  readonly metadataBytes: number;
  /** Of metadata and body. */
  readonly sizeBytes: number;
}

/** Called after each read of the file. */
export type OnRead = (sizeBytes: number, offset: number) => void;

/** Fills `into` from a place of the file. */
type ReadAt = (into: Uint8Array, offset: number) => Promise<void>;

/** A part of the file. */
export interface FilePart {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The record batches of one open file, which its owner closes. */
export class ArrowBlocks {
  readonly schema: Schema;
  /** Fills the array from a place of the file. */
  readonly readAt: ReadAt;
  readonly #blocks: readonly Block[];
  /** A stream's opening message. In front of a block it makes a stream of one batch. */
  readonly #schemaMessage: Uint8Array;

  private constructor({ schema, blocks }: FooterContents, readAt: ReadAt) {
    this.readAt = readAt;
    this.schema = schema;
    this.#blocks = blocks;
    this.#schemaMessage = encodeSchema(schema);
  }

  /** Reads the footer of an open file. @throws Error that says what is wrong with it */
  static async over(file: DataFile, onRead: OnRead = () => {}): Promise<ArrowBlocks> {
    const readAt: ReadAt = async (into, offset) => {
      await file.readAt(into, offset);
      onRead(into.byteLength, offset);
    };
    return new ArrowBlocks(await readFooter(file.sizeBytes, readAt), readAt);
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
    await this.readAt(bytes.subarray(prefix), offset);
    const { value, done } = RecordBatchReader.from(bytes)[Symbol.iterator]().next();
    if (done) throw new Error(`record batch ${index} is empty`);
    return value;
  }

  /**
   * The place of the data of one of a batch's last columns, found in its metadata. They are lists, of four buffers
   * each, the last of them with the data.
   * @param after number of the columns behind it
   */
  async listData(index: number, after: number): Promise<FilePart> {
    const { offset, metadataBytes, sizeBytes } = this.#blocks[index]!;
    const bytes = new Uint8Array(metadataBytes);
    await this.readAt(bytes, offset);
    const header = new MessageReader(bytes).readMessage()?.header();
    const last =
      header !== undefined && 'buffers' in header ? header.buffers.at(-1 - 4 * after) : undefined;
    if (last === undefined) throw new Error(`record batch ${index} has no buffers`);
    const start = metadataBytes + last.offset;
    if (last.offset < 0 || last.length < 0 || start + last.length > sizeBytes) {
      throw new Error(`record batch ${index} puts ${last.length} bytes at byte ${last.offset}`);
    }
    return { offset: offset + start, sizeBytes: last.length };
  }
}

function encodeSchema(schema: Schema): Uint8Array {
  const sink = new AsyncByteQueue();
  new RecordBatchStreamWriter().reset(sink, schema);
  return sink.toUint8Array(true);
}

/** What the footer tells: the schema, and where each record batch is. */
interface FooterContents {
  readonly schema: Schema;
  readonly blocks: readonly Block[];
}

async function readFooter(size: number, readAt: ReadAt): Promise<FooterContents> {
  if (size < TRAILER_BYTES) throw new Error(`it has ${size} bytes, too few for an Arrow file`);
  const trailer = Buffer.alloc(TRAILER_BYTES);
  await readAt(trailer, size - TRAILER_BYTES);
  if (trailer.toString('latin1', 4) !== MAGIC) throw new Error(`it does not end in "${MAGIC}"`);
  const footerBytes = trailer.readInt32LE(0);
  const start = size - TRAILER_BYTES - footerBytes;
  if (footerBytes <= 0 || start < 0) throw new Error(`its footer claims ${footerBytes} bytes`);
  const bytes = new Uint8Array(footerBytes);
  await readAt(bytes, start);
  const blocks = blocksIn(bytes);
  refuseOutside(blocks, start);
  return { schema: schemaIn(bytes, trailer), blocks };
}

/** The reader decodes a schema from a file only, so it gets one that is a header and a footer. */
function schemaIn(footer: Uint8Array, trailer: Uint8Array): Schema {
  const header = Buffer.from(MAGIC.padEnd(HEADER_BYTES, '\0'), 'latin1');
  return RecordBatchReader.from(Buffer.concat([header, footer, trailer])).open().schema;
}

/** Reads the table Footer of Arrow's File.fbs. apache-arrow's own class for it would load 40 modules more. */
function blocksIn(footer: Uint8Array): Block[] {
  const buffer = new ByteBuffer(footer);
  const table = buffer.readInt32(0);
  const field = buffer.__offset(table, RECORD_BATCHES);
  const length = field === 0 ? 0 : buffer.__vector_len(table + field);
  if (length * BLOCK_BYTES > footer.length) {
    throw new Error(`its footer claims ${length} record batches`);
  }
  const first = buffer.__vector(table + field);
  return Array.from({ length }, (_, index) => {
    const block = first + index * BLOCK_BYTES;
    const [metadataBytes, bodyBytes] = [buffer.readInt32(block + 8), buffer.readInt64(block + 16)];
    if (metadataBytes < 0 || bodyBytes < 0n) throw new Error('its footer claims a negative size');
    return {
      offset: Number(buffer.readInt64(block)),
      metadataBytes,
      sizeBytes: metadataBytes + Number(bodyBytes),
    };
  });
}

/** Damage must not ask for more memory than the file has bytes. */
function refuseOutside(blocks: readonly Block[], end: number): void {
  for (const { offset, sizeBytes } of blocks) {
    if (offset >= HEADER_BYTES && sizeBytes > 0 && offset + sizeBytes <= end) continue;
    throw new Error(`its footer puts a batch of ${sizeBytes} bytes at byte ${offset}`);
  }
}
