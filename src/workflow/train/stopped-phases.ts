/** What a completed run says of its end when phases of it stopped early. */
import { join } from 'node:path';
import { readManifest } from '../../checkpoint/manifest.ts';
import type { Stopped } from '../../checkpoint/progress.ts';
import type { PhaseConfig } from '../../config/phase-section.ts';
import { LockstepError } from '../../core/errors.ts';
import type { RunPaths } from '../../run/folder.ts';

/** A phase that stopped early. */
export interface StoppedPhase extends Stopped {
  readonly name: string;
}

/** What the results of a run's phases say of their ends. */
export interface PhaseEnds {
  readonly stopped: readonly StoppedPhase[];
  /** Names of those whose result cannot be read. */
  readonly unknown: readonly string[];
}

/** By what the phases' results say, so also of phases that stopped before the run was resumed. */
export async function readPhaseEnds(
  { phases }: Pick<RunPaths, 'phases'>,
  configs: readonly Pick<PhaseConfig, 'name' | 'evaluation'>[],
): Promise<PhaseEnds> {
  // No other can have stopped early.
  const names = configs.filter(({ evaluation }) => evaluation?.stop).map(({ name }) => name);
  const found = await Promise.all(names.map((name) => readStopped(join(phases, name))));
  const stopped = names.flatMap((name, index) => {
    const end = found[index];
    return end ? [{ name, ...end }] : [];
  });
  return { stopped, unknown: names.filter((_, index) => found[index] === undefined) };
}

/** Undefined for a result that can't be read, which hides no outcome: who uses it is told why. */
async function readStopped(folder: string): Promise<Stopped | null | undefined> {
  try {
    const manifest = await readManifest(folder);
    return manifest.kind === 'phase-result' ? manifest.stopped : undefined;
  } catch (thrown) {
    if (thrown instanceof LockstepError) return undefined;
    throw thrown;
  }
}

/** The end of a run that completed; `otherwise` when no phase stopped early. */
export function completedReason({ stopped, unknown }: PhaseEnds, otherwise: string): string {
  if (stopped.length === 0 && unknown.length === 0) return otherwise;
  const each = stopped.map(
    ({ name, stepInPhase, steps, best, bestStepInPhase }) =>
      `Phase "${name}" stopped early at step ${stepInPhase} of its ${steps}, best ${best.name} ${best.value ?? 'not a number'} at step ${bestStepInPhase}.`,
  );
  const unread = unknown.map(
    (name) =>
      `Whether phase "${name}" stopped early is not known: what it ended with cannot be read.`,
  );
  return ['All phases are done.', ...each, ...unread].join(' ');
}
