import type { FileHandle } from 'node:fs/promises';

/** Fills `into` from a place of a file. @throws Error when the file ends before that */
export async function readFully(file: FileHandle, into: Uint8Array, offset: number): Promise<void> {
  let filled = 0;
  while (filled < into.byteLength) {
    const left = Math.min(into.byteLength - filled, 2 ** 30);
    const { bytesRead } = await file.read(into, filled, left, offset + filled);
    if (bytesRead === 0) {
      const missing = into.byteLength - filled;
      throw new Error(`it ends at byte ${offset + filled}, ${missing} too early`);
    }
    filled += bytesRead;
  }
}
