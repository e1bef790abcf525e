import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { alphabetNamed, IGNORED } from '../../../src/formats/biology/alphabet.ts';
import { ReadKernel } from '../../../src/formats/biology/read-kernel.ts';

const { codes } = alphabetNamed('dna');
const kernel = new ReadKernel(codes);
const letters = fc.array(fc.constantFrom(...Buffer.from('ACGTNacgtuACGTACGT')), { maxLength: 70 });
/** Most reads have letters only; some have one byte, whichever, among them. */
const reads = fc.oneof(
  letters.map((bytes) => Uint8Array.from(bytes)),
  fc.tuple(letters, fc.nat(255), letters).map(([a, byte, b]) => Uint8Array.of(...a, byte, ...b)),
);

describe('the letters of a read', () => {
  it('become the values of the alphabet, and a byte that is none is noticed', () => {
    fc.assert(
      fc.property(reads, fc.nat(5), (bytes, at) => {
        const into = new Uint8Array(at + bytes.length + 3).fill(77);
        const isWrong = kernel.decode(bytes, into, at);
        const values = Array.from(bytes, (byte) => codes[byte]!);
        assert.deepEqual([...into], [...Array(at).fill(77), ...values, 77, 77, 77]);
        assert.equal(
          isWrong,
          values.some((value) => value >= IGNORED),
        );
      }),
    );
  });

  it('may be more than fit the memory at once', () => {
    const bytes = Buffer.alloc(200_001, 'ACGT');
    const into = new Uint8Array(bytes.length);
    assert.equal(kernel.decode(bytes, into, 0), false);
    assert.deepEqual(
      into,
      Uint8Array.from(bytes, (byte) => codes[byte]!),
    );
    bytes[100_000] = 0;
    assert.equal(kernel.decode(bytes, into, 0), true);
  });
});

describe('the qualities of a read', () => {
  it('lie within the bounds or not', () => {
    const byte = fc.oneof(
      { weight: 40, arbitrary: fc.integer({ min: 33, max: 126 }) },
      fc.nat(255),
    );
    const quality = fc.array(byte, { maxLength: 70 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(quality, (bytes) => {
        const expected = bytes.every((one) => one >= 33 && one <= 126);
        assert.equal(kernel.areWithin(bytes, 33, 126), expected);
      }),
    );
  });

  it('are checked where they are more than fit the memory', () => {
    const bytes = new Uint8Array(200_001).fill(126);
    assert.equal(kernel.areWithin(bytes, 33, 126), true);
    bytes[200_000] = 127;
    assert.equal(kernel.areWithin(bytes, 33, 126), false);
  });
});
