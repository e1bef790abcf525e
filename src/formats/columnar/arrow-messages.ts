/**
 * Reads the messages of Arrow's two formats one by one: the stream, and the file, which is a stream between a magic
 * string and a footer. Both must end as they should: what was cut off between two messages is noticed, too.
 */
import { ByteBuffer } from 'flatbuffers';
import type { ByteReader } from '../../source/file/byte-reader.ts';
import { checkMessage } from './arrow-metadata.ts';

const FILE_MAGIC = 'ARROW1';
const CONTINUATION = 0xffffffff;
/** The place of this field in the table Footer of Arrow's File.fbs: 4 + 2 · field. */
const RECORD_BATCHES = 10;
const MOST_METADATA_BYTES = 2 ** 28;
/** Of a schema without its size. */
const MOST_BARE_BYTES = 2 ** 20;

/** Only its footer has one. */
const NO_SCHEMA =
  "it does not begin with its schema; apache-arrow for JavaScript writes such files, but good streams: tableToIPC(table, 'stream')";

/**
 * Yields each message with its prefix, as a stream has it: dictionaries before the batches.
 * @param dictionaries those of a file, which may stand behind the batches; asked for where a column needs one and none
 * stands before them
 * @throws Error for anything but Arrow's formats
 */
export async function* arrowMessages(
  bytes: ByteReader,
  dictionaries: () => Promise<readonly Buffer[]> = async () => [],
): AsyncGenerator<Buffer> {
  const start = await bytes.take(8);
  const isFile = start.toString('latin1', 0, 6) === FILE_MAGIC;
  if (start.toString('latin1', 0, 4) === 'FEA1') throw new Error('it is of version 1 of Feather');
  let batches = 0;
  let hasDictionaries = !isFile;
  let areEarly = false;
  let hasSchema = false;
  let prefix = isFile ? await bytes.take(8) : start;
  if (isFile && prefix.length === 8 && prefix.readUInt32LE() !== CONTINUATION) {
    const { schema, next, needsDictionaries } = await bareSchema(bytes, prefix);
    yield schema;
    hasSchema = true;
    hasDictionaries = !needsDictionaries;
    prefix = next;
  }
  for (;;) {
    const metadata = await metadataOf(bytes, prefix);
    if (metadata === undefined) break;
    const { bodyBytes, isBatch, isDictionary, needsDictionaries } = checkMessage(metadata);
    if (!isBatch && !isDictionary) {
      hasSchema = true;
      hasDictionaries ||= !needsDictionaries;
    } else if (!hasSchema) throw new Error(NO_SCHEMA);
    if (isBatch && !hasDictionaries) {
      const early = await dictionaries();
      areEarly = early.length > 0;
      yield* early;
    }
    hasDictionaries ||= isBatch || isDictionary;
    if (isBatch) batches++;
    const body = await bytes.take(bodyBytes);
    if (body.length < bodyBytes) throw new Error('a record batch is cut off');
    if (!(isDictionary && areEarly)) yield Buffer.concat([prefix, metadata, body]);
    prefix = await bytes.take(8);
  }
  yield prefix;
  if (isFile) await checkFooter(bytes, batches);
  else if (!(await bytes.isAtEnd())) throw new Error('bytes follow its end');
}

/**
 * The schema as some versions of polars write it in a file: without the prefix that says its size.
 * @param start its first bytes
 * @returns the schema with a prefix, and the prefix of the message behind it
 */
async function bareSchema(
  bytes: ByteReader,
  start: Buffer,
): Promise<{ schema: Buffer; next: Buffer; needsDictionaries: boolean }> {
  const parts = [start];
  let next = await bytes.take(8);
  for (let size = 0; next.length === 8 && size < MOST_BARE_BYTES; size += 8) {
    if (next.readUInt32LE() === CONTINUATION) break;
    parts.push(next);
    next = await bytes.take(8);
  }
  if (next.length < 8 || next.readUInt32LE() !== CONTINUATION) throw noStartMark();
  const metadata = Buffer.concat(parts);
  const { needsDictionaries } = checkMessage(metadata);
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(CONTINUATION);
  prefix.writeUInt32LE(metadata.length, 4);
  return { schema: Buffer.concat([prefix, metadata]), next, needsDictionaries };
}

const noStartMark = (): Error => new Error('a message has no start mark');

/** The metadata behind a prefix; undefined at the end of the messages. */
async function metadataOf(bytes: ByteReader, prefix: Buffer): Promise<Buffer | undefined> {
  if (prefix.length < 8) throw new Error('it is cut off: it has no end mark');
  if (prefix.readUInt32LE() !== CONTINUATION) throw noStartMark();
  const size = prefix.readUInt32LE(4);
  if (size === 0) return undefined;
  if (size > MOST_METADATA_BYTES) throw new Error(`a message claims ${size} bytes of metadata`);
  const metadata = await bytes.take(size);
  if (metadata.length < size) throw new Error('a message is cut off');
  return metadata;
}

/** The footer says how many record batches there are. */
async function checkFooter(bytes: ByteReader, batches: number): Promise<void> {
  const rest = await bytes.take(MOST_METADATA_BYTES);
  const size = rest.length - 10;
  if (
    size < 8 ||
    rest.toString('latin1', size + 4) !== FILE_MAGIC ||
    rest.readInt32LE(size) !== size
  ) {
    throw new Error('it is cut off: it has no footer');
  }
  const buffer = new ByteBuffer(rest.subarray(0, size));
  const table = buffer.readInt32(0);
  const field = buffer.__offset(table, RECORD_BATCHES);
  const expected = field === 0 ? 0 : buffer.__vector_len(table + field);
  if (expected !== batches) {
    throw new Error(`it has ${batches} record batches, but its footer names ${expected}`);
  }
}
