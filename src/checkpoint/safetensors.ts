/** Safetensors files: named tensors without code, as PyTorch's users load them. */
import { LockstepError } from '../core/errors.ts';
import { openFile } from '../core/read-file.ts';
import { systemErrorCode } from '../core/system-error.ts';
import {
  decodeHeader,
  encodeHeader,
  type Header,
  headerLength,
  LENGTH_BYTES,
  SafetensorsError,
  type TensorSpec,
  tensorBytes,
} from './safetensors-header.ts';

/** A tensor and its bytes: little-endian, row-major. */
export interface Tensor extends TensorSpec {
  readonly bytes: Uint8Array;
}

export interface SafetensorsContent {
  /** By name, in the order of their data. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A float32 tensor over the memory of `data` (no copy). */
export function floatTensor(name: string, shape: readonly number[], data: Float32Array): Tensor {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dtype: 'F32', shape, bytes };
}

/** The values of an F32 tensor, copied into memory that is aligned for them. */
export function floatsOf(tensor: Tensor): Float32Array {
  return new Float32Array(new Uint8Array(tensor.bytes).buffer);
}

/**
 * The file as chunks to write one after the other: header first, then each tensor's bytes, uncopied.
 * Throws SafetensorsError when a tensor's bytes don't fit its shape or a name is used twice.
 */
export function encodeSafetensors(
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  for (const tensor of tensors) {
    if (tensor.bytes.length === tensorBytes(tensor)) continue;
    throw new SafetensorsError(
      `tensor "${tensor.name}" needs ${tensorBytes(tensor)} bytes, it has ${tensor.bytes.length}`,
    );
  }
  const header = encodeHeader(tensors, metadata);
  const bytesOf = new Map(tensors.map(({ name, bytes }) => [name, bytes]));
  return [header.bytes, ...header.tensors.map(({ name }) => bytesOf.get(name)!)];
}

/**
 * Reads a whole file from memory; the tensors are views of it.
 * @param source what to call it in an error
 * Throws CHECKPOINT_CORRUPT when it breaks any rule of the format.
 */
export function decodeSafetensors(file: Uint8Array, source: string): SafetensorsContent {
  return refusingCorruption(source, () => {
    const length = headerLength(file.subarray(0, LENGTH_BYTES), file.length);
    const data = file.subarray(LENGTH_BYTES + length);
    const header = decodeHeader(file.subarray(LENGTH_BYTES, LENGTH_BYTES + length), data.length);
    return content(
      header,
      header.tensors.map(({ begin, end }) => data.subarray(begin, end)),
    );
  });
}

/**
 * Reads a file of any size, each tensor into its own memory; nothing is allocated that the file's real
 * size doesn't cover. Throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT.
 */
export async function readSafetensors(path: string): Promise<SafetensorsContent> {
  const file = await openFile(path).catch((thrown: unknown) => {
    throw notReadable(path, thrown);
  });
  try {
    const { size } = await file.stat();
    const read = (start: number, count: number) => readRange(file, start, count);
    const start = await read(0, Math.min(LENGTH_BYTES, size));
    const length = refusingCorruption(path, () => headerLength(start, size));
    const json = await read(LENGTH_BYTES, length);
    const dataStart = LENGTH_BYTES + length;
    const header = refusingCorruption(path, () => decodeHeader(json, size - dataStart));
    const bytes: Uint8Array[] = [];
    for (const { begin, end } of header.tensors)
      bytes.push(await read(dataStart + begin, end - begin));
    return content(header, bytes);
  } catch (thrown) {
    throw asCorruption(path, thrown);
  } finally {
    await file.close();
  }
}

function content(header: Header, bytes: readonly Uint8Array[]): SafetensorsContent {
  const tensors = new Map<string, Tensor>();
  header.tensors.forEach(({ name, dtype, shape }, index) => {
    tensors.set(name, { name, dtype, shape, bytes: bytes[index]! });
  });
  return { tensors, metadata: header.metadata };
}

type FileHandle = Awaited<ReturnType<typeof openFile>>;

async function readRange(file: FileHandle, start: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  let done = 0;
  while (done < count) {
    const length = Math.min(count - done, 1 << 28);
    const { bytesRead } = await file.read(bytes, done, length, start + done);
    if (bytesRead === 0) throw new SafetensorsError('it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

function refusingCorruption<T>(source: string, decode: () => T): T {
  try {
    return decode();
  } catch (thrown) {
    throw asCorruption(source, thrown);
  }
}

function asCorruption(source: string, thrown: unknown): unknown {
  if (!(thrown instanceof SafetensorsError)) return thrown;
  return new LockstepError(
    'CHECKPOINT_CORRUPT',
    `"${source}" is not a valid safetensors file: ${thrown.message}.`,
    'Use another copy or an earlier checkpoint.',
    { cause: thrown },
  );
}

function notReadable(path: string, thrown: unknown): unknown {
  const code = systemErrorCode(thrown);
  if (code === undefined) return thrown;
  const reason = code === 'ENOENT' ? 'there is no such file' : `it can't be opened (${code})`;
  return new LockstepError(
    'CHECKPOINT_NOT_FOUND',
    `Cannot read weights from "${path}": ${reason}.`,
    'Give the path of a safetensors file or of a checkpoint folder.',
    { cause: thrown },
  );
}
