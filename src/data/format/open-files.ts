/** Opens all files of one version of a store, so that a later version does not disturb its reader. */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/hash.ts';
import { openFile } from '../../core/read-file.ts';
import { systemErrorCode } from '../../core/system-error.ts';
import { type BlockChecksums, decodeChecksums } from './checksums.ts';
import { DataFile } from './data-file.ts';
import { CHECKSUM_FILE } from './file-names.ts';
import { readManifest, storeCorrupt } from './manifest-schema.ts';
import type { StoreManifest } from './store.ts';

/** The open files of one version; `close` them after use. */
export interface StoreFiles {
  readonly manifest: StoreManifest;
  /** By name. */
  readonly handles: ReadonlyMap<string, FileHandle>;
  /** The same files, whose reads are compared with their checksums. */
  readonly files: ReadonlyMap<string, DataFile>;
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
    const sums = await readChecksums(path, manifest);
    const files = new Map<string, DataFile>();
    for (const [name, { sizeBytes }] of Object.entries(manifest.files)) {
      const handle = await openListed(path, manifest, name, sizeBytes);
      handles.set(name, handle);
      files.set(name, new DataFile(handle, sizeBytes, sums?.get(name)));
    }
    return { manifest, handles, files, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readChecksums(
  path: string,
  manifest: StoreManifest,
): Promise<Map<string, BlockChecksums> | undefined> {
  const { checksums, files } = manifest;
  if (checksums === undefined) return undefined;
  const handle = await openListed(path, manifest, CHECKSUM_FILE, checksums.sizeBytes);
  try {
    const bytes = await handle.readFile();
    if (sha256(bytes) !== checksums.sha256) throw new Error('it has changed since it was written');
    return decodeChecksums(bytes, files);
  } catch (error) {
    throw storeCorrupt(path, `${CHECKSUM_FILE}: ${(error as Error).message}`, error);
  } finally {
    await handle.close();
  }
}

async function openListed(
  path: string,
  manifest: StoreManifest,
  name: string,
  expected: number,
): Promise<FileHandle> {
  const handle = await openFound(path, manifest, name);
  const { size } = await handle.stat();
  if (size === expected) return handle;
  await handle.close();
  throw storeCorrupt(path, `${name} has ${size} bytes, its manifest says ${expected}`);
}

async function openFound(path: string, manifest: StoreManifest, name: string): Promise<FileHandle> {
  try {
    return await openFile(join(path, manifest.folder, name));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw storeCorrupt(path, `${name} is missing`, error);
  }
}
