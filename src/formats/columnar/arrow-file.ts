/** An Arrow file, stream or Feather file: its columns, and its rows, record batch by record batch. */
import * as zlib from 'node:zlib';
import type { RecordBatch } from 'apache-arrow';
import { decompress as decompressZstd } from 'fzstd';
import { LockstepError } from '../../core/errors.ts';
import { CompressionType, RecordBatchReader, setCodec } from '../../data/format/arrow.ts';
import { ByteReader } from '../../source/file/byte-reader.ts';
import { readBytes } from '../../source/file/compressed.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { cellsOf } from './arrow-cells.ts';
import { checkData } from './arrow-data.ts';
import { dictionaryMessages } from './arrow-dictionaries.ts';
import { arrowMessages } from './arrow-messages.ts';
import type { Cell, ColumnarFile } from './cell.ts';
import { classNamesIn } from './hugging-face-features.ts';
import { decompressLz4Frame } from './lz4-frame.ts';
import { UnreadableColumn } from './unreadable-column.ts';

/** Node's own zstd, where it has one, is several times as fast. */
const { zstdDecompressSync = (bytes: Uint8Array) => decompressZstd(bytes) } = zlib as {
  zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
};
setCodec(CompressionType.LZ4_FRAME, decompressLz4Frame);
// At the start of a buffer of its own, so that numbers can be read in place.
setCodec(CompressionType.ZSTD, (bytes) => new Uint8Array(zstdDecompressSync(bytes)));

/**
 * Opens a file.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for anything but Arrow's formats, here and from `rows`
 */
export async function openArrow(path: string): Promise<ColumnarFile> {
  const bytes = new ByteReader(readBytes(path));
  try {
    const messages = arrowMessages(bytes, () => dictionaryMessages(path));
    const reader = await RecordBatchReader.from(messages);
    const { fields, metadata } = (await reader.open()).schema;
    const entries = [...metadata].map(([key, value]) => ({ key, value }));
    const classes = classNamesIn(entries);
    return {
      path,
      // A damaged file may have a column without a name.
      columns: fields.map(({ name }) => ({ name: name ?? '', classNames: classes.get(name) })),
      rows: (names) => rowsOf(path, reader, messages, names),
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw failureOf(path, error);
  }
}

async function* rowsOf(
  path: string,
  batches: AsyncIterable<RecordBatch>,
  messages: AsyncGenerator<Buffer>,
  names: readonly string[],
): AsyncGenerator<readonly Cell[]> {
  try {
    for await (const batch of batches) {
      const columns = names.map((name) => cellsOf(name, columnOf(batch, name)));
      for (let row = 0; row < batch.numRows; row++) yield columns.map((cellAt) => cellAt(row));
    }
    // The reader stops at the end mark; what must follow it is checked here.
    for await (const _ of messages);
  } catch (error) {
    throw failureOf(path, error);
  }
}

function columnOf(batch: RecordBatch, name: string) {
  const place = batch.schema.fields.findIndex((field) => field.name === name);
  const column = batch.data.children[place]!;
  if (column.length < batch.numRows) throw new Error(`the column "${name}" is cut off`);
  checkData(column);
  return column;
}

function failureOf(path: string, error: unknown): unknown {
  if (error instanceof LockstepError) return error;
  if (error instanceof UnreadableColumn) return error.of(path);
  const reason = (error as Error).message;
  const [, unknown] = /^Unrecognized type: "(\w+)"/.exec(reason) ?? [];
  if (unknown !== undefined) {
    return sourceError(path, `one of its columns is of the type ${unknown}, which is not read`, {
      cause: error,
      advice: 'Write it again without that column, or as Parquet.',
    });
  }
  return sourceError(path, `the Arrow file is damaged or of a kind that is not read (${reason})`, {
    cause: error,
    advice: 'Write it again with pyarrow or polars, or save the values as .npz or .jsonl.',
  });
}
