/** Removes what nobody needs any more; a disk that keeps it harms nobody, and what tidies after a crash comes by. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { systemErrorCode } from './system-error.ts';

/** A file, or a folder with all that is in it. */
export async function removeQuietly(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (thrown) {
    throwDefect(thrown);
  }
}

/** The same for those who cannot wait. */
export function removeQuietlySync(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (thrown) {
    throwDefect(thrown);
  }
}

/** A file; a folder in its place stays. */
export function removeFileQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (thrown) {
    throwDefect(thrown);
  }
}

function throwDefect(thrown: unknown): void {
  if (systemErrorCode(thrown) === undefined) throw thrown;
}
