/** The run's folder as a host sees it that does not lead. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunHere } from '../../cluster/own-workers.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { LOCK_FILE } from '../../core/lock-file.ts';
import { readTextSync } from '../../core/read-file.ts';
import { readRunConfig } from '../../run/folder.ts';

/** A disk that several hosts see may show what another one wrote only after a while. */
const SEEN_MS = 30_000;
const LOOK_MS = 250;

/** @throws LockstepError USAGE for a host that does not see the run's folder, or another one by that path */
export async function seenRun({ runFolder, lock }: RunHere): Promise<RunConfig> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < SEEN_MS) {
    if (textOf(join(runFolder, LOCK_FILE)) === lock) return readRunConfig(runFolder);
    await sleep(LOOK_MS);
  }
  throw new LockstepError(
    'USAGE',
    `Cannot train here: this host does not see the run's folder "${runFolder}" as the leader does.`,
    'Name a folder with --run that all hosts see by the same path, and keep the data in such a folder, too; or start all hosts with --own-disks.',
  );
}

function textOf(path: string): string | null {
  try {
    return readTextSync(path);
  } catch {
    // Not there, or not yet.
    return null;
  }
}
