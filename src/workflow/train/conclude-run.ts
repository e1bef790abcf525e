/** Writes down how a run ended. */
import { listCheckpoints } from '../../checkpoint/store.ts';
import type { CoordinatorOutcome } from '../../coordinator/machine.ts';
import type { RunPaths } from '../../run/folder.ts';
import { writeRunExit } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';

const STATUS = { completed: 'completed', drained: 'stopped', aborted: 'failed' } as const;

/** Writes `exit.json`. */
export async function concludeRun(
  paths: RunPaths,
  { kind, exitCode, reason, step, stateHash }: Omit<CoordinatorOutcome, 'error'>,
): Promise<RunOutcome> {
  const [newest] = await listCheckpoints(paths.checkpoints);
  const lastCheckpoint = newest?.path ?? null;
  writeRunExit(paths, { code: exitCode, reason, globalStep: step, stateHash, lastCheckpoint });
  const status = STATUS[kind];
  return { status, exitCode, reason, step, stateHash, lastCheckpoint, runFolder: paths.path };
}
