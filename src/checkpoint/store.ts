/**
 * Checkpoints on disk: `checkpoints/step-00000120/`, each folder whole or absent, the newest valid one
 * wins. One process at a time writes them (the run's lock sees to it).
 */

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExtensionRecord } from '../config/extension-record.ts';
import type { RunConfig } from '../config/run-config.ts';
import {
  type AtomicFolderOptions,
  type FolderWriter,
  removeFolderAtomically,
  tidyAfterCrash,
  type WrittenFile,
  writeFolderAtomically,
} from '../core/atomic-folder.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { asLockstepError, LockstepError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { ensureFolders } from '../core/make-folders.ts';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import {
  encodeTrainingData,
  TRAINING_DATA_FILE,
  type TrainingData,
} from '../data/training-data.ts';
import type { NumericsFingerprint, StateLayout } from '../engine/engine.ts';
import {
  type CheckpointManifest,
  corrupt,
  fileOfPart,
  MANIFEST_FILE,
  type Manifest,
  MODEL_FILE,
  type PhaseResultManifest,
  sealManifest,
  type Unsealed,
  verifyFolder,
} from './manifest.ts';
import type { Metric, Progress, Stopped } from './progress.ts';
import { encodeProgress, finiteMetric } from './progress-codec.ts';
import { encodeSafetensors, type Tensor } from './safetensors.ts';
import { hashState, type Weights, weightTensors } from './state-tensors.ts';

/** What every saved folder knows of its run. */
export interface SavedContext {
  readonly run: string;
  readonly phase: { readonly index: number; readonly name: string; readonly stepInPhase: number };
  readonly fingerprint: NumericsFingerprint;
  readonly config: RunConfig;
  /** Those that define what the configuration names. @default none */
  readonly extensions?: readonly ExtensionRecord[];
  /** What the run is trained on; the folder holds it as `data.json`. */
  readonly data: TrainingData;
  readonly layout: StateLayout;
}

export interface CheckpointContent extends SavedContext {
  readonly progress: Progress;
  /** Kind of the optimizer; it gives the moments their names. */
  readonly optimizer: string;
}

export interface PhaseResultContent extends SavedContext {
  /** Global steps done since the run began. */
  readonly globalStep: number;
  readonly weights: Weights;
  /** Which weights of the phase these are. */
  readonly kept: 'best' | 'last';
  readonly metric?: Metric | undefined;
  readonly stopped?: Stopped | undefined;
}

export interface SaveOptions {
  /** Keeps the newest N. */
  readonly keep: number;
  /** Called after each step on the file system; fault tests die here. */
  readonly onStep?: (step: string) => void;
}

export interface Saved<M extends Manifest> {
  readonly path: string;
  readonly manifest: M;
}

/**
 * Writes a checkpoint, reads it back, and only then removes those beyond the newest `keep`. A valid one
 * of the same step and state is left as it is.
 * Throws OUT_OF_RESOURCES when the disk is full; the checkpoints that were there are unharmed.
 */
export async function saveCheckpoint(
  folder: string,
  content: CheckpointContent,
  options: SaveOptions,
): Promise<Saved<CheckpointManifest>> {
  await ensureFolders(folder);
  await tidyAfterCrash(folder);
  const { globalStep, state } = content.progress;
  const path = join(folder, stepName(globalStep));
  const stateHash = hashState(state);
  const saved =
    (await sameCheckpoint(path, stateHash)) ??
    (await writeCheckpoint(path, content, stateHash, options));
  await removeOldest(folder, globalStep, options);
  return saved;
}

/** Writes what a phase ended with to `<folder>/<phase name>/`, in place of an earlier result. */
export async function savePhaseResult(
  folder: string,
  content: PhaseResultContent,
  options: Pick<SaveOptions, 'onStep'> = {},
): Promise<Saved<PhaseResultManifest>> {
  await ensureFolders(folder);
  await tidyAfterCrash(folder);
  const { weights, layout, globalStep, kept, metric, stopped, data } = content;
  const body: Body<PhaseResultManifest> = {
    kind: 'phase-result',
    ...commonBody(content, globalStep, hashState({ ...weights, moments: [] })),
    kept,
    metric: metric === undefined ? null : finiteMetric(metric),
    stopped: stopped === undefined ? null : { ...stopped, best: finiteMetric(stopped.best) },
  };
  const files = {
    tensors: [[MODEL_FILE, weightTensors(layout, weights, globalStep)]],
    data,
  } as const;
  return writeVerified(join(folder, content.phase.name), files, body, options);
}

type Body<M extends Manifest> = Omit<Unsealed<M>, 'files'>;

/** The files of a folder beside its manifest. */
interface Files {
  readonly tensors: readonly (readonly [name: string, tensors: readonly Tensor[]])[];
  readonly data: TrainingData;
}

async function writeCheckpoint(
  path: string,
  content: CheckpointContent,
  stateHash: string,
  options: SaveOptions,
): Promise<Saved<CheckpointManifest>> {
  const { description, parts } = encodeProgress(content.progress, content);
  const tensors = [...parts].map(([part, values]) => [fileOfPart(part), values] as const);
  const common = commonBody(content, description.globalStep, stateHash);
  const body = { kind: 'checkpoint', ...common, ...description } as const;
  const files = { tensors, data: content.data };
  return await writeVerified<CheckpointManifest>(path, files, body, options);
}

