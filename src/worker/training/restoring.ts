/** Where a worker starts: at the run's beginning, or where its newest valid checkpoint left it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadWeights, restoreNewest } from '../../checkpoint/restore.ts';
import { checkResume } from '../../checkpoint/resume-check.ts';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import { LockstepError } from '../../core/errors.ts';
import { initialState } from '../../nn/initial-state.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { type Progress, startingPhase, stateAtPhaseStart } from '../../run/progress.ts';
import type { SavingPlace } from './saving.ts';

export interface Start extends Progress {
  /** What fresh phases start from instead of random weights. */
  readonly initialWeights: Weights | undefined;
  /** Sentences for the log: damaged checkpoints passed over, numerics that differ, unfitting weights. */
  readonly warnings: readonly string[];
}

/** @throws LockstepError CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH, CHECKPOINT_NOT_FOUND */
export async function findStart(
  run: RunDefinition,
  place: SavingPlace,
  { resume }: { resume: boolean },
): Promise<Start> {
  return resume ? await resumedStart(run, place) : await firstStart(run);
}

async function firstStart(run: RunDefinition): Promise<Start> {
  const results = new Map<string, Weights>();
  const { weights: initialWeights, warnings } = await readInitialWeights(run, 0);
  const state = stateAtPhaseStart(run, 0, { results, initialWeights });
  const none = { globalStep: 0, skippedSteps: 0, best: undefined };
  return { ...none, state, results, initialWeights, warnings };
}

async function resumedStart(run: RunDefinition, place: SavingPlace): Promise<Start> {
  const restored = await restoreNewest(join(place.runFolder, 'checkpoints'), () => run.layout);
  const { manifest, path, state, best } = restored;
  const { globalStep, skippedSteps } = manifest;
  const differences = checkResume(
    { path, manifest },
    {
      config: run.config,
      dataHash: run.store.manifest.contentHash,
      fingerprint: place.fingerprint,
    },
  );
  const passedOver = restored.skipped.map(({ path, reason }) => `Passed over ${path}: ${reason}`);
  const initial = await readInitialWeights(run, globalStep);
  return {
    globalStep,
    skippedSteps,
    state,
    best,
    results: await readResults(run, place, globalStep),
    initialWeights: initial.weights,
    warnings: [...passedOver, ...differences, ...initial.warnings],
  };
}

/**
 * Ends of phases that are done and that a phase still to begin starts from.
 * @throws LockstepError CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
async function readResults(
  run: RunDefinition,
  { runFolder }: SavingPlace,
  globalStep: number,
): Promise<Map<string, Weights>> {
  const results = new Map<string, Weights>();
  for (const index of phasesToBegin(run, globalStep)) {
    const source = startingPhase(run, index);
    if (source === undefined || results.has(source) || !hasEnded(run, source, globalStep)) continue;
    const folder = join(runFolder, 'phases', source);
    if (!existsSync(folder)) throw resultIsGone(run, index, folder);
    results.set(source, await loadWeights(folder, run.layout));
  }
  return results;
}

/** Phases whose first step is not done yet. */
function phasesToBegin({ schedule }: RunDefinition, globalStep: number): number[] {
  return [...schedule.firstSteps.keys()].filter(
    (index) => schedule.firstSteps[index]! >= globalStep,
  );
}

function hasEnded({ config, schedule }: RunDefinition, phase: string, globalStep: number): boolean {
  const index = config.phases.findIndex(({ name }) => name === phase);
  return schedule.firstSteps[index]! + schedule.phases[index]!.steps <= globalStep;
}

function resultIsGone(run: RunDefinition, phaseIndex: number, folder: string): LockstepError {
  return new LockstepError(
    'CHECKPOINT_NOT_FOUND',
    `Phase "${run.config.phases[phaseIndex]!.name}" is to start from "${folder}", which is gone.`,
    'Restore the folder from a copy, or start the run anew.',
  );
}

/**
 * `model.initialWeights` over random ones, so that a new head may go on a known encoder. None when the run
 * has none, or no fresh phase is still to begin. The warnings say which tensors only one side has.
 */
async function readInitialWeights(
  run: RunDefinition,
  globalStep: number,
): Promise<{ weights: Weights | undefined; warnings: string[] }> {
  const path = run.config.model.initialWeights;
  const isFresh = (index: number) => startingPhase(run, index) === undefined;
  if (path === undefined || !phasesToBegin(run, globalStep).some(isFresh)) {
    return { weights: undefined, warnings: [] };
  }
  const into = initialState(run.model, run.layout, { seed: run.config.seed, momentCount: 0 });
  const { missing, unused, ...weights } = await loadWeights(path, run.layout, { into });
  const warnings = [
    ...(missing.length === 0 ? [] : [`It lacks ${missing.join(', ')}: they stay as they begin.`]),
    ...(unused.length === 0 ? [] : [`The model has no ${unused.join(', ')}: they are not used.`]),
  ];
  return { weights, warnings: warnings.map((text) => `Initial weights "${path}": ${text}`) };
}
