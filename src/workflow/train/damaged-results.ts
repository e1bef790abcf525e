/** What earlier phases ended with, and whether it is still whole: a run that goes on reads it no more, others do. */
import { join } from 'node:path';
import { verifyFolder } from '../../checkpoint/manifest.ts';
import { asLockstepError } from '../../core/errors.ts';
import type { RunFolder } from '../../run/folder.ts';
import { newestKnown } from './examine-run.ts';

/**
 * A sentence for the result of each phase before that of the newest checkpoint that is damaged or missing.
 * @throws LockstepError as `findNewestCheckpoint`
 */
export async function damagedResults({
  phases,
  checkpoints,
  runConfig,
}: Pick<RunFolder, 'phases' | 'checkpoints' | 'runConfig'>): Promise<string[]> {
  const index = (await newestKnown(checkpoints))?.manifest.phase.index ?? 0;
  const finished = runConfig.phases.slice(0, index);
  const found = await Promise.all(finished.map(({ name }) => problemOf(join(phases, name), name)));
  return found.filter((sentence) => sentence !== undefined);
}

async function problemOf(folder: string, phase: string): Promise<string | undefined> {
  try {
    await verifyFolder(folder);
    return undefined;
  } catch (thrown) {
    const { message } = asLockstepError(thrown);
    return `${message} It is what phase "${phase}" ended with. The run goes on all the same: its checkpoint holds what later phases need. Commands with --phase ${phase} cannot read it.`;
  }
}
