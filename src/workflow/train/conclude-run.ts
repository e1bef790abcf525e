/** Writes down how a run ended. */
import { listCheckpoints } from '../../checkpoint/store.ts';
import type { SupervisedOutcome } from '../../coordinator/supervisor/supervisor.ts';
import { asLockstepError } from '../../core/errors.ts';
import { systemErrorCode } from '../../core/system-error.ts';
import type { RunExit, RunFolder, RunPaths } from '../../run/folder.ts';
import { writeRunExit } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';

const STATUS = {
  completed: 'completed',
  drained: 'stopped',
  left: 'stopped',
  aborted: 'failed',
} as const;

/**
 * Writes `exit.json`, unless another process has taken the folder over, or goes on with the run. Where it can't be written the run has ended all
 * the same.
 * @returns how the run ended, and why that is in no file, or null
 */
export async function concludeRun(
  folder: RunFolder,
  { kind, exitCode, reason, step, stateHash }: Omit<SupervisedOutcome, 'error'>,
): Promise<{ readonly outcome: RunOutcome; readonly unwritten: string | null }> {
  const lastCheckpoint = await newestCheckpoint(folder);
  const exit = { code: exitCode, reason, globalStep: step, stateHash, lastCheckpoint };
  const goesOn = kind === 'left' || folder.lost.aborted;
  const unwritten = goesOn ? null : writtenOrWhy(folder, exit);
  const status = STATUS[kind];
  const runFolder = folder.path;
  return {
    outcome: { status, exitCode, reason, step, stateHash, lastCheckpoint, runFolder },
    unwritten,
  };
}

/** A folder that can't be read any more hides no outcome. */
export async function newestCheckpoint({ checkpoints }: RunPaths): Promise<string | null> {
  try {
    const [newest] = await listCheckpoints(checkpoints);
    return newest?.path ?? null;
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return null;
  }
}

function writtenOrWhy(paths: RunPaths, exit: RunExit): string | null {
  try {
    writeRunExit(paths, exit);
    return null;
  } catch (thrown) {
    return `How the run ended is in no file: ${asLockstepError(thrown).message}`;
  }
}
