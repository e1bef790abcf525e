/** Whatever the number of workers, the exchange gives the bits of the plain tree on one worker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ExchangePlan } from '../../src/collective/exchange-plan.ts';
import { exchangePlan } from '../../src/collective/exchange-plan.ts';
import type { OutgoingPart } from '../../src/collective/exchange-round.ts';
import { ExchangeRound } from '../../src/collective/exchange-round.ts';
import type { Subtree } from '../../src/core/canonical-sum.ts';
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
import type { DataHeader } from '../../src/protocol/data-frame.ts';

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

interface Exchange {
  /** Numbers of workers on each host. */
  readonly hosts: readonly number[];
  readonly everywhere?: boolean;
  readonly frameFloats?: number;
  readonly localFrameFloats?: number;
}

interface Letter {
  readonly to: number;
  readonly header: DataHeader;
  readonly part: Float32Array;
}

/** What each worker holds after the exchange, with leaves and frames coming in an order that follows from `seed`. */
function exchange(
  leaves: readonly Float32Array[],
  options: Exchange,
  seed = 0,
): { totals: Float32Array[]; plans: ExchangePlan[]; bytesBetweenHosts: number[] } {
  const { rounds, ...exchanged } = exchangeUntilNothingIsDue(leaves, options, seed, null);
  for (const round of rounds) assert.ok(round.done, 'nothing is missing');
  return { totals: rounds.map(({ result }) => result), ...exchanged };
}

/** @param absent a rank that has not begun; null: all have */
function exchangeUntilNothingIsDue(
  leaves: readonly Float32Array[],
  { hosts, ...options }: Exchange,
  seed: number,
  absent: number | null,
): { rounds: ExchangeRound[]; plans: ExchangePlan[]; bytesBetweenHosts: number[] } {
  const shape = { step: 0, microBatches: leaves.length, length: leaves[0]!.length };
  const workers = hosts.reduce((sum, count) => sum + count, 0);
  const hostOf = hosts.flatMap((count, host) => Array.from({ length: count }, () => host));
  const bytesBetweenHosts = hosts.map(() => 0);
  const { microBatches, length: floats } = shape;
  const plans = hostOf.map((_, rank) =>
    exchangePlan(rank, { ...options, workers, hosts, microBatches, floats }),
  );
  const due: (() => void)[] = [];
  const rounds = plans.map((plan, rank) => {
    const post = ({ peer, part, ...rest }: OutgoingPart) => {
      if (rank === absent) return;
      const { level, index } = rest.node;
      const header = { ...rest, sender: rank, level, index } as unknown as DataHeader;
      if (hostOf[peer] !== hostOf[rank]) bytesBetweenHosts[hostOf[rank]!]! += part.byteLength;
      due.push(() => deliver({ to: peer, header, part }));
    };
    const memory = {
      result: new Float32Array(floats).fill(Number.NaN),
      sent: (count: number) => new Float32Array(count).fill(Number.NaN),
    };
    return new ExchangeRound(shape, plan, memory, post);
  });
  const deliver = ({ to, header, part }: Letter) => {
    assert.ok(rounds[to]!.accept(header, part), `rank ${to} awaits what ${header.sender} sends`);
    assert.ok(!rounds[to]!.accept(header, part), 'only once');
  };
  for (const [rank, round] of rounds.entries()) {
    if (rank === absent) continue;
    for (const { node, sum } of localSubtrees(plans[rank]!, leaves)) {
      due.push(() => round.add({ ...node, vector: sum }));
    }
  }
  const stream = randomStream(seed, 'synthetic', 99);
  for (let turn = 0; due.length > 0; turn++) due.splice(stream.integer(turn, due.length), 1)[0]!();
  return { rounds, plans, bytesBetweenHosts };
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

const leafCounts = fc.integer({ min: 1, max: 40 });
const workerCounts = fc.integer({ min: 1, max: 9 });
const sizes = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 700 }));
const hostSizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
const frameSizes = fc.constantFrom(16, 32, 48, 2 ** 18);

