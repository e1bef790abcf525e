/** The weights that a run ended with, ready to predict. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadWeights } from '../checkpoint/restore.ts';
import { readRunConfig, runPaths } from '../checkpoint/run-folder.ts';
import type { Weights } from '../checkpoint/state-tensors.ts';
import { findNewestCheckpoint } from '../checkpoint/store.ts';
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import { openStore, type StoreOnDisk } from '../data/format/open-store.ts';
import { defineRun, type RunDefinition } from '../worker/run-definition.ts';

export interface TrainedModel {
  readonly run: RunDefinition;
  readonly weights: Weights;
  /** Where the weights come from. */
  readonly source: string;
  /** Index of the phase whose program and batch prediction uses. */
  readonly phaseIndex: number;
}

export interface ModelChoice {
  readonly run: string;
  /** End of this phase; the run's last finished phase, else its newest checkpoint, when absent. */
  readonly phase?: string | undefined;
}

/** The configuration of the run and its own dataset, opened. */
export async function openRunStore(
  path: string,
  otherStore: string | undefined,
): Promise<{ config: RunConfig; trained: StoreOnDisk; store: StoreOnDisk }> {
  const config = readRunConfig(path);
  const trained = await openStore(config.data.store);
  const store = otherStore === undefined ? trained : await openStore(otherStore);
  return { config, trained, store };
}

/** @throws LockstepError USAGE for an unknown phase, CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT */
export async function loadTrainedModel(
  choice: ModelChoice,
  config: RunConfig,
  trained: StoreOnDisk,
): Promise<TrainedModel> {
  const run = defineRun(config, trained);
  const names = config.phases.map(({ name }) => name);
  if (choice.phase !== undefined && !names.includes(choice.phase)) {
    throw new LockstepError(
      'USAGE',
      `The run "${config.name}" has no phase "${choice.phase}".`,
      `Its phases are ${names.join(', ')}.`,
    );
  }
  const source = await findSource(choice, names);
  const { manifest, ...weights } = await loadWeights(source, run.layout);
  return { run, weights, source, phaseIndex: manifest?.phase.index ?? 0 };
}

async function findSource({ run, phase }: ModelChoice, names: readonly string[]): Promise<string> {
  const paths = runPaths(run);
  if (phase !== undefined) {
    const folder = join(paths.phases, phase);
    if (existsSync(folder)) return folder;
    throw new LockstepError(
      'CHECKPOINT_NOT_FOUND',
      `Phase "${phase}" of "${run}" has not ended: there is no ${folder}.`,
      `Go on with the run by "lockstep resume ${run}", or choose a finished phase.`,
    );
  }
  const last = join(paths.phases, names.at(-1)!);
  return existsSync(last) ? last : (await findNewestCheckpoint(paths.checkpoints)).path;
}
