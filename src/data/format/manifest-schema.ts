/** Reads and checks `manifest.json`. Everything else sees it typed. */

import { existsSync } from 'node:fs';
import { join, parse } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../core/canonical-json.ts';
import { LockstepError } from '../../core/errors.ts';
import { sha256 as sha256Of } from '../../core/hash.ts';
import { parseJson } from '../../core/json.ts';
import { likelyImportOptions } from '../../core/likely-import.ts';
import { PLAIN_FILE_NAME } from '../../core/plain-file-name.ts';
import { commandLine } from '../../core/program-name.ts';
import { readBytes } from '../../core/read-file.ts';
import { compareUtf8 } from './byte-order.ts';
import { MANIFEST_FILE, SINGLE_SHARD, VERSION_FOLDER } from './file-names.ts';
import type { StoreManifest } from './store.ts';

const FORMAT_VERSIONS: readonly unknown[] = [1, 2];
/** The advice for a store that this version cannot use. */
const IMPORT_AGAIN = 'Import the data again.';

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const moments = z.object({ mean: z.number(), deviation: z.number() });
const channelStatistics = z.object({
  ...moments.shape,
  median: z.number(),
  quartileRange: z.number(),
  level: moments,
  logDeviation: moments,
  minimum: z.number(),
  maximum: z.number(),
  missing: count,
});
const splitCounts = z.object({ sequences: count, tokens: count, perClass: z.array(count) });

const numberFacts = z.object({
  name: z.string(),
  mean: z.number(),
  deviation: z.number().min(0),
});
const dataTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['none', 'class', 'classes', 'timestep-class']) }),
  z.object({ kind: z.literal('numbers'), numbers: z.array(numberFacts).min(1) }),
]);

const file = z.object({ sizeBytes: count, sha256 });
const fileName = z.string().regex(PLAIN_FILE_NAME);
const shard = z.object({ file: fileName, start: count, end: z.int().min(1) });

const currentManifest = z.object({
  formatVersion: z.literal([1, 2]),
  name: z.string(),
  valueType: z.enum(['uint8', 'uint16', 'float32']),
  channels: z.int().min(1),
  target: dataTarget,
  channelStatistics: z.array(channelStatistics).default([]),
  classes: z.array(z.string()),
  valueRange: z.object({ minimum: z.number(), maximum: z.number() }),
  symbolCounts: z.array(count),
  transitionCounts: z.array(count).default([]),
  meanValue: z.number(),
  sequences: z.int().min(1),
  tokens: z.int().min(1),
  length: z.object({ minimum: z.int().min(1), maximum: z.int().min(1) }),
  splits: z.object({ train: splitCounts, validation: splitCounts, test: splitCounts }),
  folder: z.union([z.literal('.'), z.string().regex(VERSION_FOLDER)]),
  shards: z.array(shard).min(1),
  files: z.record(fileName, file),
  checksums: file.optional(),
  contentHash: sha256,
  provenance: z.record(z.string(), z.unknown()),
});

/** The schema of `manifest.json`, in both formats. */
export const storeManifest: z.ZodType<StoreManifest> = z.preprocess(withShards, currentManifest);

/** A dataset of format 1 has one shard, beside its manifest. */
function withShards(json: unknown): unknown {
  const { formatVersion, sequences, classes } = (json ?? {}) as Partial<StoreManifest>;
  if (formatVersion !== 1) return json;
  return {
    channels: 1,
    target: { kind: Array.isArray(classes) && classes.length > 0 ? 'class' : 'none' },
    folder: '.',
    shards: [{ file: SINGLE_SHARD, start: 0, end: sequences }],
    ...(json as object),
  };
}

/** The bytes of `manifest.json`: the manifest, and the hash of all that it says. */
export function encodeManifest(manifest: StoreManifest): Uint8Array {
  const whole = { ...manifest, manifestHash: hashOf(manifest) };
  return Buffer.from(`${JSON.stringify(whole, null, 2)}\n`);
}

/** Statistics scale what a model sees, and no other hash covers them. */
const hashOf = (manifest: object): string => sha256Of(canonicalJson(manifest));

/** STORE_CORRUPT; `what` completes "Dataset PATH is damaged: …". */
export function storeCorrupt(path: string, what: string, cause?: unknown): LockstepError {
  const message = `Dataset "${path}" is damaged: ${what}.`;
  return new LockstepError('STORE_CORRUPT', message, IMPORT_AGAIN, { cause });
}

/**
 * Reads the manifest of the store at `path`.
 * @throws LockstepError DATA_NOT_FOUND when `path` has no store; STORE_CORRUPT when its manifest is unusable
 */
export async function readManifest(path: string): Promise<StoreManifest> {
  const json = jsonOf(path, await readText(path));
  const version = (json as { formatVersion?: unknown } | null)?.formatVersion;
  if (!FORMAT_VERSIONS.includes(version)) {
    throw new LockstepError(
      'STORE_CORRUPT',
      `Cannot open dataset "${path}": its format version is ${JSON.stringify(version)}, this program reads ${FORMAT_VERSIONS.join(' and ')}.`,
      'Import the data again with this version of Lockstep.',
    );
  }
  const parsed = storeManifest.safeParse(json);
  if (parsed.success) {
    refuseChanged(path, json as object, parsed.data);
    return parsed.data;
  }
  const issue = parsed.error.issues[0]!;
  throw storeCorrupt(path, `${MANIFEST_FILE}: ${issue.path.join('.') || 'root'}: ${issue.message}`);
}

/** Datasets of older versions have no `manifestHash`. */
function refuseChanged(path: string, json: object, { files, contentHash }: StoreManifest): void {
  const { manifestHash, ...rest } = json as { manifestHash?: unknown };
  if (manifestHash !== undefined && manifestHash !== hashOf(rest)) {
    throw storeCorrupt(path, `${MANIFEST_FILE} has changed since it was written`);
  }
  const found = contentHashOf(files);
  if (found === contentHash) return;
  const what = `its files have the content hash ${found}, its manifest says ${contentHash}`;
  throw storeCorrupt(path, what);
}

/** SHA-256 over the files' names and hashes, in the order of their names. */
export function contentHashOf(files: StoreManifest['files']): string {
  const names = Object.keys(files).sort(compareUtf8);
  return sha256Of(names.map((name) => `${name} ${files[name]!.sha256}\n`).join(''));
}

async function readText(path: string): Promise<string> {
  try {
    return (await readBytes(join(path, MANIFEST_FILE))).toString('utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') throw fileInstead(path, error);
    if (code !== 'ENOENT') throw error;
    const missing = existsSync(path)
      ? `there is no ${MANIFEST_FILE} in it`
      : 'there is no such folder';
    throw new LockstepError(
      'DATA_NOT_FOUND',
      `Cannot open dataset "${path}": ${missing}.`,
      `Check the path, or make the dataset: "${commandLine('data', 'import', '--help')}".`,
      { cause: error },
    );
  }
}

function fileInstead(path: string, cause: unknown): LockstepError {
  const folder = join('data', parse(path).name);
  return new LockstepError(
    'DATA_NOT_FOUND',
    `Cannot open dataset "${path}": it is a file.`,
    `Make a dataset of it, and use that: "${commandLine('data', 'import', path, folder, ...likelyImportOptions(path))}".`,
    { cause },
  );
}

function jsonOf(path: string, text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw storeCorrupt(path, `${MANIFEST_FILE} is not JSON (${(error as Error).message})`, error);
  }
}
