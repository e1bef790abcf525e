import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { philox4x32 } from '../../../src/core/philox.ts';
import { randomStream } from '../../../src/core/random.ts';

const positions = [0, 1, 3, 4, 5, 1000, 2 ** 32 - 1, 2 ** 32, 2 ** 34, 2 ** 34 + 4, 2 ** 40 + 7];

test('a draw does not depend on which draws came before it', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffffffff),
      fc.shuffledSubarray(positions, { minLength: positions.length }),
      (seed, order) => {
        const together = randomStream(seed, 'mask', 3, 7);
        for (const position of order) {
          const alone = randomStream(seed, 'mask', 3, 7).uint32(position);
          assert.equal(together.uint32(position), alone);
        }
      },
    ),
  );
});

test('position p is word p mod 4 of block p div 4, with 64 bits of block number', () => {
  const stream = randomStream(11, 'initial-weights', 5, 6);
  assert.equal(stream.uint32(2), philox4x32([0, 0, 5, 6], [11, 0])[2]);
  assert.equal(stream.uint32(4 * 2 ** 32 + 1), philox4x32([0, 1, 5, 6], [11, 0])[1]);
});

test('seed, purpose, major and minor each name another stream', () => {
  const first = (...key: Parameters<typeof randomStream>) => randomStream(...key).uint32(0);
  const draws = [
    first(1, 'mask', 0, 0),
    first(2, 'mask', 0, 0),
    first(1, 'crop', 0, 0),
    first(1, 'mask', 1, 0),
    first(1, 'mask', 0, 1),
  ];
  assert.equal(new Set(draws).size, draws.length);
});

test('uniform is in [0, 1) with the mean of a uniform draw, integer in [0, bound)', () => {
  const stream = randomStream(5, 'synthetic');
  let sum = 0;
  const seen = new Set<number>();
  for (let position = 0; position < 4000; position++) {
    const value = stream.uniform(position);
    assert.ok(value >= 0 && value < 1);
    sum += value;
    seen.add(stream.integer(position, 7));
  }
  // The standard error of the mean is 0.0046.
  assert.ok(Math.abs(sum / 4000 - 0.5) < 0.02);
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
});
