import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  BLOCK_BYTES,
  ChecksumCollector,
  compareBlocks,
  decodeChecksums,
  encodeChecksums,
} from '../../../../src/data/format/checksums.ts';

/** The checksums of `bytes`, which come in chunks of these sizes and a last one. */
async function checksumsOf(bytes: Uint8Array, sizes: readonly number[] = []): Promise<Uint32Array> {
  const collector = new ChecksumCollector();
  function* chunks(): Generator<Uint8Array> {
    let start = 0;
    for (const size of sizes) {
      yield bytes.subarray(start, start + size);
      start += size;
    }
    yield bytes.subarray(start);
  }
  for await (const _ of collector.through(chunks()));
  return collector.finish();
}

const random = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919) >> 3);

describe('the checksums of a file', () => {
  const bytes = random(2 * BLOCK_BYTES + 100);

  it('are the same however the file comes in chunks', async () => {
    const whole = await checksumsOf(bytes);
    assert.equal(whole.length, 3);
    const sizes = fc.array(fc.nat(BLOCK_BYTES + 5), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, async (sizes) => {
        assert.deepEqual(await checksumsOf(bytes, sizes), whole);
      }),
      { numRuns: 50 },
    );
  });

  it('name the block in which any bit has changed', async () => {
    const sums = await checksumsOf(bytes);
    compareBlocks(bytes, 0, sums);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (place, bit) => {
        const changed = Uint8Array.from(bytes);
        changed[place]! ^= 1 << bit;
        const start = Math.floor(place / BLOCK_BYTES) * BLOCK_BYTES;
        const end = Math.min(bytes.length, start + BLOCK_BYTES);
        const message = `the bytes ${start} to ${end} have changed since they were written`;
        assert.throws(() => compareBlocks(changed, 0, sums), { message });
      }),
      { numRuns: 50 },
    );
  });

  it('come back from their file, and are refused when they are not one for each block', async () => {
    const sums = new Map([
      ['b', await checksumsOf(bytes)],
      ['a', await checksumsOf(random(5))],
    ]);
    const files = {
      a: { sizeBytes: 5, sha256: '' },
      b: { sizeBytes: bytes.length, sha256: '' },
    };
    const encoded = encodeChecksums(sums);
    assert.deepEqual(decodeChecksums(encoded, files), new Map([...sums].toReversed()));
    for (const wrong of [encoded.subarray(4), Buffer.concat([encoded, Buffer.alloc(4)])]) {
      assert.throws(
        () => decodeChecksums(wrong, files),
        /which is not one checksum for each block/,
      );
    }
  });
});
