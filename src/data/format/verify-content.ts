/**
 * Compares every byte of a store with its manifest, unless this user has done so and nothing has touched the files since.
 * What was compared is remembered in the user's cache folder, by each file's inode, size and times.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../core/hash.ts';
import { cacheFolder, makeOwnFolder, readOwnFile } from '../../core/own-files.ts';
import { writeWhole } from '../../core/write-whole.ts';
import { storeCorrupt } from './manifest-schema.ts';
import type { StoreFiles } from './open-files.ts';
import type { StoreManifest } from './store.ts';

/** Smaller datasets are compared each time: that takes less than 50 ms. */
const LEAST_REMEMBERED_BYTES = 32 * 2 ** 20;
/**
 * A file that changed so shortly before it was compared can change once more with the same times: file systems count
 * time in steps of up to 2 s. So it is not remembered yet.
 */
const COARSEST_TIME_NS = 2_000_000_000n;
const READ_BYTES = 2 ** 20;

const memorySchema = z.object({ contentHash: z.string(), files: z.record(z.string(), z.string()) });
type Memory = z.output<typeof memorySchema>;

/** What tests set. */
export interface VerifyOptions {
  readonly leastRememberedBytes?: number;
  readonly now?: () => number;
}

/** @throws LockstepError STORE_CORRUPT, which names the file, its hash and the expected one */
export async function verifyContent(
  path: string,
  store: StoreFiles,
  { leastRememberedBytes = LEAST_REMEMBERED_BYTES, now = Date.now }: VerifyOptions = {},
): Promise<void> {
  const { manifest, handles } = store;
  const total = Object.values(manifest.files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const isRemembered = total >= leastRememberedBytes;
  const memory = isRemembered ? recall(path, manifest.contentHash) : {};
  const startNs = BigInt(now()) * 1_000_000n;
  const stamps: Memory['files'] = {};
  let hasNew = false;
  for (const [name, handle] of handles) {
    const before = await stampOf(handle);
    if (memory[name] !== before.stamp) {
      await verifyFile(path, manifest, name, handle);
      const after = await stampOf(handle);
      // What changes while it is read, or might again within the same tick, is compared again next time.
      if (after.stamp !== before.stamp || startNs - after.changedNs < COARSEST_TIME_NS) continue;
      hasNew = true;
    }
    stamps[name] = before.stamp;
  }
  if (isRemembered && hasNew) remember(path, { contentHash: manifest.contentHash, files: stamps });
}

/** Compares the SHA-256 of one open file. @throws LockstepError STORE_CORRUPT */
export async function verifyFile(
  path: string,
  { files }: StoreManifest,
  name: string,
  handle: FileHandle,
): Promise<void> {
  const hash = createHash('sha256');
  const stream = handle.createReadStream({
    ...{ start: 0, autoClose: false, highWaterMark: READ_BYTES },
  });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  const found = hash.digest('hex');
  const { sha256: expected } = files[name]!;
  if (found === expected) return;
  throw storeCorrupt(path, `${name} has SHA-256 ${found}, its manifest says ${expected}`);
}

/** What changes when a file is written to or exchanged. The change time (ctime) cannot be set back as mtime can. */
async function stampOf(handle: FileHandle): Promise<{ stamp: string; changedNs: bigint }> {
  const { ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return { stamp: [ino, size, mtimeNs, ctimeNs].join(' '), changedNs: ctimeNs };
}

/** The stamps of the files of this content that were compared before. */
function recall(path: string, contentHash: string): Memory['files'] {
  try {
    const memory = memorySchema.parse(JSON.parse(readOwnFile(memoryPath(path))));
    return memory.contentHash === contentHash ? memory.files : {};
  } catch {
    // Absent, or not ours, or no memory: then everything is compared, which is right and only takes longer.
    return {};
  }
}

function remember(path: string, memory: Memory): void {
  try {
    makeOwnFolder(cacheFolder(process.env));
    writeWhole(memoryPath(path), JSON.stringify(memory), 0o600);
  } catch {
    // Without a place for it, the next command compares again.
  }
}

const memoryPath = (path: string): string =>
  join(cacheFolder(process.env), `verified-${sha256(realpathSync(path)).slice(0, 16)}.json`);
