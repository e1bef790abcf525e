/** Sums in WebAssembly against plain loops, bit by bit. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { randomStream } from '../../../../src/core/random.ts';
import { sequenceMoments } from '../../../../src/data/scaling/moments.ts';
import { RealSums } from '../../../../src/data/scaling/real-sums.ts';

/** Short ones of any values, and ones longer than what is summed at once. */
const short = fc.array(fc.oneof(fc.float(), fc.float({ noNaN: true, min: -9, max: 9 })), {
  maxLength: 40,
});
const long = fc
  .tuple(fc.integer({ min: 16_380, max: 40_000 }), fc.nat(1000))
  .map(([size, seed]) => {
    const stream = randomStream(seed, 'synthetic');
    return Array.from({ length: size }, (_, at) =>
      stream.integer(at, 50) === 0 ? Number.NaN : stream.integer(at, 1000) / 7 - 40,
    );
  });
const sequence = fc
  .oneof({ weight: 20, arbitrary: short }, { weight: 1, arbitrary: long })
  .map((values) => Float32Array.from(values));

function plainSums(values: Float32Array) {
  let [count, total, minimum, maximum] = [0, 0, Infinity, -Infinity];
  for (const value of values) {
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
    if (Number.isNaN(value)) continue;
    total += value;
    count++;
  }
  return { count, total, minimum, maximum };
}

describe('the sums of real values', () => {
  it('have the bits of loops from the first value to the last, sequence after sequence', () => {
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 4 }), (sequences) => {
        const sums = new RealSums();
        for (const values of sequences) {
          assert.deepEqual(sums.sums(values), plainSums(values));
          const { mean, deviation } = sequenceMoments(values, { begin: 0, stride: 1 });
          assert.deepEqual(sums.moments(values), { mean, deviation });
        }
      }),
    );
  });
});
