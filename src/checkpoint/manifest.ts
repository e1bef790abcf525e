/**
 * The manifest of a checkpoint or of a phase's result: what the weights beside it are, and the hash of
 * every file. It is written last and carries its own hash, so a folder with a valid one is whole.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { extensionRecord } from '../config/extension-record.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { LockstepError } from '../core/errors.ts';
import { sha256, sha256OfFile } from '../core/hash.ts';
import { parseJson } from '../core/json.ts';
import { PLAIN_FILE_NAME } from '../core/plain-file-name.ts';
import { readBytes } from '../core/read-file.ts';
import { metric, progressDescription, stopped } from './progress-codec.ts';

const FORMAT_VERSION = 3;
export const MANIFEST_FILE = 'manifest.json';
export const MODEL_FILE = 'model.safetensors';

/** The file that holds a part of a progress, see progress-codec.ts. */
export const fileOfPart = (part: string): string => `${part}.safetensors`;

const count = z.int().min(0);
const fileName = z.string().regex(PLAIN_FILE_NAME);
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const fingerprint = z.strictObject({
  engine: z.string(),
  engineVersion: z.string(),
  device: z.enum(['cpu', 'cuda']),
  instructionSet: z.string(),
  formulations: z.string(),
  threadsPerWorker: count,
  precision: z.enum(['float32', 'tf32']),
  numerics: z.enum(['strict', 'fast']),
  node: z.string(),
});

const common = {
  formatVersion: z.literal(FORMAT_VERSION),
  lockstepVersion: z.string(),
  /** When it was written, ISO 8601; for people only. */
  createdAt: z.string(),
  run: z.string(),
  /** Global steps done since the run began. */
  globalStep: count,
  phase: z.strictObject({
    index: count,
    name: z.string(),
    /** Steps of the phase done. */
    stepInPhase: count,
  }),
  fingerprint,
  /** The run's resolved configuration, and its hash. */
  config: z.record(z.string(), z.unknown()),
  configHash: hash,
  /** Modules of the user's own that define what the configuration names. */
  extensions: z.array(extensionRecord).default([]),
  /** Content hash of the dataset. */
  dataHash: hash,
  /** SHA-256 over parameters, statistics and moments in flat order. */
  stateHash: hash,
  /** Size and SHA-256 of every other file of the folder. */
  files: z.record(fileName, z.strictObject({ sizeBytes: count, sha256: hash })),
  /** SHA-256 of this manifest as canonical JSON without this field. */
  manifestHash: hash,
};

const checkpoint = z.strictObject({
  kind: z.literal('checkpoint'),
  ...common,
  /** What the other files hold, see progress-codec.ts. */
  ...progressDescription.shape,
});

const phaseResult = z.strictObject({
  kind: z.literal('phase-result'),
  ...common,
  /** Which weights of the phase these are. */
  kept: z.enum(['best', 'last']),
  metric: metric.nullable(),
  /** Where and why the phase stopped before its duration was over; null when it did not. */
  stopped: stopped.nullable().default(null),
});

const manifest = z.discriminatedUnion('kind', [checkpoint, phaseResult]);

export type CheckpointManifest = Readonly<z.output<typeof checkpoint>>;
export type PhaseResultManifest = Readonly<z.output<typeof phaseResult>>;
export type Manifest = CheckpointManifest | PhaseResultManifest;

/** A manifest before it is sealed: everything but what `sealManifest` adds. */
export type Unsealed<M extends Manifest> = Omit<M, 'formatVersion' | 'manifestHash'>;

/** The manifest's text, checked against its schema, with its own hash. */
export function sealManifest<M extends Manifest>(
  content: Unsealed<M>,
): { sealed: M; text: string } {
  const body = JSON.parse(JSON.stringify({ formatVersion: FORMAT_VERSION, ...content })) as object;
  const sealed = manifest.parse({ ...body, manifestHash: sha256(canonicalJson(body)) }) as M;
  return { sealed, text: `${JSON.stringify(sealed, null, 2)}\n` };
}

/**
 * Reads the manifest of a folder and checks it against its own hash.
 * Throws CHECKPOINT_NOT_FOUND without one, CHECKPOINT_CORRUPT, and CHECKPOINT_MISMATCH for a format
 * version that this Lockstep doesn't know.
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const bytes = await readBytes(join(folder, MANIFEST_FILE)).catch((thrown: unknown) => {
    throw new LockstepError(
      'CHECKPOINT_NOT_FOUND',
      `"${folder}" has no readable ${MANIFEST_FILE}, so it is no checkpoint.`,
      'Give the path of a folder that holds one.',
      { cause: thrown },
    );
  });
  const { manifestHash, ...body } = parseObject(bytes.toString('utf8'), folder);
  checkVersion(body.formatVersion, folder);
  if (manifestHash !== sha256(canonicalJson(body))) {
    throw corrupt(folder, `${MANIFEST_FILE} does not match its own hash`);
  }
  const result = manifest.safeParse({ ...body, manifestHash });
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw corrupt(folder, `${MANIFEST_FILE} is wrong at ${path.join('.')}: ${message}`);
}

function parseObject(text: string, folder: string): Record<string, unknown> {
  try {
    const value = parseJson(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the one refusal below: the text is no JSON object either way.
  }
  throw corrupt(folder, `${MANIFEST_FILE} is not a JSON object`);
}

function checkVersion(version: unknown, folder: string): void {
  if (typeof version !== 'number' || version === FORMAT_VERSION) return;
  throw new LockstepError(
    'CHECKPOINT_MISMATCH',
    `"${folder}" has format version ${version}; this Lockstep reads version ${FORMAT_VERSION}.`,
    'Use the version of Lockstep that wrote it.',
  );
}

/**
 * Reads the manifest and every file of the folder against it.
 * Throws as `readManifest` does; CHECKPOINT_CORRUPT names the first file that is absent or differs.
 */
export async function verifyFolder(folder: string): Promise<Manifest> {
  const found = await readManifest(folder);
  for (const [name, expected] of Object.entries(found.files)) {
    const actual = await sha256OfFile(join(folder, name)).catch((thrown: unknown) => {
      throw corrupt(folder, `${name} cannot be read`, thrown);
    });
    if (actual.sizeBytes !== expected.sizeBytes) {
      const sizes = `${actual.sizeBytes} bytes instead of ${expected.sizeBytes}`;
      throw corrupt(folder, `${name} has ${sizes}`);
    }
    if (actual.sha256 !== expected.sha256) throw corrupt(folder, `the hash of ${name} differs`);
  }
  return found;
}

/** The error of a folder whose content isn't what was written. */
export function corrupt(folder: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError(
    'CHECKPOINT_CORRUPT',
    `"${folder}" is damaged: ${reason}.`,
    'Use an earlier checkpoint or another copy.',
    { cause },
  );
}
