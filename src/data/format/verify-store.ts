/** Checks every byte of a store against its manifest. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { storeCorrupt } from './manifest-schema.ts';
import { openStore } from './open-store.ts';
import type { StoreManifest } from './store.ts';
import { contentHash } from './write-store.ts';

/**
 * Reads all files of the store at `path` and compares their SHA-256 with the manifest.
 * @returns the manifest, when everything matches.
 * @throws LockstepError DATA_NOT_FOUND or STORE_CORRUPT, naming the file with the hash found and expected.
 */
export async function verifyStore(path: string): Promise<StoreManifest> {
  const store = await openStore(path);
  const { manifest } = store;
  await store.close();
  for (const [name, { sha256: expected }] of Object.entries(manifest.files)) {
    const found = await sha256Of(join(path, name));
    if (found !== expected) {
      throw storeCorrupt(path, `${name} has SHA-256 ${found}, its manifest says ${expected}`);
    }
  }
  const found = contentHash(manifest.files);
  if (found !== manifest.contentHash) {
    const what = `its files have the content hash ${found}, its manifest says ${manifest.contentHash}`;
    throw storeCorrupt(path, what);
  }
  return manifest;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('hex');
}
