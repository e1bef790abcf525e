import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Parsed JSON, or null where the file is missing or cut short. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Writes so that a reader sees the old content or the new one, never half of it. */
export function writeAtomically(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

/** SHA-256, in hexadecimal, of strings and buffers one after the other, each with its length. */
export function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

export function hashOfFile(path) {
  try {
    return hashOf(readFileSync(path));
  } catch {
    return null;
  }
}

/** Size of a file in bytes, 0 where there is none. */
export function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Bytes of all files under a folder that other processes may be writing to and deleting from. */
export function bytesUnder(folder) {
  let total = 0;
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    total += entry.isDirectory() ? bytesUnder(path) : sizeOf(path);
  }
  return total;
}

function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
