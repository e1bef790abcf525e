/** What a run was trained on: its folder and its checkpoints keep it, so nothing about a model is read from a dataset. */
import { join } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { readTextSync } from '../core/read-file.ts';
import { systemErrorCode } from '../core/system-error.ts';
import { storeManifest } from './format/manifest-schema.ts';
import type { StoreManifest } from './format/store.ts';

const FORMAT_VERSION = 1;
export const TRAINING_DATA_FILE = 'data.json';

export interface TrainingData {
  /** The dataset's manifest: class names, value range, symbols, rules of the import, content hash. */
  readonly manifest: StoreManifest;
  /** How often sequences of each class appear in an epoch, for each phase of the run. */
  readonly classCounts: readonly (readonly number[])[];
  /** Sequences with a target, for each phase of the run. */
  readonly labelledSequences: readonly number[];
}

const count = z.int().min(0);
const schema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  manifest: storeManifest,
  classCounts: z.array(z.array(count)),
  labelledSequences: z.array(count),
});

/** The contents of `data.json`. */
export function encodeTrainingData(data: TrainingData): string {
  return `${JSON.stringify({ formatVersion: FORMAT_VERSION, ...data })}\n`;
}

/**
 * Reads `data.json` of a run, a checkpoint or a phase's result.
 * @throws LockstepError CHECKPOINT_MISMATCH for a folder of an older version, CHECKPOINT_CORRUPT
 */
export function readTrainingData(folder: string): TrainingData {
  const text = readText(folder);
  try {
    const { formatVersion: _, ...data } = schema.parse(parseJson(text));
    return data;
  } catch (thrown) {
    throw new LockstepError(
      'CHECKPOINT_CORRUPT',
      `"${join(folder, TRAINING_DATA_FILE)}" is damaged: it does not say what the model was trained on.`,
      'Restore the file from a copy.',
      { cause: thrown },
    );
  }
}

function readText(folder: string): string {
  try {
    return readTextSync(join(folder, TRAINING_DATA_FILE));
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'ENOENT') throw thrown;
    throw new LockstepError(
      'CHECKPOINT_MISMATCH',
      `"${folder}" does not say what its model was trained on: it has no ${TRAINING_DATA_FILE}, as an older version of Lockstep made it.`,
      'Use the version that made it, or train the run anew with this one.',
      { cause: thrown },
    );
  }
}
