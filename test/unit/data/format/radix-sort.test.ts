import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { orderByLength, sortByKeys } from '../../../../src/data/format/radix-sort.ts';

const positionsOf = (numbers: ArrayLike<number>) =>
  Uint32Array.from({ length: numbers.length }, (_, position) => position);

test('lengths are ordered as by comparison, equal ones as they stand', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(3), fc.nat(2 ** 31 - 1))), (lengths) => {
      const expected = positionsOf(lengths).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
      assert.deepEqual(orderByLength(Int32Array.from(lengths)), expected);
    }),
  );
});

test('keys up to 2⁴⁸ are ordered as by comparison, equal ones by the comparison that is given', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.nat(3),
          fc.maxSafeNat().map((key) => key % 2 ** 48),
        ),
      ),
      (keys) => {
        const descending = (a: number, b: number) => b - a;
        const expected = positionsOf(keys).sort((a, b) => keys[a]! - keys[b]! || descending(a, b));
        const sorted = sortByKeys(positionsOf(keys), Float64Array.from(keys), descending);
        assert.deepEqual(sorted, expected);
      },
    ),
  );
});
