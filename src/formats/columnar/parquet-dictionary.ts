/** Looks up pages of indices in a dictionary. */
import type { DecodedArray } from 'hyparquet';
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
  const inPairs = new Uint16Array(output.buffer, 0, total >> 1);
  const pairs = total >= 4 ** width ? pairsOf(dictionary, width) : undefined;
  readRuns(bytes, width, total, {
    repeated(index, from, count) {
      if (index >= dictionary.length) throw new Error(OUTSIDE);
      output.fill(dictionary[index]!, from, from + count);
    },
    packed(at, from, count) {
      // Packed runs hold eight indices, or a multiple of it, but for the last.
      const done = pairs !== undefined && from % 2 === 0 ? count - (count % 8) : 0;
      if (pairs !== undefined && done > 0) {
        unpackPairs(
          bytes.subarray(at),
          width,
          pairs,
          inPairs.subarray(from / 2, (from + done) / 2),
        );
      }
      const rest = at + (done * width) / 8;
      unpackBytes(bytes, rest, width, output, from + done, count - done);
      replace(output.subarray(from + done, from + count), dictionary);
    },
  });
  return output;
}

/** Two entries by two indices, the first in the lower bits; −1 where one is absent. */
function pairsOf(dictionary: Uint8Array, width: number): Int32Array {
  const pairs = new Int32Array(4 ** width).fill(-1);
  const size = Math.min(dictionary.length, 2 ** width);
  for (let second = 0; second < size; second++) {
    for (let first = 0; first < size; first++) {
      pairs[(second << width) | first] = (dictionary[second]! << 8) | dictionary[first]!;
    }
  }
  return pairs;
}

function unpackPairs(
  bytes: Uint8Array,
  width: number,
  pairs: Int32Array,
  output: Uint16Array,
): void {
  const pairBits = 2 * width;
  const mask = 2 ** pairBits - 1;
  let [at, word, bits, signs] = [0, 0, 0, 0];
  for (let i = 0; i < output.length; i++) {
    while (bits < pairBits) {
      word |= bytes[at++]! << bits;
      bits += 8;
    }
    const pair = pairs[word & mask]!;
    signs |= pair;
    output[i] = pair;
    word >>>= pairBits;
    bits -= pairBits;
  }
  if (signs < 0) throw new Error(OUTSIDE);
}

/** Entries in place of their indices. */
function replace(indices: Uint8Array, dictionary: Uint8Array): void {
  for (let i = 0; i < indices.length; i++) {
    if (indices[i]! >= dictionary.length) throw new Error(OUTSIDE);
    indices[i] = dictionary[indices[i]!]!;
  }
}
