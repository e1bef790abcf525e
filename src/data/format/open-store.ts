/** Opens a dataset folder for random access. The index is in memory; each call reads the values it needs. */
import { LockstepError } from '../../core/errors.ts';
import { ArrowBlocks, type OnRead } from './arrow-blocks.ts';
import type { DataFile } from './data-file.ts';
import { INDEX_FILE, ROWS_FILE } from './file-names.ts';
import { INDEX_ROW_BYTES, readIndexFile } from './index-file.ts';
import { loadColumns, loadTargets, loadTexts } from './load-rows.ts';
import { storeCorrupt } from './manifest-schema.ts';
import { openFiles, type StoreFiles } from './open-files.ts';
import { ShardReader } from './shard-reader.ts';
import type { Shard, Store, StoreIndex, StoreManifest } from './store.ts';
import { BYTES_PER_VALUE, readableValues } from './values.ts';
import { verifyContent } from './verify-content.ts';

const DEFAULT_CACHE_BYTES = 64 * 2 ** 20;

/** How to open a store. */
export interface OpenStoreOptions {
  /** A store with at most so many bytes of values stays in memory once it was read. @default 64 MiB */
  readonly cacheBytes?: number;
  /** The content that it must have: what another part of the program opened before. */
  readonly contentHash?: string | undefined;
  /** Called after each read of a shard. */
  readonly onRead?: OnRead;
  /** Whether every byte is compared with the manifest before anything is read: see `verifyContent`. @default true */
  readonly verify?: boolean;
}

/** A store on disk: a `Store` with groups. */
export interface StoreOnDisk extends Store {
  /** Group of each sequence; read at the first call. No group is in two splits. */
  groups(): Promise<readonly string[]>;
  /** What `index.arrow` says of lengths, labels and splits: the same as `index`, unless the dataset is damaged. */
  columns(): Promise<Pick<StoreIndex, 'lengths' | 'labels' | 'splits'>>;
}

/**
 * Opens the store at `path`. It keeps its files open, so a later version in its place does not disturb it. Checks
 * the manifest, file sizes, row counts and the hashes of all files; the first read of a shard checks its schema, and
 * each read what it reads.
 * @throws LockstepError DATA_NOT_FOUND when `path` has no store; STORE_CORRUPT when a check fails, or later
 * when a read finds damage; DATA_INVALID when it has not the content that it must have
 */
export async function openStore(
  path: string,
  options: OpenStoreOptions = {},
): Promise<StoreOnDisk> {
  const files = await openFiles(path);
  try {
    refuseUnlisted(path, files.manifest);
    refuseReplaced(path, files.manifest, options.contentHash);
    if (options.verify ?? true) await verifyContent(path, files);
    const index = await readIndex(path, files);
    return storeOver(path, files, index, options);
  } catch (error) {
    await files.close();
    throw error;
  }
}

function refuseReplaced(
  path: string,
  { contentHash: found }: StoreManifest,
  expected = found,
): void {
  if (found === expected) return;
  const [here, before] = [found, expected].map((hash) => `${hash.slice(0, 12)}…`);
  throw new LockstepError(
    'DATA_INVALID',
    `Dataset "${path}" was replaced: its content hash is ${here}, it was ${before} before.`,
    'Start the command again.',
  );
}

/** Shards must be listed files, and hold all rows. */
function refuseUnlisted(path: string, { shards, files, sequences }: StoreManifest): void {
  for (const name of [ROWS_FILE, ...shards.map(({ file }) => file)]) {
    if (files[name] === undefined) throw storeCorrupt(path, `its manifest does not list ${name}`);
  }
  const ends = [0, ...shards.map(({ end }) => end)];
  const isGapless = shards.every(({ start, end }, i) => start === ends[i] && end > start);
  if (isGapless && ends.at(-1) === sequences) return;
  throw storeCorrupt(
    path,
    `its shards do not hold the rows 0 to ${sequences}, one after the other`,
  );
}

async function readIndex(path: string, files: StoreFiles): Promise<StoreIndex> {
  const index = await readColumns(path, files);
  const { manifest } = files;
  const { kind } = manifest.target;
  if (kind !== 'classes' && kind !== 'numbers') return index;
  const column = kind === 'classes' ? 'labels' : 'targets';
  const rows = files.files.get(ROWS_FILE)!;
  const targets = await guarded(path, ROWS_FILE, async () =>
    loadTargets(await ArrowBlocks.over(rows), column, manifest.sequences),
  );
  return { ...index, targets };
}

