import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DataHeader } from '../../../src/protocol/data-frame.ts';
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  runTag,
} from '../../../src/protocol/data-frame.ts';

const uint32 = fc.nat(0xffffffff);
const header: fc.Arbitrary<DataHeader> = fc.record({
  run: fc.string().map(runTag),
  generation: uint32,
  round: uint32,
  step: fc.maxSafeNat(),
  phase: fc.constantFrom('reduce', 'gather'),
  sender: uint32,
  vectorLength: uint32,
  microBatches: uint32,
  level: fc.nat(31),
  index: uint32,
  offset: uint32,
});

describe('data frame header', () => {
  test('comes back as it was, in 64 bytes', () => {
    fc.assert(
      fc.property(header, (given) => {
        const bytes = encodeHeader(given);
        assert.equal(bytes.length, HEADER_BYTES);
        assert.deepEqual(decodeHeader(bytes), { ...given });
      }),
    );
  });

  test('is null for anything else: other sizes, another magic number, version or phase', () => {
    const good = encodeHeader(fc.sample(header, { numRuns: 1, seed: 1 })[0]!);
    const changed = (at: number) => {
      const bytes = Buffer.from(good);
      bytes[at] = bytes[at]! ^ 0x55;
      return bytes;
    };
    for (const bytes of [changed(0), changed(4), changed(6), good.subarray(1), Buffer.alloc(64)]) {
      assert.equal(decodeHeader(bytes), null);
    }
  });

  test('tells runs apart', () => {
    assert.match(runTag('a#1'), /^[0-9a-f]{32}$/);
    assert.notEqual(runTag('a#1'), runTag('a#2'));
  });
});
