import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { doublesOf } from '../../../src/core/typed-arrays.ts';
import { readIndexed } from '../../../src/formats/columnar/parquet-dictionary.ts';
import { isRunOf, readHybrid } from '../../../src/formats/columnar/parquet-levels.ts';

/** Numbers of `width` bits behind one another, as a run of packed bits of Parquet's hybrid. */
function packed(numbers: readonly number[], width: number): Uint8Array {
  const groups = Math.ceil(numbers.length / 8);
  const bytes = new Uint8Array(groups * width);
  numbers.forEach((number, i) => {
    for (let bit = 0; bit < width; bit++) {
      const at = i * width + bit;
      bytes[at >> 3]! |= ((number >> bit) & 1) << (at & 7);
    }
  });
  return Buffer.concat([Buffer.of((groups << 1) | 1), bytes]);
}

/** The same for any number of them: the count takes several bytes. */
function packedRun(numbers: readonly number[], width: number): Buffer {
  const header: number[] = [];
  let rest = (Math.ceil(numbers.length / 8) << 1) | 1;
  for (; rest > 0x7f; rest >>>= 7) header.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.of(...header, rest), packed(numbers, width).subarray(1)]);
}

describe('numbers of Parquet', () => {
  it('of any width are unpacked as they were packed', () => {
    const cases = fc.integer({ min: 1, max: 24 }).chain((width) => {
      const number = fc.integer({ min: 0, max: 2 ** width - 1 });
      return fc.tuple(fc.constant(width), fc.array(number, { minLength: 1, maxLength: 40 }));
    });
    fc.assert(
      fc.property(cases, ([width, numbers]) => {
        const output = new Int32Array(numbers.length);
        readHybrid(packed(numbers, width), width, output);
        assert.deepEqual([...output], numbers);
      }),
    );
  });

  it('that are cut off are refused', () => {
    const bytes = packed([1, 2, 3, 4, 5, 6, 7, 8, 9], 5);
    assert.throws(() => readHybrid(bytes.subarray(0, 6), 5, new Uint8Array(9)), /cut off/);
  });

  it('are one run only if each of them is the same', () => {
    const runs = Uint8Array.of(6 << 1, 3, 4 << 1, 3);
    assert.ok(isRunOf(3, runs, 2, 10));
    assert.ok(!isRunOf(2, runs, 2, 10));
    assert.ok(!isRunOf(3, Uint8Array.of(6 << 1, 3, 4 << 1, 2), 2, 10));
    assert.throws(() => isRunOf(3, runs, 2, 11), /cut off/);
  });

  it('in a dictionary are found in a long run, and refused where one of its indices lies outside', () => {
    const dictionary = Uint8Array.from({ length: 41 }, (_, i) => 200 - i);
    const indices = Array.from({ length: 140_003 }, (_, i) => (i * 7 + (i >> 5)) % 41);
    const bytes = (numbers: readonly number[]) =>
      Buffer.concat([Buffer.of(6), packedRun(numbers, 6)]);
    assert.deepEqual(
      readIndexed(bytes(indices), indices.length, dictionary),
      Uint8Array.from(indices, (index) => dictionary[index]!),
    );
    for (const place of [0, 65_535, 65_536, 139_999, 140_002]) {
      const wrong = indices.with(place, 41);
      assert.throws(() => readIndexed(bytes(wrong), wrong.length, dictionary), /outside/);
    }
  });

  it('in a dictionary are found by their indices, in runs of each kind', () => {
    const cases = fc.integer({ min: 1, max: 8 }).chain((width) => {
      const entries = fc.uint8Array({ minLength: 1, maxLength: 2 ** width });
      return entries.chain((dictionary) => {
        const index = fc.integer({ min: 0, max: dictionary.length - 1 });
        const run = fc.array(index, { minLength: 1, maxLength: 80 });
        return fc.tuple(fc.constant({ width, dictionary }), run, index, run);
      });
    });
    fc.assert(
      fc.property(cases, ([{ width, dictionary }, first, repeated, last]) => {
        const whole = first.slice(0, first.length - (first.length % 8));
        const bytes = Uint8Array.of(
          width,
          ...(whole.length > 0 ? packed(whole, width) : []),
          ...[5 << 1, repeated],
          ...packed(last, width),
        );
        const indices = [...whole, ...Array<number>(5).fill(repeated), ...last];
        const expected = indices.map((index) => dictionary[index]!);
        const wider = Float64Array.from(dictionary);
        for (const entries of [dictionary, wider, Array.from(dictionary, String)]) {
          const found = readIndexed(bytes, indices.length, entries);
          assert.deepEqual(Array.from(found as number[], Number), expected);
        }
        const shorter = dictionary.subarray(0, Math.max(...indices));
        assert.throws(() => readIndexed(bytes, indices.length, shorter), /outside its dictionary/);
      }),
    );
  });

  it('of 64 bits become the doubles that Number makes of them', () => {
    const edges = [0n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 3n, 2n ** 63n - 1n, -(2n ** 63n)];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constantFrom(...edges))),
        (all) => {
          assert.deepEqual([...doublesOf(BigInt64Array.from(all))], all.map(Number));
          const unsigned = BigUint64Array.from(all);
          assert.deepEqual([...doublesOf(unsigned)], [...unsigned].map(Number));
        },
      ),
    );
  });
});
