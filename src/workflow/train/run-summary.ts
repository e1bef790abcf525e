/** Writes down and prints how a run ended. */

import { listCheckpoints } from '../../checkpoint/store.ts';
import { exitLine } from '../../launch/exit.ts';
import type { RunPaths } from '../../run/folder.ts';
import { writeRunExit } from '../../run/folder.ts';

export interface RunEnd {
  readonly code: number;
  readonly reason: string;
  readonly globalStep: number;
  readonly stateHash: string | null;
  /** Whether the run's folder stays, so that its checkpoints may be named. */
  readonly isKept?: boolean;
}

/** Writes `exit.json` and the last line on stderr. Returns the exit code. */
export async function concludeRun(paths: RunPaths, end: RunEnd): Promise<number> {
  const [newest] = await listCheckpoints(paths.checkpoints);
  const { isKept = true, ...exit } = end;
  const lastCheckpoint = isKept ? (newest?.path ?? null) : null;
  writeRunExit(paths, { ...exit, lastCheckpoint });
  const { code, reason } = end;
  process.stderr.write(`${exitLine({ code, reason, lastCheckpoint, runFolder: paths.path })}\n`);
  return code;
}
