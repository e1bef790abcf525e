/** The folder of a model that was fitted at once: complete or not there, with a manifest that vouches for every file. */
import { basename, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { corrupt } from '../../checkpoint/manifest.ts';
import {
  encodeSafetensors,
  readSafetensors,
  type SafetensorsContent,
  type Tensor,
} from '../../checkpoint/safetensors.ts';
import {
  type FolderWriter,
  tidyAfterCrash,
  writeFolderAtomically,
} from '../../core/atomic-folder.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { LockstepError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { parseJson } from '../../core/json.ts';
import { PLAIN_FILE_NAME } from '../../core/plain-file-name.ts';
import { readBytes } from '../../core/read-file.ts';
import { realPath } from '../../core/real-path.ts';
import { LOCKSTEP_VERSION } from '../../core/version.ts';
import { encodeDigests } from '../../data/sequence-digests.ts';
import { encodeTrainingData } from '../../data/training-data.ts';
import type { KeptData } from '../folder.ts';
import { type FittedKind, weightsFile } from './kinds.ts';

const FORMAT_VERSION = 1;
const MANIFEST_FILE = 'manifest.json';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const fileRecords = z.record(
  z.string().regex(PLAIN_FILE_NAME),
  z.strictObject({ sizeBytes: z.int().min(0), sha256: hash }),
);

const common = {
  formatVersion: z.literal(FORMAT_VERSION),
  lockstepVersion: z.string(),
  /** When it was written, ISO 8601; for people only. */
  createdAt: z.string(),
  run: z.string(),
  config: z.record(z.string(), z.unknown()),
  configHash: hash,
  /** Content hash of the dataset. */
  dataHash: hash,
  /** SHA-256 of the weights' file. */
  stateHash: hash,
  /** Size and SHA-256 of every other file of the folder. */
  files: fileRecords,
  /** SHA-256 of this manifest as canonical JSON without this field. */
  manifestHash: hash,
};

/** A fitted model as files. */
export interface SealedRun {
  readonly kind: FittedKind;
  readonly config: { readonly name: string };
  readonly kept: KeptData;
  /** What the manifest says beside the weights. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly tensors: readonly Tensor[];
}

/**
 * Writes the folder of a run as a whole, in the place of the one that was claimed for it: nobody else can take the
 * folder meanwhile, and a link to it stays one.
 * @returns SHA-256 of the weights
 * @throws LockstepError OUT_OF_RESOURCES, USAGE when it can't be written
 */
export async function writeSealedRun(path: string, run: SealedRun): Promise<string> {
  const target = realPath(path);
  await tidyAfterCrash(dirname(target), basename(target));
  return await writeFolderAtomically(target, (writer) => fill(writer, run), { replace: true });
}

async function fill(
  writer: FolderWriter,
  { kind, config, kept, facts, tensors }: SealedRun,
): Promise<string> {
  const text = (content: string) => [Buffer.from(content)];
  const weights = weightsFile(kind);
  const contents: readonly (readonly [string, Uint8Array[]])[] = [
    ['config.yaml', text(configText(kind, config))],
    ['data.json', text(encodeTrainingData(kept.data))],
    ['training-sequences.bin', [encodeDigests(kept.digests)]],
    [weights, encodeSafetensors(tensors, { format: `lockstep-${kind}` })],
  ];
  const files: z.output<typeof fileRecords> = {};
  for (const [name, chunks] of contents) files[name] = await writer.write(name, chunks);
  const stateHash = files[weights]!.sha256;
  const body = {
    formatVersion: FORMAT_VERSION,
    kind,
    lockstepVersion: LOCKSTEP_VERSION,
    createdAt: new Date().toISOString(),
    run: config.name,
    config,
    configHash: sha256(canonicalJson(config)),
    dataHash: kept.data.manifest.contentHash,
    stateHash,
    ...facts,
    files,
  };
  const sealed = { ...body, manifestHash: sha256(canonicalJson(body)) };
  await writer.write(MANIFEST_FILE, text(`${JSON.stringify(sealed, null, 2)}\n`));
  return stateHash;
}

function configText(kind: FittedKind, config: SealedRun['config']): string {
  const header = `# The resolved configuration of the ${kind} "${config.name}": every default is filled in.\n`;
  return `${header}${stringify(config, { lineWidth: 100 })}`;
}

/**
 * Reads the manifest of a run and checks every file against it.
 * @param facts schemas of what it says beside the weights
 * @throws LockstepError CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH for a folder of another version
 */
export async function readSealedManifest<Facts extends z.ZodRawShape>(
  path: string,
  kind: FittedKind,
  facts: Facts,
): Promise<z.output<z.ZodObject<Facts>>> {
  const text = await readBytes(join(path, MANIFEST_FILE)).catch((thrown: unknown) => {
    throw corrupt(path, `${MANIFEST_FILE} cannot be read`, thrown);
  });
  const { manifestHash, ...body } = parseObject(path, text.toString('utf8'));
  if (typeof body.formatVersion === 'number' && body.formatVersion !== FORMAT_VERSION) {
    throw new LockstepError(
      'CHECKPOINT_MISMATCH',
      `"${path}" has format version ${body.formatVersion}; this Lockstep reads version ${FORMAT_VERSION}.`,
      'Use the version of Lockstep that wrote it.',
    );
  }
  const sealed = z
    .object({ ...common, kind: z.literal(kind) })
    .safeParse({ ...body, manifestHash });
  const own = z.object(facts).safeParse(body);
  if (!sealed.success || !own.success || manifestHash !== sha256(canonicalJson(body))) {
    throw corrupt(path, `${MANIFEST_FILE} is not what was written`, sealed.error ?? own.error);
  }
  await checkFiles(path, sealed.data.files);
  return own.data;
}

async function checkFiles(path: string, files: z.output<typeof fileRecords>): Promise<void> {
  for (const [name, expected] of Object.entries(files)) {
    const bytes = await readBytes(join(path, name)).catch((thrown: unknown) => {
      throw corrupt(path, `${name} cannot be read`, thrown);
    });
    if (sha256(bytes) !== expected.sha256) throw corrupt(path, `the hash of ${name} differs`);
  }
}

function parseObject(path: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(parseJson(text));
  } catch (thrown) {
    throw corrupt(path, `${MANIFEST_FILE} is not a JSON object`, thrown);
  }
}

/** The tensors of a fitted model, each copied into memory of its own. */
export class SealedTensors {
  readonly source: string;
  readonly #content: SafetensorsContent;

  private constructor(source: string, content: SafetensorsContent) {
    this.source = source;
    this.#content = content;
  }

  /** @throws LockstepError CHECKPOINT_CORRUPT */
  static async read(path: string, kind: FittedKind): Promise<SealedTensors> {
    const source = join(path, weightsFile(kind));
    return new SealedTensors(source, await readSafetensors(source));
  }

  has(name: string): boolean {
    return this.#content.tensors.has(name);
  }

  integers(name: string): Int32Array {
    return new Int32Array(this.#bytes(name, 'I32'));
  }

  floats(name: string): Float32Array {
    return new Float32Array(this.#bytes(name, 'F32'));
  }

  doubles(name: string): Float64Array {
    return new Float64Array(this.#bytes(name, 'F64'));
  }

  #bytes(name: string, dtype: Tensor['dtype']): ArrayBuffer {
    const tensor = this.#content.tensors.get(name);
    if (tensor?.dtype === dtype) return Uint8Array.from(tensor.bytes).buffer;
    throw corrupt(this.source, `it has no tensor ${name} of ${dtype}`);
  }
}

export function integerTensor(name: string, values: Int32Array): Tensor {
  return { name, dtype: 'I32', shape: [values.length], bytes: bytesOf(values) };
}

export function doubleTensor(name: string, shape: readonly number[], values: Float64Array): Tensor {
  return { name, dtype: 'F64', shape, bytes: bytesOf(values) };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
