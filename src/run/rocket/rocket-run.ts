/** The folder of a rocket's run: complete or not there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { corrupt } from '../../checkpoint/manifest.ts';
import {
  encodeSafetensors,
  floatTensor,
  readSafetensors,
  type SafetensorsContent,
  type Tensor,
} from '../../checkpoint/safetensors.ts';
import { parseConfig, readConfigFile } from '../../config/load.ts';
import { type RocketConfig, rocketConfig } from '../../config/rocket-config.ts';
import { writeFolderAtomically } from '../../core/atomic-folder.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { LockstepError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { LOCKSTEP_VERSION } from '../../core/version.ts';
import { encodeDigests } from '../../data/sequence-digests.ts';
import {
  encodeTrainingData,
  readTrainingData,
  type TrainingData,
} from '../../data/training-data.ts';
import type { RocketModel } from '../../rocket/model.ts';
import { matrix } from '../../solver/matrix.ts';
import { type KeptData, runPaths } from '../folder.ts';
import { ROCKET_FILE } from './rocket-files.ts';

const FORMAT_VERSION = 1;
const MANIFEST_FILE = 'manifest.json';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  kind: z.literal('rocket'),
  lockstepVersion: z.string(),
  /** When it was written, ISO 8601; for people only. */
  createdAt: z.string(),
  run: z.string(),
  config: z.record(z.string(), z.unknown()),
  configHash: hash,
  /** Content hash of the dataset. */
  dataHash: hash,
  /** SHA-256 of `rocket.safetensors`. */
  stateHash: hash,
  /** Channels that the convolutions see. */
  channels: z.int().min(1),
  /** The chosen penalty of the head. */
  alpha: z.number().positive(),
  /** Scores times this are logits. */
  sharpness: z.number().min(0),
  /** Size and SHA-256 of every other file of the folder. */
  files: z.record(z.string(), z.strictObject({ sizeBytes: z.int().min(0), sha256: hash })),
  /** SHA-256 of this manifest as canonical JSON without this field. */
  manifestHash: hash,
});

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
  return await writeFolderAtomically(path, async (writer) => {
    const text = (content: string) => [Buffer.from(content)];
    const contents: readonly (readonly [string, Uint8Array[]])[] = [
      ['config.yaml', text(configText(config))],
      ['data.json', text(encodeTrainingData(kept.data))],
      ['training-sequences.bin', [encodeDigests(kept.digests)]],
      [ROCKET_FILE, encodeSafetensors(tensorsOf(model), { format: 'lockstep-rocket' })],
    ];
    const files: z.output<typeof manifestSchema>['files'] = {};
    for (const [name, chunks] of contents) files[name] = await writer.write(name, chunks);
    const stateHash = files[ROCKET_FILE]!.sha256;
    const { transform, head } = model;
    const body = {
      formatVersion: FORMAT_VERSION,
      kind: 'rocket',
      lockstepVersion: LOCKSTEP_VERSION,
      createdAt: new Date().toISOString(),
      run: config.name,
      config,
      configHash: sha256(canonicalJson(config)),
      dataHash: kept.data.manifest.contentHash,
      stateHash,
      channels: transform.channels,
      alpha: head.alpha,
      sharpness: head.sharpness,
      files,
    };
    const sealed = { ...body, manifestHash: sha256(canonicalJson(body)) };
    await writer.write(MANIFEST_FILE, text(`${JSON.stringify(sealed, null, 2)}\n`));
    return stateHash;
  });
}

function configText(config: RocketConfig): string {
  const header = `# The resolved configuration of the rocket "${config.name}": every default is filled in.\n`;
  return `${header}${stringify(config, { lineWidth: 100 })}`;
}

/**
 * Reads the run of a rocket.
 * @throws LockstepError CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH for a folder of another version
 */
