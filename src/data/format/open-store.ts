/** Opens a dataset folder for random access. The index is in memory; each call reads the values it needs. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { List } from './arrow.ts';
import { ArrowBlocks, type OnRead } from './arrow-blocks.ts';
import { sequencesSchema } from './arrow-schema.ts';
import { BatchCache } from './batch-cache.ts';
import { INDEX_FILE, SEQUENCES_FILE } from './file-names.ts';
import { type LoadedIndex, loadIndex } from './load-index.ts';
import { readManifest, storeCorrupt } from './manifest-schema.ts';
import type { Store, StoreManifest } from './store.ts';
import { readableValues, type StoredValues } from './values.ts';

const DEFAULT_CACHE_BYTES = 64 * 2 ** 20;

/** How to open a store. */
export interface OpenStoreOptions {
  /** Upper bound of the decoded record batches in memory; the one in use always stays. */
  readonly cacheBytes?: number;
  /** Called after each read of `sequences.arrow`. */
  readonly onRead?: OnRead;
}

/** A store on disk: a `Store` with groups. */
export interface StoreOnDisk extends Store {
  /** Group of each sequence. No group is in two splits. */
  groups(): readonly string[];
}

/** The values of one record batch: row i holds `values[offsets[i] … offsets[i + 1])`. */
interface DecodedBatch {
  readonly offsets: Int32Array;
  readonly values: StoredValues;
}

/**
 * Opens the store at `path`. Checks the manifest, file sizes, schema and row counts. Only `verifyStore`
 * checks the hashes.
 * @throws LockstepError DATA_NOT_FOUND when `path` has no store; STORE_CORRUPT when a check fails, or later
 * when a read finds damage
 */
export async function openStore(
  path: string,
  options: OpenStoreOptions = {},
): Promise<StoreOnDisk> {
  const manifest = await readManifest(path);
  await checkSizes(path, manifest);
  const index = await readIndex(path, manifest);
  const sequences = await guarded(path, SEQUENCES_FILE, () =>
    ArrowBlocks.open(join(path, SEQUENCES_FILE), options.onRead),
  );
  try {
    checkSequences(path, manifest, index, sequences);
  } catch (error) {
    await sequences.close();
    throw error;
  }
  return storeOver(path, manifest, index, sequences, options.cacheBytes ?? DEFAULT_CACHE_BYTES);
}

async function checkSizes(path: string, manifest: StoreManifest): Promise<void> {
  for (const name of [INDEX_FILE, SEQUENCES_FILE]) {
    const expected = manifest.files[name]?.sizeBytes;
    if (expected === undefined) throw storeCorrupt(path, `its manifest does not list ${name}`);
    const found = await sizeOf(join(path, name));
    if (found === undefined) throw storeCorrupt(path, `${name} is missing`);
    if (found !== expected) {
      throw storeCorrupt(path, `${name} has ${found} bytes, its manifest says ${expected}`);
    }
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readIndex(path: string, manifest: StoreManifest): Promise<LoadedIndex> {
  return await guarded(path, INDEX_FILE, async () => {
    const blocks = await ArrowBlocks.open(join(path, INDEX_FILE));
    try {
      return await loadIndex(blocks, manifest.sequences);
    } finally {
      await blocks.close();
    }
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

function checkSequences(
  path: string,
  manifest: StoreManifest,
  index: LoadedIndex,
  sequences: ArrowBlocks,
): void {
  const found = sequences.schema.fields.map(String).join(', ');
  const expected = sequencesSchema(manifest.valueType, manifest.classes)
    .fields.map(String)
    .join(', ');
  if (found !== expected) {
    throw storeCorrupt(path, `${SEQUENCES_FILE} has the columns ${found}, expected ${expected}`);
  }
  const batches = index.batchStarts.length - 1;
  if (sequences.count !== batches) {
    const what = `${SEQUENCES_FILE} has ${sequences.count} record batches, ${INDEX_FILE} has ${batches}`;
    throw storeCorrupt(path, what);
  }
}

function storeOver(
  path: string,
  manifest: StoreManifest,
  index: LoadedIndex,
  sequences: ArrowBlocks,
  cacheBytes: number,
): StoreOnDisk {
  const load = (batch: number) =>
    guarded(path, SEQUENCES_FILE, () => decode(sequences, batch, index));
  const cache = new BatchCache<DecodedBatch>(cacheBytes, load, (batch) => batch.values.byteLength);
  return {
    path,
    manifest,
    index: index.columns,
    ids: index.ids,
    groups: index.groups,
    async read(sequence, start, count) {
      refuseOutside(index.columns.lengths, sequence, start, count);
      const batchNumber = batchOf(index.batchStarts, sequence);
      const { offsets, values } = await cache.get(batchNumber);
      const first = offsets[sequence - index.batchStarts[batchNumber]!]! + start;
      return readableValues(values, first, first + count);
    },
    async close() {
      cache.clear();
      await sequences.close();
    },
  };
}

async function decode(
  sequences: ArrowBlocks,
  batchNumber: number,
  index: LoadedIndex,
): Promise<DecodedBatch> {
  const batch = await sequences.read(batchNumber);
  const first = index.batchStarts[batchNumber]!;
  const rows = index.batchStarts[batchNumber + 1]! - first;
  const data = batch.getChild('values')?.data[0];
  if (data === undefined || batch.numRows !== rows) {
    throw new Error(`record batch ${batchNumber} has ${batch.numRows} rows, expected ${rows}`);
  }
  const offsets = data.valueOffsets as Int32Array;
  const values = (data as typeof data & { type: List }).children[0]!.values as StoredValues;
  refuseWrongLengths(offsets, index.columns.lengths.subarray(first, first + rows), batchNumber);
  return { offsets, values };
}

function refuseWrongLengths(offsets: Int32Array, lengths: Int32Array, batchNumber: number): void {
  lengths.forEach((length, row) => {
    if (offsets[row + 1]! - offsets[row]! !== length) {
      throw new Error(`record batch ${batchNumber}: row ${row} does not have ${length} values`);
    }
  });
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

/** The last batch that starts at or before `row`, by bisection. */
function batchOf(batchStarts: readonly number[], row: number): number {
  let low = 0;
  let high = batchStarts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (batchStarts[middle]! <= row) low = middle;
    else high = middle;
  }
  return low;
}
