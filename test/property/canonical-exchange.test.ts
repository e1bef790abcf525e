/** Whatever the number of workers, the exchange gives the bits of the plain tree on one worker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ExchangePlan, ExchangeShape } from '../../src/collective/exchange-plan.ts';
import { exchangePlan } from '../../src/collective/exchange-plan.ts';
import type { Range, Subtree, TreeNode } from '../../src/core/canonical-sum.ts';
import {
  addCanonical,
  flushSubnormals,
  leavesOf,
  rootLevel,
  SubtreeStack,
  sumSubtrees,
  wholeSubtrees,
} from '../../src/core/canonical-sum.ts';
import { randomStream } from '../../src/core/random.ts';

const SPECIAL = [0, -0, 2 ** -149, -(2 ** -130), 2 ** -126, -(2 ** -126), 3e38, -3e38, 1, -1];

/** Leaves of all magnitudes, many so small that their sums are subnormal, zeros of both signs. */
function leavesFor(seed: number, count: number, floats: number): Float32Array[] {
  return Array.from({ length: count }, (_, leaf) => {
    const stream = randomStream(seed, 'synthetic', leaf);
    const vector = Float32Array.from({ length: floats }, (_, i) => {
      const kind = stream.integer(3 * i, 10);
      if (kind < 2) return SPECIAL[stream.integer(3 * i + 1, SPECIAL.length)]!;
      const exponent = kind < 5 ? -125 : stream.integer(3 * i + 2, 40) - 20;
      return (2 * stream.uniform(3 * i + 1) - 1) * 2 ** exponent;
    });
    flushSubnormals(vector);
    return vector;
  });
}

const add = (left: Float32Array, right: Float32Array): Float32Array => {
  const out = new Float32Array(left.length);
  addCanonical(out, left, right);
  return out;
};

/** The definition: node (level, index) of the tree, or nothing where it covers no leaf. */
function treeSum(
  leaves: readonly Float32Array[],
  level: number,
  index: number,
): Float32Array | undefined {
  if (level === 0) return leaves[index];
  const left = treeSum(leaves, level - 1, 2 * index);
  const right = treeSum(leaves, level - 1, 2 * index + 1);
  return left && right ? add(left, right) : left;
}
const plainTree = (leaves: readonly Float32Array[]) =>
  treeSum(leaves, rootLevel(leaves.length), 0)!;

const bitsOf = (vector: Float32Array) =>
  new Uint32Array(vector.buffer, vector.byteOffset, vector.length);

/** What each worker holds after the exchange, with every message carried frame by frame. */
function exchange(
  leaves: readonly Float32Array[],
  workers: number,
  everywhere = false,
): Float32Array[] {
  const shape = { workers, microBatches: leaves.length, floats: leaves[0]!.length, everywhere };
  const plans = Array.from({ length: workers }, (_, rank) => exchangePlan(rank, shape));
  const post = new Map<string, Float32Array>();
  const own = plans.map((plan) => localSubtrees(plan, leaves));
  for (const [rank, plan] of plans.entries()) sendSubtrees(plan, own[rank]!, post);
  const totals = plans.map((plan, rank) => {
    const total = new Float32Array(shape.floats).fill(Number.NaN);
    total.set(ownedSum(plan, own[rank]!, leaves.length, post), plan.segment.begin);
    return total;
  });
  assert.equal(post.size, 0, 'every subtree sent was received');
  gather(plans, totals);
  return totals;
}

function localSubtrees(
  plan: ExchangePlan,
  leaves: readonly Float32Array[],
): Subtree<Float32Array>[] {
  const stack = new SubtreeStack<Float32Array>(leaves.length, add);
  for (let leaf = plan.share.begin; leaf < plan.share.end; leaf++) stack.push(leaf, leaves[leaf]!);
  assert.deepEqual(
    stack.subtrees().map(({ node }) => node),
    plan.subtrees,
  );
  return [...stack.subtrees()];
}

const letter = (from: number, to: number, node: TreeNode, frame: Range) =>
  JSON.stringify([from, to, node, frame]);

function sendSubtrees(
  plan: ExchangePlan,
  own: readonly Subtree<Float32Array>[],
  post: Map<string, Float32Array>,
): void {
  for (const { peer, node, frames } of plan.sends) {
    const { sum } = own.find(
      (one) => one.node.level === node.level && one.node.index === node.index,
    )!;
    for (const frame of frames) {
      const name = letter(plan.rank, peer, node, frame);
      assert.ok(!post.has(name));
      post.set(name, sum.slice(frame.begin, frame.end));
    }
  }
}

function ownedSum(
  plan: ExchangePlan,
  own: readonly Subtree<Float32Array>[],
  leaves: number,
  post: Map<string, Float32Array>,
): Float32Array {
  const { begin, end } = plan.segment;
  const received = plan.receives.map(({ peer, node, frames }) => {
    const sum = new Float32Array(end - begin);
    for (const frame of frames) {
      const name = letter(peer, plan.rank, node, frame);
      sum.set(post.get(name)!, frame.begin - begin);
      post.delete(name);
    }
    return { node, sum };
  });
  const local = own.map(({ node, sum }) => ({ node, sum: sum.slice(begin, end) }));
  // An empty segment awaits nothing and has nothing to add.
  return begin === end ? new Float32Array(0) : sumSubtrees([...received, ...local], leaves, add);
}

