/** What rank 0 writes: checkpoints, and what each phase ended with. */
import { join } from 'node:path';
import type { BestWeights, Progress, Waiting } from '../../checkpoint/progress.ts';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import { type SavedContext, saveCheckpoint, savePhaseResult } from '../../checkpoint/store.ts';
import type { NumericsFingerprint } from '../../engine/engine.ts';
import { extensionsOf, recordOf } from '../../extension/identity.ts';
import { type RunDefinition, trainingDataOf } from '../../run/definition.ts';
import { stoppedAt } from '../../run/early-stop.ts';

/** Where a run is saved, and under which numerics. */
export interface SaveTarget {
  readonly runFolder: string;
  readonly fingerprint: NumericsFingerprint;
}

/** Writes a checkpoint and returns its folder. */
export async function writeCheckpoint(
  run: RunDefinition,
  target: SaveTarget,
  progress: Progress,
): Promise<string> {
  const context = savedContext(run, target, progress.globalStep);
  const optimizer = run.config.phases[context.phase.index]!.optimizer.kind;
  // Whatever follows the last step is done once this is on disk.
  const content = { ...context, optimizer, progress: { ...progress, unfinished: false } };
  const folder = join(target.runFolder, 'checkpoints');
  const { path } = await saveCheckpoint(folder, content, { keep: run.config.checkpoint.keep });
  return path;
}

/** Writes what the phase that ended after `globalStep` steps ended with. */
export async function writePhaseResult(
  run: RunDefinition,
  target: SaveTarget,
  result: {
    readonly globalStep: number;
    readonly weights: Weights;
    readonly best: BestWeights | undefined;
    readonly waiting: Waiting | undefined;
  },
): Promise<void> {
  const { globalStep, weights, best, waiting } = result;
  const { phaseIndex } = run.schedule.at(globalStep - 1);
  const { steps, evaluateEverySteps: everySteps = steps } = run.schedule.phases[phaseIndex]!;
  await savePhaseResult(join(target.runFolder, 'phases'), {
    ...savedContext(run, target, globalStep),
    ...{ globalStep, weights },
    kept: best === undefined ? 'last' : 'best',
    metric: best?.metric,
    stopped: stoppedAt(waiting, { everySteps, steps }),
  });
}

/** The phase is that of the last step done (the first one before any). */
function savedContext(
  run: RunDefinition,
  { fingerprint }: SaveTarget,
  globalStep: number,
): SavedContext {
  const { phaseIndex, stepInPhase } = run.schedule.at(Math.max(globalStep - 1, 0));
  return {
    run: run.config.name,
    phase: {
      index: phaseIndex,
      name: run.config.phases[phaseIndex]!.name,
      stepInPhase: globalStep === 0 ? 0 : stepInPhase + 1,
    },
    fingerprint,
    config: run.config,
    extensions: extensionsOf(run.config).map(recordOf),
    data: trainingDataOf(run),
    layout: run.layout,
  };
}
