/** Writes the files of one version of a store: the shards, the rows without values, and the index. */
import type { FolderWriter, WrittenFile } from '../../core/atomic-folder.ts';
import type { RecordBatch, Schema } from './arrow.ts';
import { arrowFileChunks } from './arrow-chunks.ts';
import {
  type RowData,
  rowsBatch,
  rowsSchema,
  type StoreRow,
  type StoreShape,
  sequencesBatch,
  sequencesSchema,
} from './arrow-schema.ts';
import { batchRows, type RowRange } from './batch-rows.ts';
import { INDEX_FILE, ROWS_FILE, shardFile } from './file-names.ts';
import { indexChunks } from './index-file.ts';
import type { OrderedRows } from './ordered-rows.ts';
import type { Shard } from './store.ts';
import { BYTES_PER_VALUE } from './values.ts';

/** Most bytes of a shard, unless it is one record batch that is larger. */
export const SHARD_BYTES = 512 * 2 ** 20;
/** Of the schema and the footer. */
const FRAME_BYTES = 64 * 2 ** 10;
/** Metadata and padding of a record batch, and its entry in the footer. */
const BATCH_BYTES = 4096;

/** What to write. */
export interface ShardContent<Row extends StoreRow> extends StoreShape {
  readonly rows: OrderedRows<Row>;
  /** The data of all `rows`, one after the other. Called again only when the last call has ended. */
  readonly gather: (rows: readonly Row[]) => Promise<RowData>;
  /** Called after each record batch with the number of rows written so far. */
  readonly onProgress: (written: number) => void;
  readonly shardBytes: number;
}

/** What `writeShards` has written. */
export interface WrittenShards {
  readonly shards: readonly Shard[];
  readonly files: Readonly<Record<string, WrittenFile>>;
}

/** Equal rows give equal files. */
export async function writeShards<Row extends StoreRow>(
  folder: FolderWriter,
  content: ShardContent<Row>,
): Promise<WrittenShards> {
  const { index } = content.rows;
  const ranges = batchRows(index.lengths, BYTES_PER_VALUE[content.valueType] * content.channels);
  const files: Record<string, WrittenFile> = {};
  const batches = sequenceBatches(content, ranges);
  // Gathered while the rows are written.
  const first = batches.next();
  // What becomes of it, its `await` says.
  first.catch(() => {});
  files[INDEX_FILE] = await folder.write(INDEX_FILE, indexChunks(index));
  files[ROWS_FILE] = await folder.write(ROWS_FILE, rowsTable(content, ranges));
  const shards: Shard[] = [];
  for (let next = await first; !next.done; ) {
    const file = shardFile(shards.length);
    const start = shards.at(-1)?.end ?? 0;
    let end = start;
    async function* ofShard(): AsyncGenerator<RecordBatch> {
      for (let bytes = FRAME_BYTES; !next.done; next = await batches.next()) {
        bytes += sizeOf(next.value);
        if (end > start && bytes > content.shardBytes) return;
        end += next.value.numRows;
        yield next.value;
      }
    }
    files[file] = await folder.write(file, arrowFileChunks(sequencesSchema(content), ofShard()));
    shards.push({ file, start, end });
  }
  return { shards, files };
}

const sizeOf = (batch: RecordBatch): number => batch.data.byteLength + BATCH_BYTES;

/** The rows of one record batch. */
function rowsOf<Row extends StoreRow>(rows: OrderedRows<Row>, { start, end }: RowRange): Row[] {
  return Array.from({ length: end - start }, (_, i) => rows.at(start + i));
}

function rowsTable<Row extends StoreRow>(
  content: ShardContent<Row>,
  ranges: readonly RowRange[],
): AsyncIterable<Uint8Array> {
  const schema: Schema = rowsSchema(content);
  function* batches(): Generator<RecordBatch> {
    for (const range of ranges) yield rowsBatch(schema, rowsOf(content.rows, range));
  }
  return arrowFileChunks(schema, batches());
}

async function* sequenceBatches<Row extends StoreRow>(
  content: ShardContent<Row>,
  ranges: readonly RowRange[],
): AsyncGenerator<RecordBatch, void> {
  const schema = sequencesSchema(content);
  const begin = (number: number) => {
    if (number === ranges.length) return undefined;
    const rows = rowsOf(content.rows, ranges[number]!);
    const gathering = content.gather(rows);
    // What becomes of it, the next turn says, if there is one.
    gathering.catch(() => {});
    return { rows, gathering };
  };
  let next = begin(0);
  for (const [number, { end }] of ranges.entries()) {
    const { rows, gathering } = next!;
    const data = await gathering;
    // Gathered while this one is written.
    next = begin(number + 1);
    yield sequencesBatch(schema, rows, data, content.channels);
    content.onProgress(end);
  }
}
