/** Opens all files of one version of a store, so that a later version does not disturb its reader. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../core/system-error.ts';
import { readManifest, storeCorrupt } from './manifest-schema.ts';
import type { StoreManifest } from './store.ts';

/** The open files of one version; `close` them after use. */
export interface StoreFiles {
  readonly manifest: StoreManifest;
  /** By name. */
  readonly handles: ReadonlyMap<string, FileHandle>;
  close(): Promise<void>;
}

/**
 * The files of the version that is current now. Another version may become current meanwhile, and remove files
 * before they are open: then it opens that one.
 * @throws LockstepError DATA_NOT_FOUND, STORE_CORRUPT
 */
export async function openFiles(path: string): Promise<StoreFiles> {
  for (;;) {
    const manifest = await readManifest(path);
    try {
      return await openVersion(path, manifest);
    } catch (error) {
      const now = await readManifest(path);
      if (now.folder === manifest.folder && now.contentHash === manifest.contentHash) throw error;
    }
  }
}

async function openVersion(path: string, manifest: StoreManifest): Promise<StoreFiles> {
  const handles = new Map<string, FileHandle>();
  const close = async (): Promise<void> => {
    await Promise.all(Array.from(handles.values(), (handle) => handle.close()));
  };
  try {
    for (const name of Object.keys(manifest.files)) {
      handles.set(name, await openFile(path, manifest, name));
    }
    return { manifest, handles, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openFile(path: string, manifest: StoreManifest, name: string): Promise<FileHandle> {
  const handle = await openFound(path, manifest, name);
  const { size } = await handle.stat();
  const expected = manifest.files[name]!.sizeBytes;
  if (size === expected) return handle;
  await handle.close();
  throw storeCorrupt(path, `${name} has ${size} bytes, its manifest says ${expected}`);
}

async function openFound(path: string, manifest: StoreManifest, name: string): Promise<FileHandle> {
  try {
    return await open(join(path, manifest.folder, name), 'r');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw storeCorrupt(path, `${name} is missing`, error);
  }
}
