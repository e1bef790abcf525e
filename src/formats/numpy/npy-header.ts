/** The header of an array in NumPy's format: type, order and shape. */
import type { ByteReader } from '../../source/file/byte-reader.ts';
import { type DType, parseDType } from './dtype.ts';

export interface NpyHeader {
  readonly dtype: DType;
  /** The first index runs fastest. */
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy writes 128 bytes; only types with fields need more. */
const MOST_HEADER_BYTES = 1 << 20;

/**
 * Reads the header; the items follow it.
 * @throws Error for anything else than an array of numbers or text
 */
export async function readNpyHeader(bytes: ByteReader): Promise<NpyHeader> {
  const start = await bytes.take(8);
  if (!start.subarray(0, 6).equals(MAGIC)) throw new Error('it is no NumPy array');
  const major = start[6]!;
  if (major < 1 || major > 3) throw new Error(`its format has the unknown version ${major}`);
  const size = await bytes.take(major === 1 ? 2 : 4);
  if (size.length < (major === 1 ? 2 : 4)) throw new Error('its header is cut off');
  const length = size.readUIntLE(0, size.length);
  if (length > MOST_HEADER_BYTES) throw new Error(`its header claims ${length} bytes`);
  const text = await bytes.take(length);
  if (text.length < length) throw new Error('its header is cut off');
  return parseHeader(text.toString('latin1'));
}

/** A header is a dictionary as Python writes it. */
function parseHeader(text: string): NpyHeader {
  const descr = /'descr': *('([^']*)'|\[)/.exec(text);
  const order = /'fortran_order': *(True|False)/.exec(text)?.[1];
  const shape = /'shape': *\(([\d, ]*)\)/.exec(text)?.[1];
  if (descr === null || order === undefined || shape === undefined) {
    throw new Error('its header is damaged');
  }
  if (descr[2] === undefined) throw new Error('its items have several fields');
  const sizes = shape.split(',').filter((part) => part.trim() !== '');
  return {
    dtype: parseDType(descr[2]),
    isFortran: order === 'True',
    shape: sizes.map(Number),
  };
}
