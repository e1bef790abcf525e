/** Where a worker starts: at the run's beginning, or where its newest valid checkpoint left it. */
import { join } from 'node:path';
import type { Progress } from '../../checkpoint/progress.ts';
import { loadWeights, restoreNewest } from '../../checkpoint/restore.ts';
import { checkResume } from '../../checkpoint/resume-check.ts';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import type { Store } from '../../data/format/store.ts';
import { requireExtensions } from '../../extension/identity.ts';
import { initialState } from '../../nn/initial-state.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { fittedWeights } from '../../run/fit-model.ts';
import { progressAtStart, startingPhase } from '../../run/progress.ts';
import type { SaveTarget } from './saving.ts';

export interface Start {
  readonly progress: Progress;
  /** Sentences for the log: damaged checkpoints passed over, numerics that differ, unfitting weights. */
  readonly warnings: readonly string[];
}

/** @throws LockstepError CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH, CHECKPOINT_NOT_FOUND */
export async function findStart(
  run: RunDefinition,
  store: Pick<Store, 'read'>,
  target: SaveTarget,
  { resume }: { resume: boolean },
): Promise<Start> {
  return resume ? await resumedStart(run, target) : await firstStart(run, store);
}

async function firstStart(run: RunDefinition, store: Pick<Store, 'read'>): Promise<Start> {
  const isFresh = (index: number) => startingPhase(run, index) === undefined;
  if (![...run.phases.keys()].some(isFresh)) {
    return { progress: progressAtStart(run, undefined), warnings: [] };
  }
  const { weights, warnings } = await readInitialWeights(run, await fittedWeights(run, store));
  return { progress: progressAtStart(run, weights), warnings };
}

async function resumedStart(run: RunDefinition, target: SaveTarget): Promise<Start> {
  const checkpoints = join(target.runFolder, 'checkpoints');
  const { manifest, path, progress, skipped } = await restoreNewest(checkpoints, run.layout);
  requireExtensions(manifest.extensions, `The checkpoint "${path}"`);
  const differences = checkResume(
    { path, manifest },
    {
      config: run.config,
      dataHash: run.store.manifest.contentHash,
      fingerprint: target.fingerprint,
    },
  );
  const passedOver = skipped.map(({ path, reason }) => `Passed over ${path}: ${reason}`);
  return { progress, warnings: [...passedOver, ...differences] };
}

/**
 * `model.initialWeights` over fitted or random ones, so that a new head may go on a known encoder. The warnings say
 * which tensors only one side has.
 */
async function readInitialWeights(
  run: RunDefinition,
  fitted: Weights | undefined,
): Promise<{ weights: Weights | undefined; warnings: string[] }> {
  const path = run.config.model.initialWeights;
  if (path === undefined) return { weights: fitted, warnings: [] };
  const random = () =>
    initialState(run.parameters, run.layout, { seed: run.config.seed, momentCount: 0 });
  const { missing, unused, ...weights } = await loadWeights(path, run.layout, {
    into: fitted ?? random(),
  });
  const warnings = [
    ...(missing.length === 0 ? [] : [`It lacks ${missing.join(', ')}: they stay as they begin.`]),
    ...(unused.length === 0 ? [] : [`The model has no ${unused.join(', ')}: they are not used.`]),
  ];
  return { weights, warnings: warnings.map((text) => `Initial weights "${path}": ${text}`) };
}
