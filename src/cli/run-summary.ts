/** Writes down and prints how a run ended. */

import type { RunPaths } from '../checkpoint/run-folder.ts';
import { writeRunExit } from '../checkpoint/run-folder.ts';
import { listCheckpoints } from '../checkpoint/store.ts';
import { exitLine } from './exit.ts';

export interface RunEnd {
  readonly code: number;
  readonly reason: string;
  readonly globalStep: number;
  readonly stateHash: string | null;
}

/** Writes `exit.json` and the last line on stderr. Returns the exit code. */
export async function concludeRun(paths: RunPaths, end: RunEnd): Promise<number> {
  const [newest] = await listCheckpoints(paths.checkpoints);
  const lastCheckpoint = newest?.path ?? null;
  writeRunExit(paths, { ...end, lastCheckpoint });
  const { code, reason } = end;
  process.stderr.write(`${exitLine({ code, reason, lastCheckpoint, runFolder: paths.path })}\n`);
  return code;
}
