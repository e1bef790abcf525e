import { sha256Bytes } from '../../core/hash.ts';
import { filled } from '../../core/typed-arrays.ts';
import { bytesOf, type StoredValues } from '../../data/format/values.ts';

/**
 * SHA-256, a byte a character, of a sequence's values as its source has them: two sequences that only rounding makes equal are different.
 * @param stored the first of the values in the type of the dataset
 */
export function digestBeforeRounding(raw: ArrayLike<number>, stored: StoredValues): string {
  const isExact = !(stored instanceof Float32Array) || areEqual(stored, raw);
  const exact = stored instanceof Uint8Array ? stored : bytesOf(stored);
  const bytes = isExact ? exact : bytesOfDoubles(raw, stored.length);
  return sha256Bytes(bytes);
}

function areEqual(stored: Float32Array, raw: ArrayLike<number>): boolean {
  for (let i = 0; i < stored.length; i++) if (stored[i] !== raw[i]) return false;
  return true;
}

function bytesOfDoubles(raw: ArrayLike<number>, count: number): Uint8Array {
  const doubles =
    raw instanceof Float64Array
      ? raw.subarray(0, count)
      : filled(new Float64Array(count), (i) => raw[i]!);
  return new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength);
}
