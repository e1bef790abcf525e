/**
 * The header of a safetensors file: a JSON object of tensors by name behind its length (u64, little-endian).
 * Reading trusts nothing: every refusal names the rule that was broken.
 * Format: https://github.com/huggingface/safetensors (README, "Format").
 */
import { z } from 'zod';

/** Bytes of one element, in the order of the reference implementation's `Dtype` (it sorts by this). */
const BYTES_OF = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type Dtype = keyof typeof BYTES_OF;

export const DTYPES = Object.keys(BYTES_OF) as readonly Dtype[];

export interface TensorSpec {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Where a tensor lies: bytes `[begin, end)` of the data behind the header. */
export interface TensorRange extends TensorSpec {
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their data. */
  readonly tensors: readonly TensorRange[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Why a file isn't a safetensors file; the caller, who knows its path, makes a LockstepError of it. */
export class SafetensorsError extends Error {}

export const LENGTH_BYTES = 8;

/** The reference implementation's bound. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_DEPTH = 3;
const MAX_DIMENSIONS = 64;

/** Bytes of a tensor. Throws SafetensorsError when they can't be counted exactly. */
export function tensorBytes(spec: TensorSpec): number {
  const elements = spec.shape.reduce((product, size) => product * size, 1);
  const bytes = elements * BYTES_OF[spec.dtype];
  if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(bytes)) {
    throw new SafetensorsError(
      `tensor ${quote(spec.name)} has the impossible shape [${spec.shape}]`,
    );
  }
  return bytes;
}

/**
 * Orders tensors as the reference implementation does (widest dtype first, then by the bytes of the
 * name), gives each its range, and writes length and header, padded with spaces to 8 bytes.
 */
export function encodeHeader(
  specs: readonly TensorSpec[],
  metadata: Readonly<Record<string, string>> = {},
): { bytes: Uint8Array; tensors: TensorRange[] } {
  const tensors = locateTensors(specs);
  const members = tensors.map(({ name, dtype, shape, begin, end }) =>
    member(name, { dtype, shape, data_offsets: [begin, end] }),
  );
  if (Object.keys(metadata).length > 0) members.unshift(member('__metadata__', metadata));
  const json = Buffer.from(`{${members.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(LENGTH_BYTES + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length));
  json.copy(bytes, LENGTH_BYTES);
  return { bytes, tensors };
}

/** Written member by member: a JS object would put a tensor named "0" first. */
const member = (name: string, value: unknown) => `${JSON.stringify(name)}:${JSON.stringify(value)}`;

function locateTensors(specs: readonly TensorSpec[]): TensorRange[] {
  const sorted = [...specs].sort(
    (a, b) =>
      DTYPES.indexOf(b.dtype) - DTYPES.indexOf(a.dtype) ||
      Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
  let end = 0;
  return sorted.map((spec, index) => {
    if (spec.name === '__metadata__' || spec.name === sorted[index + 1]?.name) {
      throw new SafetensorsError(`the name ${quote(spec.name)} is used twice or reserved`);
    }
    const begin = end;
    end += tensorBytes(spec);
    return { ...spec, begin, end };
  });
}

/**
 * The header's length, from the first 8 bytes of a file of `fileBytes` bytes.
 * Throws SafetensorsError unless the file is long enough to hold it.
 */
export function headerLength(firstBytes: Uint8Array, fileBytes: number): number {
  if (firstBytes.length < LENGTH_BYTES || fileBytes < LENGTH_BYTES) {
    throw new SafetensorsError(`it has ${fileBytes} bytes, fewer than the 8 of a header's length`);
  }
  const length = new DataView(firstBytes.buffer, firstBytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new SafetensorsError(`its header claims ${length} bytes, at most 100000000 are allowed`);
  }
  if (length > fileBytes - LENGTH_BYTES) {
    throw new SafetensorsError(`its header claims ${length} bytes, the file has ${fileBytes}`);
  }
  return Number(length);
}

const tensorEntry = z.strictObject({
  dtype: z.enum(DTYPES as [Dtype, ...Dtype[]]),
  shape: z.array(z.int().min(0)).max(MAX_DIMENSIONS),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const metadataEntry = z.record(z.string(), z.string());

/**
 * Reads the JSON behind the length. `dataBytes` is the size of what follows it in the file: tensors must
 * fill exactly that, without overlap and without holes.
 */
export function decodeHeader(json: Uint8Array, dataBytes: number): Header {
  let metadata: Readonly<Record<string, string>> = {};
  const tensors: TensorRange[] = [];
  for (const [name, value] of parseMembers(json)) {
    if (name === '__metadata__') metadata = checkedEntry(metadataEntry, name, value);
    else tensors.push(rangeOf(name, value));
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(tensors, dataBytes);
  return { tensors, metadata };
}

function rangeOf(name: string, value: unknown): TensorRange {
  const { dtype, shape, data_offsets: offsets } = checkedEntry(tensorEntry, name, value);
  const [begin, end] = offsets;
  const range = { name, dtype, shape, begin, end };
  const bytes = tensorBytes(range);
  if (end - begin !== bytes) {
    throw new SafetensorsError(
      `tensor ${quote(name)} (${dtype} [${shape}]) needs ${bytes} bytes, its offsets give ${end - begin}`,
    );
  }
  return range;
}

function checkedEntry<T>(schema: z.ZodType<T>, name: string, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const keyPath = [quote(name), ...path.map(String)].join('.');
  throw new SafetensorsError(`its header has a wrong entry at ${keyPath}: ${message}`);
}

function checkCoverage(tensors: readonly TensorRange[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== covered) {
      throw new SafetensorsError(
        `tensor ${quote(name)} begins at byte ${begin} of the data, the one before ends at ${covered}`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new SafetensorsError(`its tensors take ${covered} bytes, the file holds ${dataBytes}`);
  }
}

function parseMembers(json: Uint8Array): [string, unknown][] {
  if (json[0] !== 0x7b) throw new SafetensorsError('its header does not begin with "{"');
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    checkStructure(text);
    return Object.entries(JSON.parse(text) as object);
  } catch (thrown) {
    if (thrown instanceof SafetensorsError) throw thrown;
    throw new SafetensorsError('its header is not valid JSON in UTF-8', { cause: thrown });
  }
}

/** What JSON.parse lets pass: nesting deeper than a header's, and keys that occur twice. */
function checkStructure(text: string): void {
  const keys: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      const end = endOfString(text, i);
      if (isFollowedByColon(text, end)) addKey(keys.at(-1), text.slice(i, end));
      i = end - 1;
    } else if (character === '{' || character === '[') {
      if (keys.push(new Set()) > MAX_DEPTH) {
        throw new SafetensorsError(`its header is nested deeper than ${MAX_DEPTH} levels`);
      }
    } else if (character === '}' || character === ']') keys.pop();
  }
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  throw new SafetensorsError('its header has a text without an end');
}

function isFollowedByColon(text: string, start: number): boolean {
  let i = start;
  while (i < text.length && ' \t\r\n'.includes(text[i]!)) i++;
  return text[i] === ':';
}

/** Compares what the key says, not how it is escaped. */
function addKey(keys: Set<string> | undefined, literal: string): void {
  const key = JSON.parse(literal) as string;
  if (keys?.has(key)) throw new SafetensorsError(`its header has the key ${quote(key)} twice`);
  keys?.add(key);
}

/** A name from a file, safe to print: quoted, escaped, and not endless. */
const quote = (name: string) => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
