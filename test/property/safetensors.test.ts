import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decodeSafetensors,
  encodeSafetensors,
  type Tensor,
} from '../../src/checkpoint/safetensors.ts';
import { DTYPES, tensorBytes } from '../../src/checkpoint/safetensors-header.ts';
import { LockstepError } from '../../src/core/errors.ts';

const tensor: fc.Arbitrary<Tensor> = fc
  .record({
    name: fc.string({ maxLength: 20, unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain((spec) => {
    const length = tensorBytes(spec);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ ...spec, bytes }));
  });
const tensors = fc.uniqueArray(tensor, { maxLength: 6, selector: ({ name }) => name });

/** Decodes, or gives undefined for a refusal with the right code; any other error is a failure. */
function decodeOrRefuse(file: Uint8Array) {
  try {
    return decodeSafetensors(file, 'fuzzed');
  } catch (thrown) {
    assert.ok(thrown instanceof LockstepError, String(thrown));
    assert.equal(thrown.code, 'CHECKPOINT_CORRUPT');
    return undefined;
  }
}

describe('safetensors', () => {
  it('gives back what was written, behind a header of whole 8 bytes', () => {
    fc.assert(
      fc.property(tensors, (written) => {
        const chunks = encodeSafetensors(written);
        assert.equal(chunks[0]!.length % 8, 0);
        const read = decodeSafetensors(Buffer.concat(chunks), 'x').tensors;
        assert.equal(read.size, written.length);
        for (const { name, dtype, shape, bytes } of written) {
          const found = read.get(name)!;
          assert.deepEqual([found.dtype, found.shape], [dtype, shape]);
          assert.deepEqual(new Uint8Array(found.bytes), bytes);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('reads or refuses a damaged file, never more than its bytes', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(tensors, damage, fc.nat(), (written, changes, cut) => {
        const file = Buffer.concat(encodeSafetensors(written));
        for (const [position, value] of changes) file[position % file.length] = value;
        const end = cut % 3 === 0 ? cut % file.length : file.length;
        const decoded = decodeOrRefuse(file.subarray(0, end));
        const sizes = [...(decoded?.tensors.values() ?? [])].map(({ bytes }) => bytes.length);
        assert.ok(sizes.reduce((a, b) => a + b, 0) <= file.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads or refuses any bytes behind any length', () => {
    const piece = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', '"a"', '"dtype"', '"F32"', '"shape"', '"data_offsets"'],
      ...['0', '4', '-1', '1e300', 'null', '"__metadata__"', '"', '\\', ' '],
    );
    const text = fc.array(piece, { maxLength: 30 }).map((parts) => `{${parts.join('')}`);
    fc.assert(
      fc.property(text, fc.nat(300), (json, length) => {
        const start = Buffer.alloc(8);
        start.writeBigUInt64LE(BigInt(length % 3 === 0 ? length : json.length));
        decodeOrRefuse(Buffer.concat([start, Buffer.from(json)]));
      }),
      { numRuns: 1000 },
    );
  });
});
