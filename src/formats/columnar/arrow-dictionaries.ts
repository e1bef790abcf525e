/**
 * The dictionaries of an Arrow file, by its footer. In a stream they come before the batches that need them; in a file
 * they may stand behind these, as polars writes them.
 */
import { ByteBuffer } from 'flatbuffers';
import { openRandomAccess, type RandomAccess } from '../../source/file/scratch-file.ts';
import { checkMessage } from './arrow-metadata.ts';

/** The place of the field `dictionaries` in the table Footer of Arrow's File.fbs: 4 + 2 · field. */
const DICTIONARIES = 8;
/** An int64 offset, the length of the metadata and that of the body. */
const BLOCK_BYTES = 24;
/** The size of the footer and the magic string. */
const END_BYTES = 10;
const PREFIX_BYTES = 8;
const CONTINUATION = 0xffffffff;
const MOST_FOOTER_BYTES = 2 ** 28;

/**
 * Each dictionary's message with its prefix, as a stream has it.
 * @throws Error for a place outside of the file
 */
export async function dictionaryMessages(path: string): Promise<Buffer[]> {
  const file = await openRandomAccess(path);
  try {
    const messages: Buffer[] = [];
    for (const offset of dictionaryOffsets(await footerOf(file))) {
      messages.push(await messageAt(file, offset));
    }
    return messages;
  } finally {
    await file.close();
  }
}

async function footerOf(file: RandomAccess): Promise<Buffer> {
  const end = await file.read(file.size - END_BYTES, END_BYTES);
  const size = end.readInt32LE(0);
  if (!(size >= 8 && size <= Math.min(MOST_FOOTER_BYTES, file.size - END_BYTES))) {
    throw new Error('it is cut off: it has no footer');
  }
  return await file.read(file.size - END_BYTES - size, size);
}

function dictionaryOffsets(footer: Buffer): number[] {
  const buffer = new ByteBuffer(footer);
  const table = buffer.readInt32(0);
  const field = buffer.__offset(table, DICTIONARIES);
  if (field === 0) return [];
  const [count, start] = [buffer.__vector_len(table + field), buffer.__vector(table + field)];
  if (!(count >= 0 && start + count * BLOCK_BYTES <= footer.length)) {
    throw new Error(`its footer claims ${count} dictionaries`);
  }
  return Array.from({ length: count }, (_, i) =>
    Number(footer.readBigInt64LE(start + i * BLOCK_BYTES)),
  );
}

async function messageAt(file: RandomAccess, offset: number): Promise<Buffer> {
  const take = async (at: number, size: number) => {
    if (at < 0 || at + size > file.size) throw new Error('a dictionary lies outside of the file');
    return await file.read(at, size);
  };
  const prefix = await take(offset, PREFIX_BYTES);
  if (prefix.readUInt32LE() !== CONTINUATION) throw new Error('a message has no start mark');
  const metadata = await take(offset + PREFIX_BYTES, prefix.readUInt32LE(4));
  const { bodyBytes } = checkMessage(metadata);
  const body = await take(offset + PREFIX_BYTES + metadata.length, bodyBytes);
  return Buffer.concat([prefix, metadata, body]);
}
