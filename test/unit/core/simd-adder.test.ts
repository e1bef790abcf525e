import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addVectors } from '../../../src/core/simd-adder.ts';

/** The definition, a number at a time. */
function plainSum(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((x, i) => {
    const sum = Math.fround(x + b[i]!);
    return Math.abs(sum) < 2 ** -126 ? 0 : sum;
  });
}

const bitsOf = (vector: Float32Array) => [
  ...new Uint32Array(vector.buffer, vector.byteOffset, vector.length),
];
const numbers = fc.float({ noNaN: true });

test('has the bits of adding one number at a time, subnormal sums and −0 as +0', () => {
  const pairs = fc.array(fc.tuple(numbers, numbers), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(pairs, (drawn) => {
      const a = Float32Array.from(drawn, ([x]) => x);
      const b = Float32Array.from(drawn, ([, y]) => y);
      const out = new Float32Array(a.length);
      addVectors(out, a, b);
      assert.deepEqual(bitsOf(out), bitsOf(plainSum(a, b)));
    }),
  );
  const out = new Float32Array(4);
  addVectors(out, Float32Array.of(2 ** -126, -0, 3, 1), Float32Array.of(-(2 ** -127), -0, -3, 2));
  assert.deepEqual(bitsOf(out), bitsOf(Float32Array.of(0, 0, 0, 3)));
});

test('lets NaN and infinities pass', () => {
  const out = new Float32Array(3);
  const { POSITIVE_INFINITY: infinity, NaN: none } = Number;
  addVectors(out, Float32Array.of(none, infinity, infinity), Float32Array.of(1, 1, -infinity));
  assert.deepEqual([...out], [none, infinity, none]);
});

test('adds in place, across blocks, from any place in memory', () => {
  const size = (1 << 17) + 5;
  const memory = new Float32Array(2 * size + 3).map((_, i) => i % 1009);
  const [a, b] = [memory.subarray(3, 3 + size), memory.subarray(3 + size)];
  const expected = plainSum(a, b);
  addVectors(a, a, b);
  assert.ok(a.every((value, i) => value === expected[i]));
});
