/**
 * A file of results that a person names: it appears when it is whole, and one process at a time writes it. As with a
 * shell's `>`, a link stays one and the file that it leads to is replaced, and a device or a pipe, such as /dev/null, is
 * written to as it is. For the files of our own folders see write-whole.ts.
 */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFailure } from './file-error.ts';
import { realPath } from './real-path.ts';
import { syncNames, syncPath } from './sync-names.ts';
import { withLockedTarget } from './target-lock.ts';

/**
 * Makes `path`, or replaces it. What a killed writer left beside it goes first.
 * @param write makes the file under the name that it is given
 * @throws LockstepError RUN_LOCKED while another process writes it; USAGE, OUT_OF_RESOURCES; what `write` throws. What was
 *   there before is unharmed, and nothing is left beside it
 */
export async function makeWholeFile(
  path: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  if (isNoFile(path)) return await toldAs(path, () => write(path));
  const whole = realPath(path);
  const unique = randomBytes(6).toString('hex');
  const temporary = join(dirname(whole), `.${basename(whole)}.tmp-${unique}`);
  await withLockedTarget(whole, path, () =>
    toldAs(path, async () => {
      try {
        await write(temporary);
        await syncPath(temporary);
        await rename(temporary, whole);
        await syncNames(dirname(whole));
      } catch (thrown) {
        // The first failure counts.
        await rm(temporary, { force: true }).catch(() => {});
        throw thrown;
      }
    }),
  );
}

const isNoFile = (path: string): boolean =>
  !(statSync(path, { throwIfNoEntry: false })?.isFile() ?? true);

async function toldAs(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}
