/** Writes a dataset folder: rows in length order, streamed batch by batch, visible only once it is whole. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import {
  indexBatch,
  indexSchema,
  type StoreRow,
  sequencesBatch,
  sequencesSchema,
} from './arrow-schema.ts';
import { ArrowFileWriter, type WrittenFile } from './arrow-writer.ts';
import { writeFolderAtomically } from './atomic-folder.ts';
import { batchRows } from './batch-rows.ts';
import { compareUtf8 } from './byte-order.ts';
import { StoreStatistics } from './statistics.ts';
import type { StoreManifest, ValueType } from './store.ts';
import { allocateValues, BYTES_PER_VALUE, type StoredValues } from './values.ts';

export const MANIFEST_FILE = 'manifest.json';
export const SEQUENCES_FILE = 'sequences.arrow';
export const INDEX_FILE = 'index.arrow';

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

export interface WriteStoreOptions {
  /** Replace an existing store. */
  readonly overwrite?: boolean;
  /** Called after each record batch with the rows written so far. */
  readonly onProgress?: (rowsWritten: number, rows: number) => void;
}

/**
 * Writes `content` as the folder `target`; equal content gives equal bytes, in whatever order its rows come.
 * The rows' ids, groups and lengths are held in memory, the values of one record batch (2 MiB) at a time.
 * @throws LockstepError USAGE when the target exists; DATA_INVALID when there are no rows.
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
  return await writeFolderAtomically(
    target,
    { overwrite: options.overwrite ?? false, marker: MANIFEST_FILE },
    (folder) => fillFolder(folder, { ...content, rows }, options),
  );
}

async function fillFolder<Row extends StoreRow>(
  folder: string,
  content: StoreContent<Row>,
  options: WriteStoreOptions,
): Promise<StoreManifest> {
  const statistics = new StoreStatistics(content.valueType, content.classes.length);
  const files = {
    [INDEX_FILE]: await writeIndex(join(folder, INDEX_FILE), content),
    [SEQUENCES_FILE]: await writeSequences(
      join(folder, SEQUENCES_FILE),
      content,
      statistics,
      options,
    ),
  };
  const manifest: StoreManifest = {
    formatVersion: 1,
    name: content.name,
    valueType: content.valueType,
    classes: content.classes,
    ...statistics.finish(),
    files,
    contentHash: contentHash(files),
    provenance: content.provenance,
  };
  await writeDurably(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** SHA-256 over the files' names and hashes, in the order of their names. */
export function contentHash(files: Readonly<Record<string, WrittenFile>>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(files).sort(compareUtf8)) {
    hash.update(`${name} ${files[name]!.sha256}\n`);
  }
  return hash.digest('hex');
}

/** The index is cut into the same batches as the values: so a reader knows every batch's first row. */
async function writeIndex<Row extends StoreRow>(
  path: string,
  content: StoreContent<Row>,
): Promise<WrittenFile> {
  const schema = indexSchema(content.valueType, content.classes);
  return await withWriter(path, schema, async (writer) => {
    for (const { start, end } of rangesOf(content)) {
      await writer.write(indexBatch(schema, content.rows.slice(start, end)));
    }
  });
}

async function writeSequences<Row extends StoreRow>(
  path: string,
  content: StoreContent<Row>,
  statistics: StoreStatistics,
  options: WriteStoreOptions,
): Promise<WrittenFile> {
  const schema = sequencesSchema(content.valueType, content.classes);
  return await withWriter(path, schema, async (writer) => {
    for (const { start, end } of rangesOf(content)) {
      const rows = content.rows.slice(start, end);
      await writer.write(sequencesBatch(schema, rows, await gather(content, rows, statistics)));
      options.onProgress?.(end, content.rows.length);
    }
  });
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

async function withWriter(
  path: string,
  schema: Parameters<typeof ArrowFileWriter.create>[1],
  write: (writer: ArrowFileWriter) => Promise<void>,
): Promise<WrittenFile> {
  const writer = await ArrowFileWriter.create(path, schema);
  try {
    await write(writer);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return await writer.finish();
}

function rangesOf<Row extends StoreRow>(content: StoreContent<Row>) {
  const lengths = content.rows.map((row) => row.length);
  return batchRows(lengths, BYTES_PER_VALUE[content.valueType]);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
