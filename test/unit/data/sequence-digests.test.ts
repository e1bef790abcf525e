import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeDigests,
  digestOf,
  digestsOf,
  encodeDigests,
  hasDigest,
} from '../../../src/data/sequence-digests.ts';

async function* given(sequences: readonly Int32Array[]) {
  yield* sequences;
}
const sequences = Array.from({ length: 50 }, (_, i) => Int32Array.of(i, 1, 2));

describe('the digests of sequences', () => {
  it('find every sequence that was added, and no other', async () => {
    const digests = await digestsOf(given(sequences), sequences.length);
    for (const values of sequences) assert.ok(hasDigest(digests, digestOf(values)));
    for (let i = 50; i < 100; i++) assert.ok(!hasDigest(digests, digestOf(Int32Array.of(i, 1, 2))));
    assert.ok(!hasDigest(digests, digestOf(Int32Array.of(0, 1))), 'the beginning of one');
  });

  it('are of the values alone, wherever they lie in memory', () => {
    const inside = Float32Array.of(9, 0.5, 1.5, 9).subarray(1, 3);
    assert.equal(digestOf(inside), digestOf(Float32Array.of(0.5, 1.5)));
  });

  it('come back from their file, also from the middle of a buffer', async () => {
    const digests = await digestsOf(given(sequences), sequences.length);
    const bytes = encodeDigests(digests);
    assert.deepEqual(decodeDigests(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)), digests);
    assert.deepEqual(digests, digests.toSorted());
  });

  it('of no sequence hold nothing', () => {
    assert.ok(!hasDigest(new BigUint64Array(), 1n));
  });
});
