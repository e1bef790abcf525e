/** Writes a file that comes from another host: it gets its name when all of it is there and has the right hash. */
import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { writeFailure } from '../../core/file-error.ts';
import { syncNames } from '../../core/sync-names.ts';
import type { CopiedFile } from '../../protocol/host-messages.ts';

/**
 * @param path where it is to be; what was there is unharmed by an error, and nothing is left beside it
 * @param onBytes hears how many have been written
 * @throws LockstepError OUT_OF_RESOURCES, USAGE when it can't be written; STORE_CORRUPT for other bytes than those of the
 *   list; what `pieces` throws
 */
export async function writeFetched(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  { name, sizeBytes, sha256 }: CopiedFile,
  onBytes: (written: number) => void,
): Promise<void> {
  const unique = randomBytes(6).toString('hex');
  const temporary = join(dirname(path), `.${basename(path)}.tmp-${unique}`);
  let written = 0;
  try {
    const hash = createHash('sha256');
    const file = await open(temporary, 'wx');
    try {
      for await (const bytes of pieces) {
        hash.update(bytes);
        await file.writeFile(bytes);
        written += bytes.length;
        onBytes(bytes.length);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const found = hash.digest('hex');
    if (found !== sha256) throw otherBytes(name, found, sha256);
    await rename(temporary, path);
    await syncNames(dirname(path));
  } catch (thrown) {
    // The first failure is the one to tell.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeFailure(thrown, path, written, sizeBytes);
  }
}

const otherBytes = (name: string, found: string, expected: string): LockstepError =>
  new LockstepError(
    'STORE_CORRUPT',
    `Cannot use "${name}" of the host that leads: what came has SHA-256 ${found.slice(0, 12)}…, its list says ${expected.slice(0, 12)}….`,
    'Look whether that file was changed there since it was made, then start all hosts again.',
  );
