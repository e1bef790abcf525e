/** What rank 0 writes: checkpoints, and what each phase ended with. */
import { join } from 'node:path';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import {
  type BestWeights,
  type SavedContext,
  saveCheckpoint,
  savePhaseResult,
} from '../../checkpoint/store.ts';
import type { NumericsFingerprint, TrainState } from '../../engine/engine.ts';
import type { RunDefinition } from '../../run/definition.ts';

export interface SavingPlace {
  readonly runFolder: string;
  readonly fingerprint: NumericsFingerprint;
}

/** A checkpoint after `globalStep` steps. Returns its folder. */
export async function writeCheckpoint(
  run: RunDefinition,
  place: SavingPlace,
  progress: {
    globalStep: number;
    skippedSteps: number;
    state: TrainState;
    best: BestWeights | undefined;
  },
): Promise<string> {
  const context = savedContext(run, place, progress.globalStep);
  const { plan, config } = run.phases[context.phase.index]!;
  const { stepInPhase } = context.phase;
  const { path } = await saveCheckpoint(
    join(place.runFolder, 'checkpoints'),
    {
      ...context,
      state: progress.state,
      best: progress.best,
      skippedSteps: progress.skippedSteps,
      cursor: {
        epoch: Math.floor(stepInPhase / plan.stepsPerEpoch),
        stepInEpoch: stepInPhase % plan.stepsPerEpoch,
      },
      optimizer: config.optimizer.kind,
    },
    { keep: run.config.checkpoint.keep },
  );
  return path;
}

/** What the phase that ended after `globalStep` steps ended with. */
export async function writePhaseResult(
  run: RunDefinition,
  place: SavingPlace,
  result: { globalStep: number; weights: Weights; best: BestWeights | undefined },
): Promise<void> {
  await savePhaseResult(join(place.runFolder, 'phases'), {
    ...savedContext(run, place, result.globalStep),
    weights: result.weights,
    kept: result.best === undefined ? 'last' : 'best',
    metric: result.best?.metric,
  });
}

/** The phase is that of the last step done (the first one before any). */
function savedContext(
  run: RunDefinition,
  { fingerprint }: SavingPlace,
  globalStep: number,
): SavedContext {
  const { phaseIndex, stepInPhase } = run.schedule.at(Math.max(globalStep - 1, 0));
  return {
    run: run.config.name,
    globalStep,
    phase: {
      index: phaseIndex,
      name: run.config.phases[phaseIndex]!.name,
      stepInPhase: globalStep === 0 ? 0 : stepInPhase + 1,
    },
    fingerprint,
    config: run.config,
    dataHash: run.store.manifest.contentHash,
    layout: run.layout,
  };
}
