/** Checks every byte of a store against its manifest. */
import { join } from 'node:path';
import { sha256OfFile } from '../../core/hash.ts';
import { storeCorrupt } from './manifest-schema.ts';
import { openStore } from './open-store.ts';
import type { StoreManifest } from './store.ts';
import { contentHash } from './write-store.ts';

/**
 * Reads all files of the store at `path` and compares their SHA-256 with the manifest.
 * @returns the manifest, if everything matches
 * @throws LockstepError DATA_NOT_FOUND; STORE_CORRUPT, which names the file, its hash and the expected one
 */
export async function verifyStore(path: string): Promise<StoreManifest> {
  const store = await openStore(path);
  const { manifest } = store;
  await store.close();
  for (const [name, { sha256: expected }] of Object.entries(manifest.files)) {
    const { sha256: found } = await sha256OfFile(join(path, name));
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
