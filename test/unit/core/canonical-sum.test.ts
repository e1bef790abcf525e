import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addCanonical,
  flushSubnormals,
  leavesOf,
  rootLevel,
  SubtreeStack,
  sumSubtrees,
  wholeSubtrees,
} from '../../../src/core/canonical-sum.ts';

const bitsOf = (vector: Float32Array) => [...new Uint32Array(vector.buffer.slice(0))];
const join = (left: string, right: string) => `(${left} ${right})`;

/** The tree written out: which leaves are added in which order. */
function shapeOf(leaves: number): string {
  const stack = new SubtreeStack<string>(leaves, join);
  for (let leaf = 0; leaf < leaves; leaf++) stack.push(leaf, String(leaf));
  assert.equal(stack.subtrees().length, 1);
  return stack.subtrees()[0]!.sum;
}

test('the tree is fixed, and a missing leaf passes its sibling through', () => {
  assert.equal(shapeOf(1), '0');
  assert.equal(shapeOf(2), '(0 1)');
  assert.equal(shapeOf(3), '((0 1) 2)');
  assert.equal(shapeOf(5), '(((0 1) (2 3)) 4)');
  assert.equal(shapeOf(6), '(((0 1) (2 3)) (4 5))');
  assert.equal(shapeOf(7), '(((0 1) (2 3)) ((4 5) 6))');
});

test('the root is the first level that covers every leaf', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 8, 9, 65536].map(rootLevel), [0, 1, 2, 2, 3, 3, 4, 16]);
  assert.deepEqual(leavesOf({ level: 2, index: 1 }, 6), { begin: 4, end: 6 });
});

test('a range is left as the fewest whole subtrees', () => {
  const nodes = (begin: number, end: number, leaves: number) =>
    wholeSubtrees({ begin, end }, leaves).map(({ level, index }) => [level, index]);
  assert.deepEqual(nodes(0, 8, 8), [[3, 0]]);
  assert.deepEqual(nodes(2, 5, 8), [
    [1, 1],
    [0, 4],
  ]);
  assert.deepEqual(nodes(3, 8, 8), [
    [0, 3],
    [2, 1],
  ]);
  assert.deepEqual(nodes(4, 5, 5), [[2, 1]], 'the last leaf of five stands for its whole half');
  assert.deepEqual(nodes(4, 4, 8), []);
});

test('a stack holds no more than the logarithm of its leaves', () => {
  const stack = new SubtreeStack<string>(1000, join);
  for (let leaf = 0; leaf < 999; leaf++) {
    stack.push(leaf, '');
    assert.ok(stack.subtrees().length <= 10);
  }
});

test('a leaf out of order, or outside the tree, is refused', () => {
  const stack = new SubtreeStack<string>(4, join);
  stack.push(1, 'b');
  assert.throws(() => stack.push(3, 'd'), /leaf 2 is next/);
  assert.throws(() => stack.push(1, 'b'), RangeError);
  assert.throws(() => new SubtreeStack<string>(4, join).push(4, 'e'), RangeError);
});

test('subtrees finish the tree in any order; a gap or a leaf twice is refused', () => {
  const leaf = (index: number) => ({ node: { level: 0, index }, sum: String(index) });
  assert.equal(sumSubtrees([leaf(2), leaf(0), leaf(1)], 3, join), '((0 1) 2)');
  assert.throws(() => sumSubtrees([leaf(0), leaf(2)], 3, join), RangeError);
  assert.throws(() => sumSubtrees([leaf(0), leaf(1), leaf(1), leaf(2)], 3, join), RangeError);
  assert.throws(() => sumSubtrees([leaf(0), leaf(1)], 3, join), RangeError);
  assert.throws(() => sumSubtrees([leaf(1), leaf(2)], 3, join), RangeError);
  assert.throws(() => sumSubtrees([], 3, join), RangeError);
});

test('sums are float32, with subnormal results and negative zero as zero', () => {
  const smallest = 2 ** -126;
  const a = Float32Array.of(1, smallest, -1.5 * smallest, -0, 3e38, Number.NaN, 1 + 2 ** -23);
  const b = Float32Array.of(2 ** -24, -1.25 * smallest, smallest, -0, 3e38, 1, 2 ** -24);
  const out = new Float32Array(a.length);
  addCanonical(out, a, b);
  assert.deepEqual(
    out,
    Float32Array.of(1, 0, 0, 0, Number.POSITIVE_INFINITY, Number.NaN, 1 + 2 ** -22),
  );
  assert.deepEqual(bitsOf(out).slice(1, 4), [0, 0, 0], 'all of them +0');
});

test('the smallest normal number stays, the largest subnormal goes', () => {
  const smallest = 2 ** -126;
  const leaf = Float32Array.of(smallest, -smallest, smallest - 2 ** -149, -(2 ** -149), -0, 7);
  flushSubnormals(leaf);
  assert.deepEqual(bitsOf(leaf), bitsOf(Float32Array.of(smallest, -smallest, 0, 0, 0, 7)));
});

test('the sum may be written over an operand; sizes must agree', () => {
  const a = Float32Array.of(1, 2);
  addCanonical(a, a, Float32Array.of(3, 4));
  assert.deepEqual(a, Float32Array.of(4, 6));
  assert.throws(() => addCanonical(a, a, new Float32Array(3)), RangeError);
});
