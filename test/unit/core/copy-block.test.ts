import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CopyBlock } from '../../../src/core/copy-block.ts';

const doubles = fc.array(fc.double(), { maxLength: 9 }).map((list) => Float64Array.from(list));
const bytes = fc.array(fc.nat(255), { maxLength: 9 }).map((list) => Int32Array.from(list));
/** Larger than a block, and such that the block before it is full. */
const large = fc.constantFrom(1000, 30_000, 40_000).map((size) => new Float64Array(size).fill(7));

describe('copies in one block of memory', () => {
  it('stay what they were, whatever is copied after them and becomes of the original', () => {
    const one = fc.oneof(doubles, bytes, large);
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), (given) => {
        const block = new CopyBlock();
        const expected = given.map((values) => [...values]);
        const copies = given.map((values) => {
          const copy = values instanceof Float64Array ? block.doubles(values) : block.bytes(values);
          values.fill(1);
          return copy;
        });
        assert.deepEqual(
          copies.map((copy) => [...copy]),
          expected,
        );
      }),
    );
  });
});