function gather(plans: readonly ExchangePlan[], totals: readonly Float32Array[]): void {
  for (const plan of plans) {
    for (const { peer, frames } of plan.gatherSends) {
      const expected = plans[peer]!.gatherReceives.find((one) => one.peer === plan.rank);
      assert.deepEqual(expected?.frames, frames);
      for (const { begin, end } of frames) {
        totals[peer]!.set(totals[plan.rank]!.subarray(begin, end), begin);
      }
    }
  }
}

const counts = { leaves: fc.integer({ min: 1, max: 40 }), workers: fc.integer({ min: 1, max: 9 }) };
const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 700 }));

test('every worker ends with the bits of the plain tree', () => {
  fc.assert(
    fc.property(counts.leaves, counts.workers, sizes, fc.nat(), (count, workers, floats, seed) => {
      const leaves = leavesFor(seed, count, floats);
      const expected = bitsOf(plainTree(leaves));
      for (const everywhere of [false, true]) {
        for (const total of exchange(leaves, workers, everywhere)) {
          assert.deepEqual(bitsOf(total), expected);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('frames of a leaf beyond 1 MiB fit together', () => {
  // Mirrored, since drawing takes longer than all the rest.
  const leaves = leavesFor(3, 3, 2 ** 18 + 1000).map((leaf) => {
    const long = new Float32Array(2 * leaf.length);
    long.set(leaf);
    long.set(leaf.toReversed(), leaf.length);
    return long;
  });
  const [total] = exchange(leaves, 1);
  for (const other of exchange(leaves, 2))
    assert.ok(Buffer.from(other.buffer).equals(Buffer.from(total!.buffer)));
});

test('a running sum has other bits, so the tree is what makes them equal', () => {
  const leaves = leavesFor(1, 8, 500);
  const running = leaves.slice(1).reduce(add, leaves[0]!);
  assert.notDeepEqual(bitsOf(running), bitsOf(plainTree(leaves)));
});

test("a sum of each worker's sum has other bits too", () => {
  const leaves = leavesFor(1, 8, 500);
  const sumOf = (begin: number, end: number) => plainTree(leaves.slice(begin, end));
  const ofThree = add(add(sumOf(0, 2), sumOf(2, 5)), sumOf(5, 8));
  assert.notDeepEqual(bitsOf(ofThree), bitsOf(plainTree(leaves)));
});

test('every leaf is counted exactly once, in order', () => {
  fc.assert(
    fc.property(counts.leaves, counts.workers, (count, workers) => {
      const shape: ExchangeShape = { workers, microBatches: count, floats: 16 * workers };
      const plans = Array.from({ length: workers }, (_, rank) => exchangePlan(rank, shape));
      for (const plan of plans) {
        const nodes = [...plan.subtrees, ...plan.receives.map((receive) => receive.node)];
        const covered = nodes.flatMap((node) => {
          const { begin, end } = leavesOf(node, count);
          return Array.from({ length: end - begin }, (_, i) => begin + i);
        });
        const inOrder = covered.sort((a, b) => a - b);
        assert.deepEqual(
          inOrder,
          Array.from({ length: count }, (_, i) => i),
        );
      }
      const sent = plans.reduce((sum, plan) => sum + plan.sentBytes, 0);
      assert.equal(
        sent,
        plans.reduce((sum, plan) => sum + plan.receivedBytes, 0),
      );
    }),
  );
});

test('the subtrees of any range are the ones that a stack is left with', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(300), fc.nat(300), (leaves, a, b) => {
      const range = { begin: Math.min(a, b, leaves), end: Math.min(Math.max(a, b), leaves) };
      const stack = new SubtreeStack<null>(leaves, () => null);
      for (let leaf = range.begin; leaf < range.end; leaf++) stack.push(leaf, null);
      assert.deepEqual(
        stack.subtrees().map(({ node }) => node),
        wholeSubtrees(range, leaves),
      );
    }),
  );
});

test('an adder that flushes like TensorFlow has the same bits once its −0 is +0', () => {
  const isTiny = (x: number) => Math.abs(x) < 2 ** -126;
  /** Subnormals are read as zero and written as zero of their sign. */
  const flushing = (left: Float32Array, right: Float32Array) =>
    left.map((a, i) => {
      const sum = Math.fround((isTiny(a) ? 0 : a) + (isTiny(right[i]!) ? 0 : right[i]!));
      return isTiny(sum) ? Math.sign(sum) * 0 : sum;
    });
  fc.assert(
    fc.property(counts.leaves, fc.nat(), (count, seed) => {
      const leaves = leavesFor(seed, count, 64);
      const subtrees = leaves.map((sum, index) => ({ node: { level: 0, index }, sum }));
      const total = sumSubtrees(subtrees, count, flushing);
      flushSubnormals(total);
      assert.deepEqual(bitsOf(total), bitsOf(plainTree(leaves)));
    }),
  );
});
