/** Checks every byte of a store against its manifest. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { INDEX_FILE, ROWS_FILE } from './file-names.ts';
import { storeCorrupt } from './manifest-schema.ts';
import { openFiles } from './open-files.ts';
import { openStore } from './open-store.ts';
import type { StoreManifest } from './store.ts';
import { contentHash } from './write-store.ts';

/**
 * Reads all files of the store at `path` and compares their SHA-256 with the manifest, then the tables with one another.
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
  await verifyTables(path);
  return manifest;
}

const COLUMNS = ['lengths', 'labels', 'splits'] as const;

/** `index.bin`, `index.arrow` and the shards must say the same of each row. */
async function verifyTables(path: string): Promise<void> {
  const store = await openStore(path);
  try {
    const { index, manifest } = store;
    const rows = await store.columns();
    // Where there are other targets than classes, the labels of the index only say which sequences have one.
    const hasClasses = manifest.target.kind === 'class';
    for (const name of hasClasses ? COLUMNS : COLUMNS.filter((column) => column !== 'labels')) {
      const different = index[name].findIndex((value, row) => value !== rows[name][row]);
      if (different < 0) continue;
      throw storeCorrupt(
        path,
        `${INDEX_FILE} and ${ROWS_FILE} differ in the ${name} of row ${different}`,
      );
    }
    const ids = await store.ids();
    const distinct = new Set(ids).size;
    if (distinct < ids.length) {
      throw storeCorrupt(path, `${ids.length} sequences have ${distinct} different ids`);
    }
    for (const { start } of manifest.shards) await store.read(start, 0, 1);
  } finally {
    await store.close();
  }
}

async function sha256OfHandle(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 20 });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
