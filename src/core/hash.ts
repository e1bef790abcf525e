/** SHA-256 as lower-case hex: the one hash that files, states and configurations are compared by. */
import { createHash, hash } from 'node:crypto';
import { openFile } from './read-file.ts';

/** SHA-256 of bytes, or of a text's UTF-8 bytes. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * SHA-256 as a string of 32 characters, a byte each: for one of many short contents. It takes half as long as a Buffer,
 * or less.
 */
export const sha256Bytes = (content: Uint8Array | string): string =>
  hash('sha256', content, 'binary');

/** The four bytes from `at` on, little-endian, as an int32. */
export const wordAt = (bytes: string, at: number): number =>
  bytes.charCodeAt(at) |
  (bytes.charCodeAt(at + 1) << 8) |
  (bytes.charCodeAt(at + 2) << 16) |
  (bytes.charCodeAt(at + 3) << 24);

/** SHA-256 and size of a file, read as a stream. Throws the file system's error when it can't be read. */
export async function sha256OfFile(path: string): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await openFile(path);
  // It closes the file at its end.
  for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** SHA-256 over the bytes of vectors, one after the other, as they lie in memory (little-endian). */
export function sha256OfVectors(vectors: Iterable<NodeJS.TypedArray>): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of vectors) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
