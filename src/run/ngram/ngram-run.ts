/** The folder of a run of n-grams. */
import { z } from 'zod';
import { floatTensor } from '../../checkpoint/safetensors.ts';
import { parseConfig, readConfigFile } from '../../config/load.ts';
import { type NgramConfig, ngramConfig } from '../../config/ngram-config.ts';
import { readTrainingData, type TrainingData } from '../../data/training-data.ts';
import type { NgramChoice } from '../../ngram/fit.ts';
import type { NgramModel } from '../../ngram/model.ts';
import { matrix } from '../../solver/matrix.ts';
import {
  doubleTensor,
  readSealedManifest,
  SealedTensors,
  writeSealedRun,
} from '../fitted/sealed-run.ts';
import { type KeptData, runPaths } from '../folder.ts';

const KIND = 'ngram';

const facts = {
  /** What is counted. */
  features: z.strictObject({
    symbols: z.int().min(1),
    orders: z.array(z.int().min(1)),
    gaps: z.array(z.int().min(1)),
    buckets: z.int().min(1),
  }),
  /** Scores times this are logits. */
  sharpness: z.number().min(0),
};

/** What a run's folder says of a model of n-grams. */
export interface NgramRun {
  readonly config: NgramConfig;
  readonly data: TrainingData;
  readonly model: NgramModel;
  /** The file with its weights. */
  readonly source: string;
}

/** What is written. */
export interface NewNgramRun {
  readonly config: NgramConfig;
  readonly kept: KeptData;
  readonly model: NgramModel;
  readonly choices: readonly NgramChoice[];
}

/**
 * Writes the folder of a run as a whole.
 * @returns SHA-256 of the weights
 * @throws LockstepError OUT_OF_RESOURCES, USAGE when it can't be written
 */
export async function writeNgramRun(
  path: string,
  { config, kept, model, choices }: NewNgramRun,
): Promise<string> {
  const { features, sharpness, importance, weights, intercepts } = model;
  const tensors = [
    floatTensor('importance', [importance.length], importance),
    doubleTensor('head.weight', [weights.rows, weights.columns], weights.values),
    doubleTensor('head.bias', [weights.rows], intercepts),
  ];
  // Where they are undefined, JSON has no place for them.
  const chosen = choices.map(({ directions = null, ...one }) => ({ ...one, directions }));
  const said = { features, sharpness, choices: chosen };
  return await writeSealedRun(path, { kind: KIND, config, kept, facts: said, tensors });
}

/**
 * Reads the run of a model of n-grams.
 * @throws LockstepError CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH for a folder of another version
 */
export async function readNgramRun(path: string): Promise<NgramRun> {
  const { features, sharpness } = await readSealedManifest(path, KIND, facts);
  const file = runPaths(path).config;
  const config = parseConfig(ngramConfig, readConfigFile(file), file);
  const tensors = await SealedTensors.read(path, KIND);
  const intercepts = tensors.doubles('head.bias');
  const values = tensors.doubles('head.weight');
  const weights = matrix(intercepts.length, values.length / intercepts.length, values);
  const importance = tensors.floats('importance');
  const model = { features, sharpness, importance, weights, intercepts };
  return { config, data: readTrainingData(path), model, source: tensors.source };
}
