import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DataHeader } from '../../../src/protocol/data-frame.ts';
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  isIntact,
  runTag,
} from '../../../src/protocol/data-frame.ts';

const uint32 = fc.nat(0xffffffff);
const header: fc.Arbitrary<DataHeader> = fc.record({
  run: fc.string().map(runTag),
  generation: uint32,
  round: uint32,
  step: fc.maxSafeNat(),
  stage: fc.constantFrom('reduce', 'gather'),
  sender: uint32,
  vectorLength: uint32,
  microBatches: uint32,
  level: fc.nat(31),
  index: uint32,
  offset: uint32,
});

describe('data frame header', () => {
  test('comes back as it was, in 72 bytes, with a checksum of its payload if there is one', () => {
    const payload = fc.option(fc.uint8Array());
    fc.assert(
      fc.property(header, payload, (given, covered) => {
        const bytes = encodeHeader(given, covered);
        assert.equal(bytes.length, HEADER_BYTES);
        const { payloadChecksum, ...found } = decodeHeader(bytes)!;
        assert.deepEqual(found, { ...given });
        assert.equal(payloadChecksum === null, covered === null);
      }),
    );
  });

  test('is null for anything else: other sizes, another magic number, version or stage', () => {
    const good = encodeHeader(fc.sample(header, { numRuns: 1, seed: 1 })[0]!, null);
    const changed = (at: number) => {
      const bytes = Buffer.from(good);
      bytes[at] = bytes[at]! ^ 0x55;
      return bytes;
    };
    for (const bytes of [changed(0), changed(4), changed(6), good.subarray(1), Buffer.alloc(72)]) {
      assert.equal(decodeHeader(bytes), null);
    }
  });

  test('is null when any bit of it changed', () => {
    const good = encodeHeader(fc.sample(header, { numRuns: 1, seed: 1 })[0]!, Buffer.of(1, 2));
    for (let bit = 0; bit < 8 * HEADER_BYTES; bit++) {
      const bytes = Buffer.from(good);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(decodeHeader(bytes), null, `bit ${bit}`);
    }
  });

  test('tells a payload from one that was changed, cut or lengthened; without a checksum all pass', () => {
    const [one] = fc.sample(header, { numRuns: 1, seed: 1 });
    const payload = Uint8Array.from({ length: 4096 }, (_, i) => i);
    const received = decodeHeader(encodeHeader(one!, payload))!;
    const unsealed = decodeHeader(encodeHeader(one!, null))!;
    const flipped = payload.slice();
    flipped[4000]! ^= 4;
    assert.ok(isIntact(received, payload));
    for (const other of [flipped, payload.subarray(4), new Uint8Array(4100), new Uint8Array()]) {
      assert.equal(isIntact(received, other), false);
      assert.equal(isIntact(unsealed, other), true);
    }
  });

  test('tells runs apart', () => {
    assert.match(runTag('a#1'), /^[0-9a-f]{32}$/);
    assert.notEqual(runTag('a#1'), runTag('a#2'));
  });
});