function columnsOf(
  path: string,
  rows: DataFile,
  { sequences, classes }: StoreManifest,
): Promise<StoreIndex> {
  return guarded(path, ROWS_FILE, async () =>
    loadColumns(await ArrowBlocks.over(rows), sequences, classes.length),
  );
}

async function readColumns(path: string, { manifest, files }: StoreFiles): Promise<StoreIndex> {
  const { sequences, classes, target } = manifest;
  const file = files.get(INDEX_FILE);
  if (file === undefined) {
    return await columnsOf(path, files.get(ROWS_FILE)!, manifest);
  }
  const rows = manifest.files[INDEX_FILE]!.sizeBytes / INDEX_ROW_BYTES;
  return await guarded(path, INDEX_FILE, async () => {
    if (rows !== sequences) throw new Error(`it has ${rows} rows, not ${sequences}`);
    // Targets of other kinds are marked by the number 0.
    const labels = target.kind === 'class' ? classes.length : 1;
    return await readIndexFile(file, sequences, labels);
  });
}

/** Turns any failure of decoding a file into STORE_CORRUPT. */
async function guarded<Result>(
  path: string,
  file: string,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw storeCorrupt(path, `${file}: ${(error as Error).message}`, error);
  }
}

function storeOver(
  path: string,
  { manifest, files, close }: StoreFiles,
  index: StoreIndex,
  options: OpenStoreOptions,
): StoreOnDisk {
  const { shards, tokens, channels, valueType } = manifest;
  const valueBytes = tokens * channels * BYTES_PER_VALUE[valueType];
  const keepsBatches = valueBytes <= (options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  const readers = shards.map(({ file, start, end }) => {
    const lengths = index.lengths.subarray(start, end);
    const source = { file: files.get(file)!, shape: manifest, lengths, keepsBatches };
    return new ShardReader({ ...source, onRead: options.onRead });
  });
  async function fromShard<Data>(
    sequence: number,
    start: number,
    count: number,
    readRow: (reader: ShardReader, row: number) => Promise<Data>,
  ): Promise<Data> {
    refuseOutside(index.lengths, sequence, start, count);
    const number = shardOf(shards, sequence);
    const { file, start: first } = shards[number]!;
    const where = `${file}, sequence ${sequence}`;
    return await guarded(path, where, () => readRow(readers[number]!, sequence - first));
  }
  return {
    path,
    manifest,
    index,
    ids: onDemand(() => textsOf(path, files.get(ROWS_FILE)!, 'id', manifest.sequences)),
    groups: onDemand(() => textsOf(path, files.get(ROWS_FILE)!, 'group', manifest.sequences)),
    columns: () => columnsOf(path, files.get(ROWS_FILE)!, manifest),
    async read(sequence, start, count) {
      const values = await fromShard(sequence, start, count, (reader, row) =>
        reader.read(row, start, count),
      );
      return readableValues(values);
    },
    ...(manifest.target.kind === 'timestep-class' && {
      readTimestepLabels: (sequence: number, start: number, count: number) =>
        fromShard(sequence, start, count, (reader, row) =>
          reader.readTimestepLabels(row, start, count),
        ),
    }),
    close,
  };
}

/** Calls `load` at the first call only. */
function onDemand<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}

function textsOf(
  path: string,
  file: DataFile,
  column: 'id' | 'group',
  rows: number,
): Promise<readonly string[]> {
  return guarded(path, ROWS_FILE, async () =>
    loadTexts(await ArrowBlocks.over(file), column, rows),
  );
}

function refuseOutside(lengths: Int32Array, sequence: number, start: number, count: number): void {
  const length = lengths[sequence];
  if (length === undefined) {
    throw new RangeError(`sequence ${sequence} is not in [0, ${lengths.length})`);
  }
  if (start < 0 || count < 0 || start + count > length) {
    throw new RangeError(
      `[${start}, ${start + count}) is not within sequence ${sequence}: [0, ${length})`,
    );
  }
}

/** The shard that holds `row`. */
function shardOf(shards: readonly Shard[], row: number): number {
  return shards.findLastIndex(({ start }) => start <= row);
}
