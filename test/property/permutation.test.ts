import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { permutation } from '../../src/core/permutation.ts';

const listOf = (size: number, seed: number, major = 0, minor = 0): number[] => {
  const shuffle = permutation(size, seed, 'sequence-order', major, minor);
  return Array.from({ length: size }, (_, position) => shuffle.at(position));
};

function assertBijection(size: number, seed: number): void {
  const shuffle = permutation(size, seed, 'sequence-order');
  const seen = new Uint8Array(size);
  for (let position = 0; position < size; position++) {
    const value = shuffle.at(position);
    assert.ok(Number.isInteger(value) && value >= 0 && value < size);
    seen[value]! += 1;
    assert.equal(shuffle.indexOf(value), position);
  }
  assert.ok(seen.every((times) => times === 1));
}

test('every size from 1 to 150 is a bijection with its inverse', () => {
  for (let size = 1; size <= 150; size++) assertBijection(size, size);
});

test('random sizes to 5 000 are bijections with their inverse', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(0xffffffff), assertBijection), {
    numRuns: 25,
  });
});

test('sizes to 2³² are inverted at random positions', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 2 ** 32 })
        .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 }))),
      fc.nat(0xffffffff),
      ([size, position], seed) => {
        const shuffle = permutation(size, seed, 'sequence-order');
        const value = shuffle.at(position);
        assert.ok(value >= 0 && value < size);
        assert.equal(shuffle.indexOf(value), position);
        assert.equal(shuffle.indexOf(shuffle.at(size - 1)), size - 1);
      },
    ),
  );
});

test('seed, purpose, major and minor each give another order', () => {
  const orders = [
    listOf(100, 1),
    listOf(100, 2),
    listOf(100, 1, 1),
    listOf(100, 1, 0, 1),
    Array.from({ length: 100 }, (_, i) => permutation(100, 1, 'subset').at(i)),
  ];
  assert.equal(new Set(orders.map(String)).size, orders.length);
});

test('all 24 orders of four occur about equally often', () => {
  const times = new Map<string, number>();
  for (let seed = 0; seed < 4800; seed++) {
    const order = String(listOf(4, seed));
    times.set(order, (times.get(order) ?? 0) + 1);
  }
  assert.equal(times.size, 24);
  let chiSquare = 0;
  for (const count of times.values()) chiSquare += (count - 200) ** 2 / 200;
  // 23 degrees of freedom: above 49.7 once in a thousand.
  assert.ok(chiSquare < 49.7, `chi-square is ${chiSquare}`);
});

test('neighbours do not stay neighbours', () => {
  const order = listOf(4000, 9);
  const gaps = order.slice(1).filter((value, i) => Math.abs(value - order[i]!) === 1);
  // Two of 4 000 in expectation.
  assert.ok(gaps.length < 12, `${gaps.length} neighbours stayed together`);
});

test('positions outside the size are refused', () => {
  const shuffle = permutation(10, 0, 'subset');
  assert.throws(() => shuffle.at(10), RangeError);
  assert.throws(() => shuffle.at(-1), RangeError);
  assert.throws(() => shuffle.at(0.5), RangeError);
  assert.throws(() => permutation(0, 0, 'subset').at(0), RangeError);
  assert.throws(() => permutation(2 ** 32 + 1, 0, 'subset'), RangeError);
});
