/** Where a worker starts: at the run's beginning, or where its newest valid checkpoint left it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadWeights, restoreNewest } from '../checkpoint/restore.ts';
import { checkResume } from '../checkpoint/resume-check.ts';
import type { Weights } from '../checkpoint/state-tensors.ts';
import { initialState } from '../model/initial-state.ts';
import { type Progress, startingPhase, stateAtPhaseStart } from './phase-state.ts';
import type { RunDefinition } from './run-definition.ts';
import type { SavingPlace } from './saving.ts';

export interface Start extends Progress {
  /** Sentences for the log: damaged checkpoints passed over, numerics that differ. */
  readonly warnings: readonly string[];
}

/** @throws LockstepError CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH, CHECKPOINT_NOT_FOUND */
export async function findStart(
  run: RunDefinition,
  place: SavingPlace,
  options: { resume: boolean; initialWeights: Weights | undefined },
): Promise<Start> {
  if (!options.resume) {
    const results = new Map<string, Weights>();
    const state = stateAtPhaseStart(run, 0, { results, initialWeights: options.initialWeights });
    return { globalStep: 0, state, best: undefined, results, warnings: [] };
  }
  const restored = await restoreNewest(join(place.runFolder, 'checkpoints'), () => run.layout);
  const { manifest, path, state, best } = restored;
  const warnings = checkResume(
    { path, manifest },
    {
      config: run.config,
      dataHash: run.store.manifest.contentHash,
      fingerprint: place.fingerprint,
    },
  );
  const passedOver = restored.skipped.map(({ path, reason }) => `Passed over ${path}: ${reason}`);
  return {
    globalStep: manifest.globalStep,
    state,
    best,
    results: await readResults(run, place, manifest.globalStep),
    warnings: [...passedOver, ...warnings],
  };
}

/** Ends of phases that a later phase starts from. */
async function readResults(
  run: RunDefinition,
  { runFolder }: SavingPlace,
  globalStep: number,
): Promise<Map<string, Weights>> {
  const results = new Map<string, Weights>();
  const wanted = new Set(run.phases.map((_, index) => startingPhase(run, index)));
  for (const [index, { config }] of run.phases.entries()) {
    const ended = run.schedule.firstSteps[index]! + run.schedule.phases[index]!.steps;
    const folder = join(runFolder, 'phases', config.name);
    if (ended > globalStep || !wanted.has(config.name) || !existsSync(folder)) continue;
    results.set(config.name, await loadWeights(folder, run.layout));
  }
  return results;
}

/** `model.initialWeights` over random ones, so that a new head may go on a known encoder. */
export async function readInitialWeights(run: RunDefinition): Promise<Weights | undefined> {
  const path = run.config.model.initialWeights;
  if (path === undefined) return undefined;
  const into = initialState(run.model, run.layout, { seed: run.config.seed, momentCount: 0 });
  return loadWeights(path, run.layout, { into });
}
