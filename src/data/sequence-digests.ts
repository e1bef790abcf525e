/** Digests of sequences, by which an evaluation recognises those that were in training. */
import { createHash } from 'node:crypto';
import type { Store } from './format/store.ts';

/** Sorted, 8 bytes each: two of 10⁸ sequences are taken for one another with a probability of 3·10⁻⁴. */
export type SequenceDigests = BigUint64Array;

/** The values of these sequences, one sequence after the other. */
export async function* sequenceValues(
  store: Pick<Store, 'read' | 'index'>,
  sequences: Iterable<number>,
): AsyncGenerator<Int32Array | Float32Array, void> {
  for (const sequence of sequences) {
    yield await store.read(sequence, 0, store.index.lengths[sequence]!);
  }
}

/** The first 8 bytes of the SHA-256 of the values as 32-bit numbers. */
export function digestOf(values: Int32Array | Float32Array): bigint {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash('sha256').update(bytes).digest().readBigUInt64LE();
}

/** The digests of `count` sequences; only one sequence is in memory at a time. */
export async function digestsOf(
  values: AsyncIterable<Int32Array | Float32Array>,
  count: number,
): Promise<SequenceDigests> {
  const digests = new BigUint64Array(count);
  let position = 0;
  for await (const sequence of values) digests[position++] = digestOf(sequence);
  return digests.sort();
}

/** The bytes of a file of digests: little-endian, ascending. */
export function encodeDigests(digests: SequenceDigests): Uint8Array {
  return new Uint8Array(digests.buffer, digests.byteOffset, digests.byteLength);
}

/** What `encodeDigests` wrote. */
export function decodeDigests(bytes: Uint8Array): SequenceDigests {
  return new BigUint64Array(Uint8Array.from(bytes).buffer);
}

/** Whether `digests` holds `digest`, by bisection. */
export function hasDigest(digests: SequenceDigests, digest: bigint): boolean {
  let low = 0;
  let high = digests.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (digests[middle]! < digest) low = middle + 1;
    else high = middle;
  }
  return digests[low] === digest;
}
