/** How a run has ended, as its folder tells. */
import { EXIT } from '../../core/errors.ts';
import { readRunExit, runPaths } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';

/** How a run has ended since it was begun; null while it has not. */
export function endedRun(runFolder: string): RunOutcome | null {
  const exit = readRunExit(runPaths(runFolder));
  if (exit === undefined) return null;
  const { code: exitCode, reason, globalStep: step, stateHash, lastCheckpoint } = exit;
  const status = exitCode === EXIT.done ? 'completed' : 'stopped';
  return { status, exitCode, reason, step, stateHash, lastCheckpoint, runFolder };
}
