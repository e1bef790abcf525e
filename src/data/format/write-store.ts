/** Writes a dataset folder: rows by length, streamed batch by batch, visible only when complete. */

import {
  type FolderWriter,
  type WrittenFile,
  writeFolderAtomically,
} from '../../core/atomic-folder.ts';
import { LockstepError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import type { RecordBatch } from './arrow.ts';
import { arrowFileChunks } from './arrow-chunks.ts';
import {
  indexBatch,
  indexSchema,
  type StoreRow,
  sequencesBatch,
  sequencesSchema,
} from './arrow-schema.ts';
import { batchRows, type RowRange } from './batch-rows.ts';
import { compareUtf8 } from './byte-order.ts';
import { INDEX_FILE, MANIFEST_FILE, SEQUENCES_FILE } from './file-names.ts';
import { refuseTarget } from './refuse-target.ts';
import { StoreStatistics } from './statistics.ts';
import type { StoreManifest, ValueType } from './store.ts';
import { allocateValues, BYTES_PER_VALUE, type StoredValues } from './values.ts';

/** What a store will hold. */
export interface StoreContent<Row extends StoreRow> {
  readonly name: string;
  readonly valueType: ValueType;
  readonly classes: readonly string[];
  /** In any order; ids differ. */
  readonly rows: readonly Row[];
  /** The values of one row, `row.length` of them, of the store's type. */
  readonly readValues: (row: Row) => Promise<StoredValues> | StoredValues;
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** How to write a store. */
export interface WriteStoreOptions {
  /** Replace an existing store. */
  readonly overwrite?: boolean;
  /** Called after each record batch with the rows written so far. */
  readonly onProgress?: (rowsWritten: number, rows: number) => void;
}

/**
 * Writes `content` as the folder `target`. Equal content gives equal bytes, in any order of its rows. Memory
 * holds the ids, groups and lengths of all rows, and the values of one record batch (2 MiB).
 * @throws LockstepError USAGE when the target exists; DATA_INVALID when `content` has no rows
 */
export async function writeStore<Row extends StoreRow>(
  target: string,
  content: StoreContent<Row>,
  options: WriteStoreOptions = {},
): Promise<StoreManifest> {
  if (content.rows.length === 0) {
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot write a dataset to "${target}": no sequence is left to write.`,
      'Look at the counts of what was skipped, and widen the limits that skipped it.',
    );
  }
  const rows = content.rows.toSorted((a, b) => a.length - b.length || compareUtf8(a.id, b.id));
  await refuseTarget(target, options.overwrite ?? false);
  return await writeFolderAtomically(
    target,
    (folder) => fillFolder(folder, { ...content, rows }, options),
    { replace: options.overwrite ?? false },
  );
}

async function fillFolder<Row extends StoreRow>(
  folder: FolderWriter,
  content: StoreContent<Row>,
  options: WriteStoreOptions,
): Promise<StoreManifest> {
  const { name, valueType, classes, provenance } = content;
  const lengths = content.rows.map((row) => row.length);
  const ranges = batchRows(lengths, BYTES_PER_VALUE[valueType]);
  const statistics = new StoreStatistics(valueType, classes.length);
  const files = {
    [INDEX_FILE]: await writeIndex(folder, content, ranges),
    [SEQUENCES_FILE]: await writeSequences(folder, content, ranges, statistics, options),
  };
  const manifest: StoreManifest = {
    formatVersion: 1,
    name,
    valueType,
    classes,
    ...statistics.finish(),
    files,
    contentHash: contentHash(files),
    provenance,
  };
  await folder.write(MANIFEST_FILE, [Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)]);
  return manifest;
}

/** SHA-256 over the files' names and hashes, in the order of their names. */
export function contentHash(files: Readonly<Record<string, WrittenFile>>): string {
  const names = Object.keys(files).sort(compareUtf8);
  return sha256(names.map((name) => `${name} ${files[name]!.sha256}\n`).join(''));
}

/** Cuts the index into the same batches as the values, so a reader knows every batch's first row. */
async function writeIndex<Row extends StoreRow>(
  folder: FolderWriter,
  { rows, valueType, classes }: StoreContent<Row>,
  ranges: readonly RowRange[],
): Promise<WrittenFile> {
  const schema = indexSchema(valueType, classes);
  const batches = ranges.map(({ start, end }) => indexBatch(schema, rows.slice(start, end)));
  return await folder.write(INDEX_FILE, arrowFileChunks(schema, batches));
}

async function writeSequences<Row extends StoreRow>(
  folder: FolderWriter,
  content: StoreContent<Row>,
  ranges: readonly RowRange[],
  statistics: StoreStatistics,
  options: WriteStoreOptions,
): Promise<WrittenFile> {
  const schema = sequencesSchema(content.valueType, content.classes);
  async function* batches(): AsyncGenerator<RecordBatch> {
    for (const { start, end } of ranges) {
      const rows = content.rows.slice(start, end);
      yield sequencesBatch(schema, rows, await gather(content, rows, statistics));
      options.onProgress?.(end, content.rows.length);
    }
  }
  return await folder.write(SEQUENCES_FILE, arrowFileChunks(schema, batches()));
}

async function gather<Row extends StoreRow>(
  content: StoreContent<Row>,
  rows: readonly Row[],
  statistics: StoreStatistics,
): Promise<StoredValues> {
  const total = rows.reduce((sum, row) => sum + row.length, 0);
  const gathered = allocateValues(content.valueType, total);
  let position = 0;
  for (const row of rows) {
    const values = await content.readValues(row);
    statistics.add(row, values);
    gathered.set(values, position);
    position += row.length;
  }
  return gathered;
}
