/** Writes a dataset folder: rows by length, streamed batch by batch, visible only when complete. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type FolderWriter, writeFolderAtomically } from '../../core/atomic-folder.ts';
import { LockstepError } from '../../core/errors.ts';
import { withLockedTarget } from '../../core/target-lock.ts';
import type { RowData, StoreRow, StoreShape } from './arrow-schema.ts';
import { type BlockChecksums, ChecksumCollector, encodeChecksums } from './checksums.ts';
import { CHECKSUM_FILE, MANIFEST_FILE, versionFolder } from './file-names.ts';
import type { ValueGatherer } from './gather-values.ts';
import { contentHashOf, encodeManifest } from './manifest-schema.ts';
import { type OrderedRows, orderedRows } from './ordered-rows.ts';
import { refuseTarget } from './refuse-target.ts';
import { nextVersion, replaceVersion } from './replace-version.ts';
import { RowStatistics } from './row-statistics.ts';
import type { StoreManifest } from './store.ts';
import { SHARD_BYTES, writeShards } from './write-shards.ts';

/** What a store will hold. */
export interface StoreContent<Row extends StoreRow>
  extends Pick<StoreShape, 'valueType' | 'classes'>,
    Partial<Pick<StoreShape, 'channels' | 'target'>> {
  readonly name: string;
  /** Ids differ. Rows in memory may have any order. */
  readonly rows: readonly Row[] | OrderedRows<Row>;
  /** Begins to give values of the store's type. */
  readonly gatherer: () => ValueGatherer<Row>;
  /** The class of each timestep of one row, or UNLABELLED, where the target is `timestep-class`. */
  readonly readTimestepLabels?: (row: Row) => Promise<ArrayLike<number>> | ArrayLike<number>;
  readonly provenance: Readonly<Record<string, unknown>>;
}

interface OrderedContent<Row extends StoreRow> extends StoreContent<Row> {
  readonly rows: OrderedRows<Row>;
}

/** How to write a store. */
export interface WriteStoreOptions {
  /** Replace an existing store. */
  readonly overwrite?: boolean;
  /** Called after each record batch with the rows written so far. */
  readonly onProgress?: (rowsWritten: number, rows: number) => void;
  /** Most bytes of one shard. @default 512 MiB */
  readonly shardBytes?: number;
  /** Called after each step on the file system, with its description; fault tests die here. */
  readonly onStep?: (step: string) => void;
}

/**
 * Writes `content` as the folder `target`. Equal content gives equal files, in any order of its rows. Memory
 * holds the rows, if they are in memory, and the values of one record batch (2 MiB). A store that is
 * replaced stays readable until one rename makes the new one current.
 * @throws LockstepError USAGE when the target exists; DATA_INVALID when `content` has no rows; RUN_LOCKED while another
 * process writes the target
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
  const rows = 'index' in content.rows ? content.rows : orderedRows(content.rows);
  const ordered = { ...content, rows };
  const { overwrite = false } = options;
  await refuseTarget(target, overwrite);
  return await withLockedTarget(target, target, () => writeOrdered(target, ordered, options));
}

async function writeOrdered<Row extends StoreRow>(
  target: string,
  ordered: OrderedContent<Row>,
  options: WriteStoreOptions,
): Promise<StoreManifest> {
  const { overwrite = false, onStep = () => {} } = options;
  if (existsSync(join(target, MANIFEST_FILE))) {
    const version = await nextVersion(target);
    return await replaceVersion(target, version, onStep, (folder) =>
      writeVersion(folder, versionFolder(version), ordered, options),
    );
  }
  return await writeFolderAtomically(
    target,
    async (folder) => {
      const name = versionFolder(1);
      const write: FolderWriter['write'] = (file, chunks) => folder.write(join(name, file), chunks);
      const manifest = await writeVersion({ ...folder, write }, name, ordered, options);
      await folder.write(MANIFEST_FILE, [encodeManifest(manifest)]);
      return manifest;
    },
    { replace: overwrite, onStep },
  );
}

/** Writes all files but the manifest, which it returns. */
async function writeVersion<Row extends StoreRow>(
  writer: FolderWriter,
  folder: string,
  content: OrderedContent<Row>,
  options: WriteStoreOptions,
): Promise<StoreManifest> {
  const { name, valueType, classes, provenance, channels = 1 } = content;
  const { target = { kind: classes.length > 0 ? 'class' : 'none' } } = content;
  const values = content.gatherer();
  const statistics = new RowStatistics(target, classes.length);
  const sums = new Map<string, BlockChecksums>();
  const write: FolderWriter['write'] = async (file, chunks) => {
    const collector = new ChecksumCollector();
    const written = await writer.write(file, collector.through(chunks));
    sums.set(file, collector.finish());
    return written;
  };
  const { shards, files } = await writeShards<Row>(
    { ...writer, write },
    {
      ...{ valueType, channels, target, classes, rows: content.rows },
      gather: (rows) => gather(content, values, rows, statistics),
      onProgress: (written) => options.onProgress?.(written, content.rows.length),
      shardBytes: options.shardBytes ?? SHARD_BYTES,
    },
  );
  const checksums = await writer.write(CHECKSUM_FILE, [encodeChecksums(sums)]);
  return {
    ...{ formatVersion: 2, name, valueType, target, classes },
    ...(await values.finish()),
    ...statistics.finish(),
    ...{ folder, shards, files, checksums, contentHash: contentHashOf(files), provenance },
  };
}

async function gather<Row extends StoreRow>(
  { target, readTimestepLabels }: StoreContent<Row>,
  values: ValueGatherer<Row>,
  rows: readonly Row[],
  statistics: RowStatistics,
): Promise<RowData> {
  const gathering = values.gather(rows);
  for (const row of rows) statistics.add(row);
  if (target?.kind !== 'timestep-class') return { values: await gathering };
  // What becomes of it, its `await` says.
  gathering.catch(() => {});
  const steps = rows.reduce((sum, row) => sum + row.length, 0);
  const timestepLabels = new Int16Array(steps);
  let step = 0;
  for (const row of rows) {
    const labels = await readTimestepLabels!(row);
    statistics.addTimestepLabels(row, labels);
    timestepLabels.set(labels, step);
    step += row.length;
  }
  return { values: await gathering, timestepLabels };
}
