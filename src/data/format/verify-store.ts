/** Checks every byte of a store against its manifest. */
import { INDEX_FILE, ROWS_FILE } from './file-names.ts';
import { storeCorrupt } from './manifest-schema.ts';
import { openFiles } from './open-files.ts';
import { openStore } from './open-store.ts';
import type { StoreManifest } from './store.ts';
import { verifyFile } from './verify-content.ts';

/**
 * Reads all files of the store at `path` and compares their SHA-256 with the manifest, then the tables with one another.
 * @returns the manifest, if everything matches
 * @throws LockstepError DATA_NOT_FOUND; STORE_CORRUPT, which names the file, its hash and the expected one
 */
export async function verifyStore(path: string): Promise<StoreManifest> {
  const { manifest, handles, close } = await openFiles(path);
  try {
    for (const name of Object.keys(manifest.files)) {
      await verifyFile(path, manifest, name, handles.get(name)!);
    }
  } finally {
    await close();
  }
  await verifyTables(path);
  return manifest;
}

const COLUMNS = ['lengths', 'labels', 'splits'] as const;

/** `index.bin`, `index.arrow` and the shards must say the same of each row. */
async function verifyTables(path: string): Promise<void> {
  const store = await openStore(path, { verify: false });
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
