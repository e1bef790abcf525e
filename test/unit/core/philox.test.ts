import assert from 'node:assert/strict';
import { test } from 'node:test';
import { philox4x32 } from '../../../src/core/philox.ts';

const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0'));

/** The `philox4x32 10` lines of Random123's kat_vectors. */
test('philox4x32 gives the known answers of Random123', () => {
  assert.deepEqual(hex(philox4x32([0, 0, 0, 0], [0, 0])), [
    '6627e8d5',
    'e169c58d',
    'bc57ac4c',
    '9b00dbd8',
  ]);
  const ones = 0xffffffff;
  assert.deepEqual(hex(philox4x32([ones, ones, ones, ones], [ones, ones])), [
    '408f276d',
    '41c83b0e',
    'a20bc7c6',
    '6d5451fd',
  ]);
  assert.deepEqual(
    hex(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])),
    ['d16cfe09', '94fdcceb', '5001e420', '24126ea1'],
  );
});