export async function readRocketRun(path: string): Promise<RocketRun> {
  const { channels, alpha, sharpness } = await readManifest(path);
  const config = readRocketConfig(path);
  const data = readTrainingData(path);
  const source = join(path, ROCKET_FILE);
  const model = modelOf(source, await readSafetensors(source), { channels, alpha, sharpness });
  return { config, data, model, source };
}

/** @throws LockstepError CONFIG_INVALID */
export function readRocketConfig(path: string): RocketConfig {
  const file = runPaths(path).config;
  return parseConfig(rocketConfig, readConfigFile(file), file);
}

async function readManifest(path: string): Promise<z.output<typeof manifestSchema>> {
  const text = await readFile(join(path, MANIFEST_FILE), 'utf8').catch((thrown: unknown) => {
    throw corrupt(path, `${MANIFEST_FILE} cannot be read`, thrown);
  });
  const { manifestHash, ...body } = parseObject(path, text);
  if (typeof body.formatVersion === 'number' && body.formatVersion !== FORMAT_VERSION) {
    throw new LockstepError(
      'CHECKPOINT_MISMATCH',
      `"${path}" has format version ${body.formatVersion}; this Lockstep reads version ${FORMAT_VERSION}.`,
      'Use the version of Lockstep that wrote it.',
    );
  }
  const result = manifestSchema.safeParse({ ...body, manifestHash });
  if (!result.success || manifestHash !== sha256(canonicalJson(body))) {
    throw corrupt(path, `${MANIFEST_FILE} is not what was written`, result.error);
  }
  for (const [name, expected] of Object.entries(result.data.files)) {
    const bytes = await readFile(join(path, name)).catch((thrown: unknown) => {
      throw corrupt(path, `${name} cannot be read`, thrown);
    });
    if (sha256(bytes) !== expected.sha256) throw corrupt(path, `the hash of ${name} differs`);
  }
  return result.data;
}

function parseObject(path: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (thrown) {
    throw corrupt(path, `${MANIFEST_FILE} is not a JSON object`, thrown);
  }
}

function tensorsOf({ transform, head }: RocketModel): Tensor[] {
  const integers = (name: string, values: Int32Array): Tensor => ({
    name,
    dtype: 'I32',
    shape: [values.length],
    bytes: bytesOf(values),
  });
  const { rows, columns, values } = head.weights;
  return [
    integers('transform.dilations', transform.dilations),
    integers('transform.features', transform.features),
    integers('transform.channel_counts', transform.channelCounts),
    integers('transform.channel_indices', transform.channelIndices),
    floatTensor('transform.biases', [transform.biases.length], transform.biases),
    { name: 'head.weight', dtype: 'F64', shape: [rows, columns], bytes: bytesOf(values) },
    { name: 'head.bias', dtype: 'F64', shape: [rows], bytes: bytesOf(head.intercepts) },
  ];
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function modelOf(
  source: string,
  { tensors }: SafetensorsContent,
  { channels, alpha, sharpness }: { channels: number; alpha: number; sharpness: number },
): RocketModel {
  const bytes = (name: string, dtype: Tensor['dtype']) => {
    const tensor = tensors.get(name);
    if (tensor?.dtype === dtype) return Uint8Array.from(tensor.bytes).buffer;
    throw corrupt(source, `it has no tensor ${name} of ${dtype}`);
  };
  const integers = (name: string) => new Int32Array(bytes(name, 'I32'));
  const numbers = (name: string) => new Float64Array(bytes(name, 'F64'));
  const intercepts = numbers('head.bias');
  const weights = numbers('head.weight');
  const columns = weights.length / intercepts.length;
  return {
    transform: {
      channels,
      dilations: integers('transform.dilations'),
      features: integers('transform.features'),
      channelCounts: integers('transform.channel_counts'),
      channelIndices: integers('transform.channel_indices'),
      biases: new Float32Array(bytes('transform.biases', 'F32')),
    },
    head: { weights: matrix(intercepts.length, columns, weights), intercepts, alpha, sharpness },
  };
}
