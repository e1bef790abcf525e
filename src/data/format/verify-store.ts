/** Checks every byte of a store against its manifest. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { storeCorrupt } from './manifest-schema.ts';
import { openFiles } from './open-files.ts';
import type { StoreManifest } from './store.ts';
import { contentHash } from './write-store.ts';

/**
 * Reads all files of the store at `path` and compares their SHA-256 with the manifest.
 * @returns the manifest, if everything matches
 * @throws LockstepError DATA_NOT_FOUND; STORE_CORRUPT, which names the file, its hash and the expected one
 */
export async function verifyStore(path: string): Promise<StoreManifest> {
  const { manifest, handles, close } = await openFiles(path);
  try {
    for (const [name, { sha256: expected }] of Object.entries(manifest.files)) {
      const found = await sha256OfHandle(handles.get(name)!);
      if (found === expected) continue;
      throw storeCorrupt(path, `${name} has SHA-256 ${found}, its manifest says ${expected}`);
    }
  } finally {
    await close();
  }
  const found = contentHash(manifest.files);
  if (found !== manifest.contentHash) {
    const what = `its files have the content hash ${found}, its manifest says ${manifest.contentHash}`;
    throw storeCorrupt(path, what);
  }
  return manifest;
}

async function sha256OfHandle(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 20 });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
