/** A copy of a stream in a temporary file, for formats that are not read from front to back. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFailure } from '../../core/file-error.ts';
import { addBytesRead } from './bytes-read.ts';
import { firstBytes, isCompressed, readBytes, refusePointer } from './compressed.ts';
import { readFailure } from './read-failure.ts';

/** Enough to recognise a pointer of Git LFS. */
const POINTER_BYTES = 64;

/** Bytes at any place of a file. */
export interface RandomAccess {
  readonly size: number;
  /** The bytes at a position: `count`, or fewer at the end of the file. */
  read(position: number, count: number): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a file; the content of a compressed one lies in a temporary file until `close`.
 * @throws LockstepError as `readBytes`; OUT_OF_RESOURCES if the content finds no place
 */
export async function openRandomAccess(path: string): Promise<RandomAccess> {
  if (isCompressed(path)) return await scratchCopy(readBytes(path));
  try {
    refusePointer(path, await firstBytes(path, POINTER_BYTES));
    return await accessOf(await open(path, 'r'));
  } catch (error) {
    throw readFailure(error, path, 'file');
  }
}

/** Copies a stream. The file has no name, so nothing stays behind even if the process is killed. */
export async function scratchCopy(chunks: AsyncIterable<Buffer>): Promise<RandomAccess> {
  const path = join(tmpdir(), `lockstep-${randomBytes(6).toString('hex')}`);
  const file = await open(path, 'wx+');
  try {
    await unlink(path);
    await fill(file, path, chunks);
    return await accessOf(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function fill(file: FileHandle, path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  let written = 0;
  for await (const chunk of chunks) {
    try {
      await file.writeFile(chunk);
    } catch (error) {
      throw writeFailure(error, path, written);
    }
    written += chunk.length;
  }
}

async function accessOf(file: FileHandle): Promise<RandomAccess> {
  const { size } = await file.stat();
  return {
    size,
    read: (position, count) =>
      readAt(file, position, Math.max(0, Math.min(count, size - position))),
    close: () => file.close(),
  };
}

async function readAt(file: FileHandle, position: number, count: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(count);
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await file.read(bytes, filled, count - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  addBytesRead(filled);
  return bytes.subarray(0, filled);
}
