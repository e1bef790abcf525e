/** What a completed run says of its end when phases of it stopped early. */
import { join } from 'node:path';
import { readManifest } from '../../checkpoint/manifest.ts';
import type { Stopped } from '../../checkpoint/progress.ts';
import { LockstepError } from '../../core/errors.ts';
import type { RunPaths } from '../../run/folder.ts';

/** A phase that stopped early. */
export interface StoppedPhase extends Stopped {
  readonly name: string;
}

/** By what the phases' results say, so also of phases that stopped before the run was resumed. */
export async function readStoppedPhases(
  { phases }: Pick<RunPaths, 'phases'>,
  names: readonly string[],
): Promise<StoppedPhase[]> {
  const found = await Promise.all(names.map((name) => readStopped(join(phases, name))));
  return names.flatMap((name, index) => {
    const stopped = found[index];
    return stopped ? [{ name, ...stopped }] : [];
  });
}

/** A result that can't be read hides no outcome: who uses it is told why. */
async function readStopped(folder: string): Promise<Stopped | null> {
  try {
    const manifest = await readManifest(folder);
    return manifest.kind === 'phase-result' ? manifest.stopped : null;
  } catch (thrown) {
    if (thrown instanceof LockstepError) return null;
    throw thrown;
  }
}

/** The end of a run that completed; `otherwise` when no phase stopped early. */
export function completedReason(phases: readonly StoppedPhase[], otherwise: string): string {
  if (phases.length === 0) return otherwise;
  const each = phases.map(
    ({ name, stepInPhase, steps, best, bestStepInPhase }) =>
      `Phase "${name}" stopped early at step ${stepInPhase} of its ${steps}, best ${best.name} ${best.value ?? 'not a number'} at step ${bestStepInPhase}.`,
  );
  return ['All phases are done.', ...each].join(' ');
}
