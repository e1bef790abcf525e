/** The weights that a run ended with, ready to predict. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadWeights } from '../../checkpoint/restore.ts';
import { runPaths } from '../../checkpoint/run-folder.ts';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import { findNewestCheckpoint } from '../../checkpoint/store.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { LockstepError } from '../../core/errors.ts';
import type { StoreFacts } from '../../data/loader/phase-data.ts';
import type { Program } from '../../engine/engine.ts';
import { defineRun } from '../../worker/run-definition.ts';

export interface TrainedModel {
  readonly program: Program;
  readonly weights: Weights;
  /** Where the weights come from. */
  readonly source: string;
  /** Index of the phase that they belong to. */
  readonly phaseIndex: number;
}

/** @throws LockstepError USAGE for an unknown phase, CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT */
export async function loadTrainedModel(
  choice: { readonly run: string; readonly phase?: string | undefined },
  config: RunConfig,
  trained: StoreFacts,
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
  const { manifest, parameters, statistics } = await loadWeights(source, run.layout);
  const phaseIndex = manifest?.phase.index ?? 0;
  const { program } = run.phases[phaseIndex]!;
  return { program, weights: { parameters, statistics }, source, phaseIndex };
}

/** The named phase's end; the last phase's, else the newest checkpoint, when none is named. */
async function findSource(
  { run, phase }: { readonly run: string; readonly phase?: string | undefined },
  names: readonly string[],
): Promise<string> {
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
