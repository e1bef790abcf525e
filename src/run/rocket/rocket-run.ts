/** The folder of a rocket's run. */
import { z } from 'zod';
import { floatTensor, type Tensor } from '../../checkpoint/safetensors.ts';
import { parseConfig, readConfigFile } from '../../config/load.ts';
import { type RocketConfig, rocketConfig } from '../../config/rocket-config.ts';
import { readTrainingData, type TrainingData } from '../../data/training-data.ts';
import type { RocketModel } from '../../rocket/model.ts';
import type { Transform, Variant } from '../../rocket/transform.ts';
import { matrix } from '../../solver/matrix.ts';
import {
  doubleTensor,
  integerTensor,
  readSealedManifest,
  SealedTensors,
  writeSealedRun,
} from '../fitted/sealed-run.ts';
import { type KeptData, runPaths } from '../folder.ts';

const KIND = 'rocket';

const facts = {
  /** Channels that the convolutions see. */
  channels: z.int().min(1),
  /** The chosen penalty of the head. */
  alpha: z.number().positive(),
  /** Scores times this are logits. */
  sharpness: z.number().min(0),
};

/** What a run's folder says of a rocket. */
export interface RocketRun {
  readonly config: RocketConfig;
  readonly data: TrainingData;
  readonly model: RocketModel;
  /** The file with its weights. */
  readonly source: string;
}

/**
 * Writes the folder of a run as a whole.
 * @returns SHA-256 of the weights
 * @throws LockstepError OUT_OF_RESOURCES, USAGE when it can't be written
 */
export async function writeRocketRun(
  path: string,
  { config, model, kept }: Omit<RocketRun, 'source' | 'data'> & { readonly kept: KeptData },
): Promise<string> {
  const { alpha, sharpness } = model.head;
  const { channels } = model.transform.parts[0]!;
  const said = { channels, alpha, sharpness };
  const tensors = tensorsOf(model);
  return await writeSealedRun(path, { kind: KIND, config, kept, facts: said, tensors });
}

/**
 * Reads the run of a rocket.
 * @throws LockstepError CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH for a folder of another version
 */
export async function readRocketRun(path: string): Promise<RocketRun> {
  const { channels, alpha, sharpness } = await readSealedManifest(path, KIND, facts);
  const config = readRocketConfig(path);
  const data = readTrainingData(path);
  const tensors = await SealedTensors.read(path, KIND);
  const model = modelOf(tensors, {
    ...{ channels, alpha, sharpness },
  });
  return { config, data, model, source: tensors.source };
}

/** @throws LockstepError CONFIG_INVALID */
export function readRocketConfig(path: string): RocketConfig {
  const file = runPaths(path).config;
  return parseConfig(rocketConfig, readConfigFile(file), file);
}

/** What the tensors of a transform's parts begin with. */
const PART_NAMES: Readonly<Record<Variant, readonly string[]>> = {
  mini: ['transform'],
  multi: ['transform', 'differences'],
};

function tensorsOf({ transform, head }: RocketModel): Tensor[] {
  const { rows, columns, values } = head.weights;
  const names = PART_NAMES[transform.variant];
  return [
    ...transform.parts.flatMap((part, at) => partTensors(names[at]!, part)),
    doubleTensor('head.weight', [rows, columns], values),
    doubleTensor('head.bias', [rows], head.intercepts),
  ];
}

function partTensors(part: string, transform: Transform): Tensor[] {
  return [
    integerTensor(`${part}.dilations`, transform.dilations),
    integerTensor(`${part}.features`, transform.features),
    integerTensor(`${part}.channel_counts`, transform.channelCounts),
    integerTensor(`${part}.channel_indices`, transform.channelIndices),
    floatTensor(`${part}.biases`, [transform.biases.length], transform.biases),
  ];
}

interface KeptFacts extends Pick<RocketModel['head'], 'alpha' | 'sharpness'> {
  readonly channels: number;
}

function modelOf(tensors: SealedTensors, { channels, alpha, sharpness }: KeptFacts): RocketModel {
  const intercepts = tensors.doubles('head.bias');
  const weights = tensors.doubles('head.weight');
  const columns = weights.length / intercepts.length;
  const variant = tensors.has(`${PART_NAMES.multi[1]}.biases`) ? 'multi' : 'mini';
  const parts = PART_NAMES[variant].map((part) => ({
    channels,
    dilations: tensors.integers(`${part}.dilations`),
    features: tensors.integers(`${part}.features`),
    channelCounts: tensors.integers(`${part}.channel_counts`),
    channelIndices: tensors.integers(`${part}.channel_indices`),
    biases: tensors.floats(`${part}.biases`),
  }));
  return {
    transform: { variant, parts },
    head: { weights: matrix(intercepts.length, columns, weights), intercepts, alpha, sharpness },
  };
}
