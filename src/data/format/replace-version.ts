/**
 * Replaces the contents of a store while others read it:
 *
 *   1. The files of the new version go to a folder of their own.
 *   2. One rename puts the new manifest in the place of the old one. Before it all readers see the old
 *      version, after it the new one.
 *   3. The old version's files go. Readers that have them open keep them.
 *
 * A crash leaves one of the two whole. The next replacement removes what the crash left.
 */
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FolderWriter, writeFolderAtomically } from '../../core/atomic-folder.ts';
import { removeQuietly } from '../../core/remove-quietly.ts';
import { syncNames } from '../../core/sync-names.ts';
import {
  MANIFEST_FILE,
  ROWS_FILE,
  SINGLE_SHARD,
  versionFolder,
  versionNumber,
} from './file-names.ts';
import { encodeManifest } from './manifest-schema.ts';
import type { StoreManifest } from './store.ts';

/** The number of a version that no folder of this store has. */
export async function nextVersion(store: string): Promise<number> {
  const numbers = (await readdir(store)).flatMap((name) => versionNumber(name) ?? []);
  return Math.max(0, ...numbers) + 1;
}

/** Writes a version through `fill`, which returns its manifest, and makes it the current one. */
export async function replaceVersion(
  store: string,
  version: number,
  onStep: (step: string) => void,
  fill: (folder: FolderWriter) => Promise<StoreManifest>,
): Promise<StoreManifest> {
  const folder = join(store, versionFolder(version));
  const manifest = await writeFolderAtomically(folder, fill, { onStep });
  onStep('write the new version');
  await replaceManifest(store, manifest);
  onStep('replace the manifest');
  await removeOthers(store, version);
  onStep('remove the old version');
  return manifest;
}

async function replaceManifest(store: string, manifest: StoreManifest): Promise<void> {
  const temporary = join(store, `.${MANIFEST_FILE}.tmp`);
  await rm(temporary, { recursive: true, force: true });
  const file = await open(temporary, 'wx');
  try {
    await file.writeFile(encodeManifest(manifest));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(store, MANIFEST_FILE));
  await syncNames(store);
}

/** Removes what older versions and crashes left; a file that a person put there stays. */
async function removeOthers(store: string, current: number): Promise<void> {
  const ours = /^(version-\d+|\.version-\d+\.(tmp|old)-[0-9a-f]{12}|\.manifest\.json\.tmp)$/;
  for (const name of await readdir(store)) {
    if (name === versionFolder(current)) continue;
    const isOld = ours.test(name) || name === SINGLE_SHARD || name === ROWS_FILE;
    if (isOld) await removeQuietly(join(store, name));
  }
}
