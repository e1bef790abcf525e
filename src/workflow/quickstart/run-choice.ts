/** Which run folder a quickstart uses: an unfinished one is gone on with, a finished one is left alone. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface RunChoice {
  readonly folder: string;
  readonly resume: boolean;
}

export function chooseRun(base: string): RunChoice {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? base : `${base}-${number}`;
    if (!existsSync(folder)) return { folder, resume: false };
    if (!hasFinished(folder) && hasCheckpoint(folder)) return { folder, resume: true };
  }
}

/** All phases have ended. */
function hasFinished(folder: string): boolean {
  return existsSync(join(folder, 'phases', 'scratch-2'));
}

function hasCheckpoint(folder: string): boolean {
  const checkpoints = join(folder, 'checkpoints');
  return existsSync(checkpoints) && readdirSync(checkpoints).length > 0;
}