test('every worker ends with the bits of the plain tree, on any hosts and in any order of arrival', () => {
  fc.assert(
    fc.property(
      fc.record({ hosts: hostSizes, frameFloats: frameSizes, localFrameFloats: frameSizes }),
      fc.boolean(),
      leafCounts,
      sizes,
      fc.nat(),
      (exchanged, everywhere, count, floats, seed) => {
        const leaves = leavesFor(seed, count, floats);
        const expected = bitsOf(plainTree(leaves));
        for (const total of exchange(leaves, { ...exchanged, everywhere }, seed).totals) {
          assert.deepEqual(bitsOf(total), expected);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('no worker finishes before all have begun, on which the use of memory rests', () => {
  fc.assert(
    fc.property(
      fc.record({ hosts: hostSizes, frameFloats: frameSizes, localFrameFloats: frameSizes }),
      fc.boolean(),
      leafCounts,
      sizes,
      fc.nat(),
      (exchanged, everywhere, count, floats, seed) => {
        const workers = exchanged.hosts.reduce((sum, host) => sum + host, 0);
        fc.pre(workers > 1);
        const absent = seed % workers;
        const leaves = leavesFor(seed, count, floats);
        const options = { ...exchanged, everywhere };
        const { rounds } = exchangeUntilNothingIsDue(leaves, options, seed, absent);
        assert.deepEqual(
          rounds.filter(({ done }, rank) => rank !== absent && done),
          [],
        );
      },
    ),
    { numRuns: 300 },
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
  const [total] = exchange(leaves, { hosts: [1] }).totals;
  for (const hosts of [[2], [2, 1]]) {
    for (const other of exchange(leaves, { hosts }).totals)
      assert.ok(Buffer.from(other.buffer).equals(Buffer.from(total!.buffer)));
  }
});

test('what a plan sends is what the others receive, byte by byte', () => {
  fc.assert(
    fc.property(hostSizes, leafCounts, sizes, (hosts, microBatches, floats) => {
      const workers = hosts.reduce((sum, count) => sum + count, 0);
      const shape = { workers, hosts, microBatches, floats, frameFloats: 32 };
      const plans = Array.from({ length: workers }, (_, rank) => exchangePlan(rank, shape));
      const total = (of: 'sentBytes' | 'receivedBytes') =>
        plans.reduce((sum, plan) => sum + plan[of], 0);
      assert.equal(total('sentBytes'), total('receivedBytes'));
    }),
  );
});

test('hosts that are alike send no more over the network than a ring of hosts', () => {
  for (const [hosts, microBatches] of [
    [[2, 2], 4],
    [[2, 2], 16],
    [[3, 3], 8],
    [[4, 4, 4, 4], 32],
    [[1, 1], 2],
  ] as const) {
    const floats = 6000 * hosts.length;
    const leaves = leavesFor(1, microBatches, 1).map((leaf) =>
      new Float32Array(floats).fill(leaf[0]!),
    );
    const ring = (2 * 4 * floats * (hosts.length - 1)) / hosts.length;
    for (const bytes of exchange(leaves, { hosts, frameFloats: 512 }).bytesBetweenHosts) {
      assert.ok(bytes <= 1.05 * ring, `${hosts}: ${bytes} bytes, a ring ${ring}`);
    }
  }
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
    fc.property(leafCounts, workerCounts, (count, workers) => {
      const shape = { workers, microBatches: count, floats: 16 * workers };
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
    fc.property(leafCounts, fc.nat(), (count, seed) => {
      const leaves = leavesFor(seed, count, 64);
      const subtrees = leaves.map((sum, index) => ({ node: { level: 0, index }, sum }));
      const total = sumSubtrees(subtrees, count, flushing);
      flushSubnormals(total);
      assert.deepEqual(bitsOf(total), bitsOf(plainTree(leaves)));
    }),
  );
});
