/** Leaves made of numbers whose sum depends on the order of addition, and their plain canonical sum. */

import type { ReduceInput } from '../../collective/exchange-round.ts';
import { addCanonical, flushSubnormals, SubtreeStack, shareOf } from '../../core/canonical-sum.ts';
import { randomStream } from '../../core/random.ts';

const POWERS = Float64Array.from({ length: 41 }, (_, index) => 2 ** (index - 20));

/**
 * One vector a micro-batch; magnitudes from 2⁻²⁰ to 2²⁰, so that hardly any addition is exact. Drawn by a generator
 * that costs next to nothing (xorshift): fault tests make thousands of steps of them.
 */
export function leavesOfStep(step: number, microBatches: number, length: number): Float32Array[] {
  return Array.from({ length: microBatches }, (_, leaf) => {
    let state = Math.floor(randomStream(17, 'synthetic', step, leaf).uniform(0) * 2 ** 32) | 1;
    const vector = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const drawn = state >>> 0;
      vector[i] = (drawn / 2 ** 32 - 0.5) * POWERS[drawn % POWERS.length]!;
    }
    flushSubnormals(vector);
    return vector;
  });
}

const merge = (left: Float32Array, right: Float32Array): Float32Array => {
  const sum = new Float32Array(left.length);
  addCanonical(sum, left, right);
  return sum;
};

/** The sum that every number of workers must give. */
export function treeSum(leaves: readonly Float32Array[]): Float32Array {
  const stack = new SubtreeStack(leaves.length, merge);
  for (const [leaf, vector] of leaves.entries()) stack.push(leaf, vector);
  return stack.subtrees()[0]!.sum;
}

/** What rank `rank` contributes. */
export function reduceInputOf(
  rank: number,
  worldSize: number,
  step: number,
  leaves: readonly Float32Array[],
): ReduceInput {
  const { begin, end } = shareOf(rank, worldSize, leaves.length);
  const stack = new SubtreeStack(leaves.length, merge);
  for (let leaf = begin; leaf < end; leaf++) stack.push(leaf, leaves[leaf]!);
  const subtrees = stack.subtrees().map(({ node, sum }) => ({ ...node, vector: sum }));
  return { step, microBatches: leaves.length, length: leaves[0]!.length, subtrees };
}
