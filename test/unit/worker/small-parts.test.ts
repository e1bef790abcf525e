import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reduceInput } from '../../../src/collective/exchange-round.ts';
import { addCanonical, SubtreeStack } from '../../../src/core/canonical-sum.ts';
import { Stopwatch } from '../../../src/worker/training/stopwatch.ts';

describe('Stopwatch', () => {
  it('has every section from the start, and counts what failed as well', async () => {
    const watch = new Stopwatch(['a', 'b']);
    assert.deepEqual(watch.milliseconds, { a: 0, b: 0 });
    assert.equal(await watch.time('a', async () => 3), 3);
    assert.equal(
      watch.timeSync('a', () => 4),
      4,
    );
    await assert.rejects(
      watch.time('b', () => Promise.reject(new Error('no'))),
      /no/,
    );
    const afterwards = watch.milliseconds.b;
    assert.ok(afterwards > 0);
    assert.throws(() =>
      watch.timeSync('b', () => {
        throw new Error('no');
      }),
    );
    assert.ok(watch.milliseconds.b > afterwards);
  });
});

describe('reduceInput()', () => {
  it("has a rank's finished subtrees with their place in the tree", () => {
    const stack = new SubtreeStack<Float32Array>(5, (a, b) => {
      const sum = new Float32Array(1);
      addCanonical(sum, a, b);
      return sum;
    });
    for (const leaf of [1, 2, 3, 4]) stack.push(leaf, Float32Array.of(2 ** leaf));
    const shape = { step: 9, microBatches: 5, length: 1 };
    assert.deepEqual(reduceInput(stack, shape), {
      ...shape,
      subtrees: [
        { level: 0, index: 1, vector: Float32Array.of(2) },
        { level: 1, index: 1, vector: Float32Array.of(12) },
        { level: 2, index: 1, vector: Float32Array.of(16) },
      ],
    });
  });

  it('is empty for a rank without micro-batches', () => {
    const stack = new SubtreeStack<Float32Array>(1, (a) => a);
    const shape = { step: 0, microBatches: 1, length: 1 };
    assert.deepEqual(reduceInput(stack, shape).subtrees, []);
  });
});
