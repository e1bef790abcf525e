/** From a saved folder back to a progress or to weights, checked against the model's layout and the saved hash. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '../core/errors.ts';
import type { Slot, StateLayout } from '../engine/engine.ts';
import {
  type CheckpointManifest,
  corrupt,
  fileOfPart,
  MANIFEST_FILE,
  type Manifest,
  MODEL_FILE,
  verifyFolder,
} from './manifest.ts';
import type { Progress } from './progress.ts';
import { decodeProgress, partsOf } from './progress-codec.ts';
import { readSafetensors } from './safetensors.ts';
import {
  fittingFloats,
  gatherWeights,
  hashState,
  mismatch,
  slotsOf,
  type TensorSource,
  unusedNames,
  type Weights,
} from './state-tensors.ts';
import { findNewestCheckpoint, type Saved, type Skipped } from './store.ts';

export interface RestoredCheckpoint extends Saved<CheckpointManifest> {
  readonly progress: Progress;
}

/**
 * The newest valid checkpoint of a folder, and the damaged ones that were passed over.
 * Throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH.
 */
export async function restoreNewest(
  folder: string,
  layout: StateLayout,
): Promise<RestoredCheckpoint & { readonly skipped: readonly Skipped[] }> {
  const { skipped, ...found } = await findNewestCheckpoint(folder);
  return { ...(await readCheckpoint(found, layout)), skipped };
}

/**
 * The progress in a verified checkpoint folder.
 * Throws CHECKPOINT_MISMATCH naming the first tensor that isn't the layout's, CHECKPOINT_CORRUPT when the
 * vectors don't have the hash that they were saved with.
 */
export async function readCheckpoint(
  { path, manifest }: Saved<CheckpointManifest>,
  layout: StateLayout,
): Promise<RestoredCheckpoint> {
  const sources = new Map<string, TensorSource>();
  for (const part of partsOf(manifest)) {
    sources.set(part, await openSource(join(path, fileOfPart(part))));
  }
  const progress = decodeProgress(manifest, sources, layout);
  if (hashState(progress.state) !== manifest.stateHash) {
    throw corrupt(path, 'the state in it does not have the hash that it was saved with');
  }
  return { path, manifest, progress };
}

async function openSource(path: string): Promise<TensorSource> {
  return { path, tensors: (await readSafetensors(path)).tensors };
}

export interface LoadedWeights extends Weights {
  /** Manifest of the folder they came from; a bare file has none. */
  readonly manifest?: Manifest;
  /** The model's tensors that the file had. */
  readonly loaded: readonly string[];
  /** The model's tensors that the file lacked: they kept the values of `into`. */
  readonly missing: readonly string[];
  /** The file's tensors that the model lacks. */
  readonly unused: readonly string[];
}

/**
 * Weights from a safetensors file, or from a checkpoint or phase-result folder (verified first). Names
 * and shapes must be the layout's; with `into`, names that only one side has are reported instead and the
 * model's keep the values given there, as when a new head goes on a pretrained encoder.
 * Throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH.
 */
export async function loadWeights(
  path: string,
  layout: StateLayout,
  options: { readonly into?: Weights } = {},
): Promise<LoadedWeights> {
  const manifest = isFolder(path) ? await verifyWeightsFolder(path) : undefined;
  const source = await openSource(manifest === undefined ? path : join(path, MODEL_FILE));
  const { into } = options;
  const weights =
    into === undefined ? gatherWeights(source, layout) : overlay(source, layout, into);
  const names = slotsOf(layout).map(({ name }) => name);
  return {
    ...weights,
    ...(manifest && { manifest }),
    loaded: names.filter((name) => source.tensors.has(name)),
    missing: names.filter((name) => !source.tensors.has(name)),
    unused: unusedNames(source, slotsOf(layout)),
  };
}

const isFolder = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

async function verifyWeightsFolder(path: string): Promise<Manifest> {
  if (!existsSync(join(path, MANIFEST_FILE))) {
    throw new LockstepError(
      'CHECKPOINT_NOT_FOUND',
      `Cannot read weights from "${path}": the folder has no ${MANIFEST_FILE}.`,
      'Give a safetensors file, a folder under checkpoints/ or one under phases/ of a run.',
    );
  }
  return verifyFolder(path);
}

/** A copy of `into` with every tensor that the file has, too. */
function overlay(source: TensorSource, layout: StateLayout, into: Weights): Weights {
  const copyOver = (slots: readonly Slot[], vector: Float32Array) => {
    const copy = vector.slice();
    for (const slot of slots) {
      const tensor = source.tensors.get(slot.name);
      if (tensor !== undefined) copy.set(fittingFloats(source, tensor, slot), slot.offset);
    }
    return copy;
  };
  if (!slotsOf(layout).some(({ name }) => source.tensors.has(name))) {
    throw mismatch(source, 'they have no tensor in common', 'Give weights of the same family.');
  }
  return {
    parameters: copyOver(layout.parameters, into.parameters),
    statistics: copyOver(layout.statistics, into.statistics),
  };
}
