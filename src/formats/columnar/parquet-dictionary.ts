/** Looks up pages of indices in a dictionary. */
import type { DecodedArray } from 'hyparquet';
import { PairTable } from './packed-pairs.ts';
import { readHybrid, readRuns, unpackBytes } from './parquet-levels.ts';

const OUTSIDE = 'an index lies outside its dictionary';

/**
 * The values of a page.
 * @param bytes the width of the indices, then the indices
 * @throws Error for damaged bytes
 */
export function readIndexed(
  bytes: Uint8Array,
  count: number,
  dictionary: DecodedArray,
): DecodedArray {
  const [width = 0] = bytes;
  const indexBytes = bytes.subarray(1);
  if (dictionary instanceof Uint8Array && 0 < width && width <= 8) {
    return readBytes(indexBytes, width, count, dictionary);
  }
  const indices = width <= 8 ? new Uint8Array(count) : new Int32Array(count);
  if (count > 0) readHybrid(indexBytes, width, indices);
  return lookUp(indices, dictionary);
}

function lookUp(indices: Uint8Array | Int32Array, dictionary: DecodedArray): DecodedArray {
  for (let i = 0; i < indices.length; i++) {
    if (indices[i]! >= dictionary.length) throw new Error(OUTSIDE);
  }
  if (Array.isArray(dictionary)) return Array.from(indices, (index) => dictionary[index]);
  const values = new (dictionary.constructor as Int32ArrayConstructor)(indices.length);
  for (let i = 0; i < indices.length; i++) values[i] = dictionary[indices[i]!] as number;
  return values;
}

/** Values of one byte, most of them two at a time. */
function readBytes(
  bytes: Uint8Array,
  width: number,
  total: number,
  dictionary: Uint8Array,
): Uint8Array {
  const output = new Uint8Array(total);
  const pairs = total >= 4 ** width ? pairsOf(dictionary, width) : undefined;
  readRuns(bytes, width, total, {
    repeated(index, from, count) {
      if (index >= dictionary.length) throw new Error(OUTSIDE);
      output.fill(dictionary[index]!, from, from + count);
    },
    packed(at, from, count) {
      // Packed runs hold eight indices, or a multiple of it, but for the last.
      const done = pairs === undefined ? 0 : count - (count % 8);
      const isInside = pairs?.look(bytes, at, output.subarray(from, from + done)) ?? true;
      if (!isInside) throw new Error(OUTSIDE);
      const rest = at + (done * width) / 8;
      unpackBytes(bytes, rest, width, output, from + done, count - done);
      replace(output.subarray(from + done, from + count), dictionary);
    },
  });
  return output;
}

/** Two entries by two indices, the first in the lower bits; −1 where one is absent. */
function pairsOf(dictionary: Uint8Array, width: number): PairTable {
  const pairs = new Int32Array(4 ** width).fill(-1);
  const size = Math.min(dictionary.length, 2 ** width);
  for (let second = 0; second < size; second++) {
    for (let first = 0; first < size; first++) {
      pairs[(second << width) | first] = (dictionary[second]! << 8) | dictionary[first]!;
    }
  }
  return new PairTable(pairs, 2 * width);
}

/** Entries in place of their indices. */
function replace(indices: Uint8Array, dictionary: Uint8Array): void {
  for (let i = 0; i < indices.length; i++) {
    if (indices[i]! >= dictionary.length) throw new Error(OUTSIDE);
    indices[i] = dictionary[indices[i]!]!;
  }
}
