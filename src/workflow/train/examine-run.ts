/** What can be said of a run that is to go on before anything is started. It only reads. */
import { readManifest } from '../../checkpoint/manifest.ts';
import { type KnownCheckpoint, refuseOtherRun } from '../../checkpoint/resume-check.ts';
import { findNewestCheckpoint, listCheckpoints } from '../../checkpoint/store.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { asLockstepError, EXIT } from '../../core/errors.ts';
import { readManifest as readStoreManifest } from '../../data/format/manifest-schema.ts';
import { type RunPaths, readRunConfig, readRunExit, runPaths } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';

/**
 * The outcome of a run that has completed; undefined for one that can go on.
 * @throws LockstepError RUN_NOT_FOUND, CONFIG_INVALID, CHECKPOINT_MISMATCH for another configuration or other data
 *   than the checkpoint's, CHECKPOINT_CORRUPT, DATA_NOT_FOUND, STORE_CORRUPT
 */
export async function examineRun(path: string): Promise<RunOutcome | undefined> {
  const config = readRunConfig(path);
  const paths = runPaths(path);
  const checkpoint = await newestKnown(paths.checkpoints);
  if (checkpoint !== undefined) refuseOtherRun(checkpoint, { config });
  const completed = completedOutcome(paths);
  const dataHash = await dataHashOf(config, completed !== undefined);
  if (checkpoint !== undefined) refuseOtherRun(checkpoint, { config, dataHash });
  return completed;
}

/**
 * The newest checkpoint by its manifest alone: reading all of a large one takes long, and the workers do it.
 * @returns undefined for a run without any
 */
export async function newestKnown(folder: string): Promise<KnownCheckpoint | undefined> {
  const checkpoints = await listCheckpoints(folder);
  for (const { path } of checkpoints) {
    try {
      const manifest = await readManifest(path);
      if (manifest.kind === 'checkpoint') return { path, manifest };
    } catch (thrown) {
      if (asLockstepError(thrown).code === 'CHECKPOINT_MISMATCH') throw thrown;
    }
  }
  return checkpoints.length === 0 ? undefined : await findNewestCheckpoint(folder);
}

function completedOutcome(paths: RunPaths): RunOutcome | undefined {
  const exit = readRunExit(paths);
  if (exit?.code !== EXIT.done) return undefined;
  const { code: exitCode, reason, globalStep: step, stateHash, lastCheckpoint } = exit;
  const runFolder = paths.path;
  return { status: 'completed', exitCode, reason, step, stateHash, lastCheckpoint, runFolder };
}

/** Undefined where they are absent and needn't be there: the run is done, or they are made anew. */
async function dataHashOf({ data }: RunConfig, isDone: boolean): Promise<string | undefined> {
  try {
    return (await readStoreManifest(data.store)).contentHash;
  } catch (thrown) {
    const isAbsent = asLockstepError(thrown).code === 'DATA_NOT_FOUND';
    if (isAbsent && (isDone || data.synthetic !== undefined)) return undefined;
    throw thrown;
  }
}
