/** The weights that a run ended with, ready to predict. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadWeights } from '../../checkpoint/restore.ts';
import type { Weights } from '../../checkpoint/state-tensors.ts';
import { findNewestCheckpoint } from '../../checkpoint/store.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { commandLine } from '../../core/program-name.ts';
import type { Scaling } from '../../data/scaling/scaling.ts';
import { readTrainingData, type TrainingData } from '../../data/training-data.ts';
import type { Program } from '../../engine/engine.ts';
import { requireExtensions } from '../../extension/identity.ts';
import { embeddingProgram } from '../../nn/program.ts';
import { defineNetwork, type NetworkDefinition } from '../../run/definition.ts';
import { runPaths } from '../../run/folder.ts';
import { startingPhase } from '../../run/progress.ts';
import type { OutputTask } from './task-output.ts';

/** Of any family. */
export interface TrainedModel {
  /** What it predicts. */
  readonly task: OutputTask;
  /** Where the weights come from. */
  readonly source: string;
  /** How they see numbers. */
  readonly scaling: Scaling;
  /** What they were trained on. */
  readonly data: TrainingData;
}

/** A model that an engine computes. */
export interface NetworkModel extends TrainedModel {
  readonly kind: 'network';
  readonly program: Program;
  readonly weights: Weights;
  /** Index of the phase that they belong to. */
  readonly phaseIndex: number;
}

/** Which weights, and what of them. */
export interface ModelChoice {
  /** Folder of the run. */
  readonly run: string;
  /** Weights at the end of this phase; of the last one when absent. */
  readonly phase?: string | undefined;
  /** The features of each sequence instead of what an objective predicts. */
  readonly embeddings?: boolean | undefined;
}

/**
 * @throws LockstepError USAGE for an unknown phase or one without a trained head that predicts,
 *   CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT
 */
export async function loadTrainedModel(
  choice: ModelChoice,
  config: RunConfig,
): Promise<NetworkModel> {
  const names = config.phases.map(({ name }) => name);
  if (choice.phase !== undefined && !names.includes(choice.phase)) {
    throw new LockstepError(
      'USAGE',
      `The run "${config.name}" has no phase "${choice.phase}".`,
      `Its phases are ${names.join(', ')}.`,
    );
  }
  const source = await findSource(choice, names);
  const data = readTrainingData(source);
  const run = defineNetwork(config, data);
  const { manifest, parameters, statistics } = await loadWeights(source, run.layout);
  requireExtensions(manifest?.extensions ?? [], `The checkpoint "${source}"`);
  const phaseIndex = manifest?.phase.index ?? 0;
  const { program, task } = choice.embeddings
    ? {
        program: embeddingProgram(run.model, run.programs[phaseIndex]!),
        task: 'embedding' as const,
      }
    : predictingPhase(run, phaseIndex, source);
  const weights = { parameters, statistics };
  const facts = { source, phaseIndex, data, scaling: run.scaling };
  return { kind: 'network', program, task, weights, ...facts };
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
      `Go on with the run by "${commandLine('resume', run)}", or choose a finished phase.`,
    );
  }
  const last = join(paths.phases, names.at(-1)!);
  return existsSync(last) ? last : (await findNewestCheckpoint(paths.checkpoints)).path;
}

/**
 * The nearest phase before these weights that has trained a head that predicts. A run that was given weights may have
 * been given such a head.
 */
function predictingPhase(
  run: NetworkDefinition,
  phaseIndex: number,
  source: string,
): Pick<NetworkModel, 'program' | 'task'> {
  const predicts = (index: number) => run.tasks[index] !== undefined;
  const all = [...run.tasks.keys()];
  const given = run.config.model.initialWeights === undefined ? [] : all;
  const found = [...lineageOf(run, phaseIndex), ...given].find(predicts);
  if (found !== undefined) return { program: run.programs[found]!, task: run.tasks[found]! };
  const later = run.config.phases[all.findIndex(predicts)];
  throw new LockstepError(
    'USAGE',
    `The weights in "${source}" predict nothing: no phase with an objective that predicts has trained them yet.`,
    later === undefined
      ? 'Add a phase with such an objective to the configuration and train it, or ask for the features of each sequence: predict --embeddings.'
      : `Let the run go on to phase "${later.name}", or choose it with --phase.`,
  );
}

/** The phase itself, the one that it started from, and so on. */
function lineageOf(run: NetworkDefinition, phaseIndex: number): number[] {
  const before = startingPhase(run, phaseIndex);
  if (before === undefined) return [phaseIndex];
  const index = run.config.phases.findIndex(({ name }) => name === before);
  return [phaseIndex, ...lineageOf(run, index)];
}
