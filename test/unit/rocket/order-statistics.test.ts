import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sortRanks } from '../../../src/rocket/order-statistics.ts';

describe('sortRanks()', () => {
  const values = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 300 });

  it('puts at each rank what a sorted array has there', () => {
    fc.assert(
      fc.property(values, fc.array(fc.nat()), (given, places) => {
        const found = Float32Array.from(given);
        const ranks = Int32Array.from(places, (place) => place % given.length).sort();
        sortRanks(found, ranks);
        const sorted = Float32Array.from(given).sort();
        assert.deepEqual(
          [...ranks].map((rank) => found[rank]),
          [...ranks].map((rank) => sorted[rank]),
        );
        assert.deepEqual([...found.sort()], [...sorted]);
      }),
    );
  });

  it('takes arrays that are sorted, reversed or all alike', () => {
    for (const of of [(i: number) => i, (i: number) => -i, () => 1]) {
      const found = Float32Array.from({ length: 500 }, (_, i) => of(i));
      const sorted = found.slice().sort();
      sortRanks(found, Int32Array.of(3, 250, 499));
      assert.deepEqual([found[3], found[250], found[499]], [sorted[3], sorted[250], sorted[499]]);
    }
  });
});