function commonBody(context: SavedContext, globalStep: number, stateHash: string) {
  return {
    lockstepVersion: LOCKSTEP_VERSION,
    createdAt: new Date().toISOString(),
    run: context.run,
    globalStep,
    phase: context.phase,
    fingerprint: context.fingerprint,
    config: { ...context.config },
    configHash: sha256(canonicalJson(context.config)),
    extensions: [...(context.extensions ?? [])],
    dataHash: context.data.manifest.contentHash,
    stateHash,
  };
}

async function writeVerified<M extends Manifest>(
  path: string,
  files: Files,
  body: Body<M>,
  options: Pick<SaveOptions, 'onStep'>,
): Promise<Saved<M>> {
  const data = { name: TRAINING_DATA_FILE, chunks: [Buffer.from(encodeTrainingData(files.data))] };
  const weights = files.tensors.map(([name, tensors]) => ({
    name,
    chunks: encodeSafetensors(tensors, { format: 'pt' }),
  }));
  const chunks = [...weights, data];
  const neededBytes = chunks.flatMap((file) => file.chunks).reduce((sum, c) => sum + c.length, 0);
  const folderOptions: AtomicFolderOptions = { ...options, replace: true, neededBytes };
  const manifest = await writeFolderAtomically(
    path,
    async (writer) => {
      const written: Record<string, WrittenFile> = {};
      for (const file of chunks) written[file.name] = await writer.write(file.name, file.chunks);
      return writeManifest<M>(writer, { ...body, files: written } as unknown as Unsealed<M>);
    },
    folderOptions,
  );
  const readBack = await verifyFolder(path);
  if (readBack.manifestHash !== manifest.manifestHash) {
    throw corrupt(path, 'what was read back is not what was written');
  }
  options.onStep?.('read back');
  return { path, manifest };
}

async function writeManifest<M extends Manifest>(
  writer: FolderWriter,
  content: Unsealed<M>,
): Promise<M> {
  const { sealed, text } = sealManifest<M>(content);
  await writer.write(MANIFEST_FILE, [Buffer.from(text)]);
  return sealed;
}

/** A valid checkpoint of the same state under this path, if there is one. */
async function sameCheckpoint(
  path: string,
  stateHash: string,
): Promise<Saved<CheckpointManifest> | undefined> {
  const manifest = await verifyFolder(path).catch(() => undefined);
  if (manifest?.kind !== 'checkpoint' || manifest.stateHash !== stateHash) return undefined;
  return { path, manifest };
}

/** Checkpoints after this step are left alone: only damaged ones can be there, and they prove something. */
async function removeOldest(folder: string, step: number, options: SaveOptions): Promise<void> {
  const upToNow = (await listCheckpoints(folder)).filter((entry) => entry.step <= step);
  for (const { path } of upToNow.slice(Math.max(1, options.keep))) {
    await removeFolderAtomically(path, options.onStep);
  }
}

const stepName = (step: number) => `step-${String(step).padStart(8, '0')}`;

/** The checkpoints in a folder, newest first, unverified; none when the folder is absent. */
export async function listCheckpoints(folder: string): Promise<{ step: number; path: string }[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^step-\d{8,}$/.test(name))
    .map((name) => ({ step: Number(name.slice(5)), path: join(folder, name) }))
    .sort((a, b) => b.step - a.step);
}

/** A checkpoint that was passed over, and why. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/**
 * One checkpoint, every file checked against its manifest.
 * Throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH (another format version).
 */
export async function verifyCheckpoint(path: string): Promise<Saved<CheckpointManifest>> {
  const manifest = await verifyFolder(path);
  if (manifest.kind !== 'checkpoint') throw corrupt(path, `it is a ${manifest.kind}`);
  if (basename(path) !== stepName(manifest.globalStep) && /^step-\d+$/.test(basename(path))) {
    throw corrupt(path, `its manifest is of step ${manifest.globalStep}`);
  }
  return { path, manifest };
}

/**
 * The newest checkpoint that is valid, and the damaged ones before it with the reason of each.
 * Throws CHECKPOINT_NOT_FOUND when the folder has none, CHECKPOINT_CORRUPT when none is valid.
 */
export async function findNewestCheckpoint(
  folder: string,
): Promise<Saved<CheckpointManifest> & { readonly skipped: readonly Skipped[] }> {
  const skipped: Skipped[] = [];
  for (const { path } of await listCheckpoints(folder)) {
    try {
      return { ...(await verifyCheckpoint(path)), skipped };
    } catch (thrown) {
      const error = asLockstepError(thrown);
      if (error.code === 'CHECKPOINT_MISMATCH') throw error;
      skipped.push({ path, reason: error.message });
    }
  }
  throw noneLeft(folder, skipped);
}

function noneLeft(folder: string, skipped: readonly Skipped[]): LockstepError {
  if (skipped.length === 0) {
    return new LockstepError(
      'CHECKPOINT_NOT_FOUND',
      `"${folder}" holds no checkpoint.`,
      'The run ended before its first one: start it anew.',
    );
  }
  return new LockstepError(
    'CHECKPOINT_CORRUPT',
    [`None of the ${skipped.length} checkpoints in "${folder}" is valid.`]
      .concat(skipped.map(({ reason }) => reason))
      .join('\n'),
    'Restore one from a copy, or start the run anew.',
  );
}
