import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExchangeShape } from '../../../src/collective/exchange-layout.ts';
import { piecesOf } from '../../../src/collective/exchange-pieces.ts';
import { exchangePlan, isSmall } from '../../../src/collective/exchange-plan.ts';
import { shareOf } from '../../../src/core/canonical-sum.ts';

test('shares are contiguous and as equal as possible', () => {
  const shares = [0, 1, 2].map((rank) => shareOf(rank, 3, 8));
  assert.deepEqual(shares, [
    { begin: 0, end: 2 },
    { begin: 2, end: 5 },
    { begin: 5, end: 8 },
  ]);
  assert.deepEqual(shareOf(0, 3, 1), { begin: 0, end: 0 });
});

/** The range that a rank finishes. */
function segmentOf(rank: number, shape: ExchangeShape) {
  const own = exchangePlan(rank, shape).pieces.filter(({ isOwn }) => isOwn);
  return { begin: own[0]?.begin ?? 0, end: own.at(-1)?.end ?? 0 };
}

test('segments begin at multiples of 16; only the last may end elsewhere', () => {
  const shape = { workers: 3, microBatches: 8, floats: 1001 };
  const segments = [
    { begin: 0, end: 336 },
    { begin: 336, end: 672 },
    { begin: 672, end: 1001 },
  ];
  for (const hosts of [[3], [1, 1, 1]]) {
    assert.deepEqual(
      [0, 1, 2].map((rank) => segmentOf(rank, { ...shape, hosts })),
      segments,
    );
  }
});

test('each host is home to an equal section, and each shares out every section among its workers', () => {
  const piece = (begin: number, end: number, home: number, combiners: number[]) => ({
    ...{ begin, end, home, combiners },
  });
  assert.deepEqual(piecesOf([2, 1], 64, 1e6), [
    piece(0, 16, 0, [0, 2]),
    piece(16, 32, 0, [1, 2]),
    piece(32, 48, 1, [0, 2]),
    piece(48, 64, 1, [1, 2]),
  ]);
  assert.deepEqual(piecesOf([1, 1], 40, 16), [
    piece(0, 16, 0, [0, 1]),
    piece(16, 32, 1, [0, 1]),
    piece(32, 40, 1, [0, 1]),
  ]);
});

test('the first of two workers on the first of two hosts has one counterpart, on the other host', () => {
  const plan = exchangePlan(0, { workers: 4, hosts: [2, 2], microBatches: 8, floats: 64 });
  const own = { begin: 0, end: 16 };
  const theirs = { begin: 32, end: 48 };
  const neighbours = [
    { begin: 48, end: 64 },
    { begin: 16, end: 32 },
  ];
  const leaf = (index: number) => ({ level: 1, index });
  const half = (index: number) => ({ level: 2, index });
  assert.deepEqual(plan.pieces, [
    { ...theirs, isOwn: false, sentSums: 1 },
    { ...own, isOwn: true, sentSums: 1 },
  ]);
  assert.deepEqual(plan.sends, [{ peer: 1, node: leaf(0), frames: neighbours }]);
  assert.deepEqual(plan.receives, [{ peer: 1, node: leaf(1), frames: [theirs, own] }]);
  assert.deepEqual(plan.sumSends, [{ peer: 2, node: half(0), frames: [theirs] }]);
  assert.deepEqual(plan.sumReceives, [{ peer: 2, node: half(1), frames: [own] }]);
  assert.deepEqual(plan.gatherSends, [
    { peer: 2, frames: [own] },
    { peer: 1, frames: [own] },
  ]);
  assert.deepEqual(plan.gatherReceives, [
    { peer: 2, frames: [theirs] },
    { peer: 1, frames: [neighbours[1]] },
  ]);
  assert.deepEqual(plan.copySends, [{ peer: 1, frames: [theirs] }]);
  assert.deepEqual(plan.copyReceives, [{ peer: 1, frames: [neighbours[0]] }]);
});

test('one worker exchanges nothing and owns everything', () => {
  const plan = exchangePlan(0, { workers: 1, microBatches: 5, floats: 100 });
  assert.deepEqual(plan, {
    rank: 0,
    floats: 100,
    peers: [],
    neighbours: [],
    share: { begin: 0, end: 5 },
    subtrees: [{ level: 3, index: 0 }],
    pieces: [{ begin: 0, end: 100, isOwn: true, sentSums: 0 }],
    parts: [{ level: 3, index: 0 }],
    sums: [{ level: 3, index: 0 }],
    sends: [],
    receives: [],
    sumSends: [],
    sumReceives: [],
    gatherSends: [],
    gatherReceives: [],
    copySends: [],
    copyReceives: [],
    silent: [],
    sentBytes: 0,
    receivedBytes: 0,
  });
});

test('the middle of three workers sends its subtrees to both owners and its segment to both', () => {
  const plan = exchangePlan(1, { workers: 3, microBatches: 8, floats: 48 });
  const own = [{ begin: 16, end: 32 }];
  const first = [{ begin: 0, end: 16 }];
  const last = [{ begin: 32, end: 48 }];
  const pair = { level: 1, index: 1 };
  const leaf = { level: 0, index: 4 };
  assert.deepEqual(plan.subtrees, [pair, leaf]);
  assert.deepEqual(plan.sends, [
    { peer: 2, node: pair, frames: last },
    { peer: 2, node: leaf, frames: last },
    { peer: 0, node: pair, frames: first },
    { peer: 0, node: leaf, frames: first },
  ]);
  assert.deepEqual(plan.receives, [
    { peer: 0, node: { level: 1, index: 0 }, frames: own },
    { peer: 2, node: { level: 0, index: 5 }, frames: own },
    { peer: 2, node: { level: 1, index: 3 }, frames: own },
  ]);
  assert.deepEqual(plan.gatherSends, [
    { peer: 2, frames: own },
    { peer: 0, frames: own },
  ]);
  assert.deepEqual(plan.gatherReceives, [
    { peer: 2, frames: last },
    { peer: 0, frames: first },
  ]);
});

test('a worker sends (c + 1)/2 times the bytes of a ring', () => {
  const ringBytes = (2 * 4 * 4800 * 2) / 3;
  const bytes = [0, 1, 2].map((rank) =>
    exchangePlan(rank, { workers: 3, microBatches: 8, floats: 4800 }),
  );
  assert.deepEqual(
    bytes.map((plan) => plan.sentBytes / ringBytes),
    [1, 1.5, 1.5],
  );
  const even = exchangePlan(2, { workers: 4, microBatches: 16, floats: 6400 });
  assert.equal(even.sentBytes, (2 * 4 * 6400 * 3) / 4);
  assert.equal(even.receivedBytes, even.sentBytes);
});

test('a rank without micro-batches still finishes and shares a segment', () => {
  const plan = exchangePlan(0, { workers: 2, microBatches: 1, floats: 64 });
  assert.deepEqual(plan.subtrees, []);
  assert.deepEqual(plan.sends, []);
  assert.deepEqual(plan.pieces, [{ begin: 0, end: 32, isOwn: true, sentSums: 0 }]);
  assert.deepEqual(plan.silent, []);
  assert.deepEqual(plan.receives, [
    { peer: 1, node: { level: 0, index: 0 }, frames: [{ begin: 0, end: 32 }] },
  ]);
  assert.equal(plan.gatherSends.length, 1);
});

test('frames hold at most 1 MiB', () => {
  const plan = exchangePlan(0, { workers: 2, microBatches: 2, floats: 2 ** 20 + 7 });
  const sizes = plan.sends[0]!.frames.map(({ begin, end }) => end - begin);
  assert.deepEqual(sizes, [2 ** 18, 2 ** 18, 7]);
});

test('an empty segment is neither sent nor awaited', () => {
  const plans = [0, 1, 2].map((rank) =>
    exchangePlan(rank, { workers: 3, microBatches: 3, floats: 5 }),
  );
  assert.deepEqual(
    plans.map((plan) => plan.gatherSends.length),
    [0, 0, 2],
  );
  assert.deepEqual(
    plans.map((plan) => plan.receives.length),
    [0, 0, 2],
  );
  assert.deepEqual(
    plans.map((plan) => plan.sends.length),
    [1, 1, 0],
  );
});

test('a small vector goes to everyone whole, and nothing comes back', () => {
  const shape = { workers: 3, microBatches: 3, floats: 5 };
  assert.ok(isSmall(shape));
  assert.ok(!isSmall({ ...shape, floats: 1e6 }));
  const plan = exchangePlan(1, { ...shape, everywhere: true });
  const whole = [{ begin: 0, end: 5 }];
  assert.deepEqual(plan.pieces, [{ begin: 0, end: 5, isOwn: true, sentSums: 0 }]);
  assert.deepEqual(plan.sends, [
    { peer: 2, node: { level: 0, index: 1 }, frames: whole },
    { peer: 0, node: { level: 0, index: 1 }, frames: whole },
  ]);
  assert.deepEqual(plan.receives, [
    { peer: 0, node: { level: 0, index: 0 }, frames: whole },
    { peer: 2, node: { level: 1, index: 1 }, frames: whole },
  ]);
  assert.deepEqual([plan.gatherSends, plan.gatherReceives], [[], []]);
});

test('only a rank without micro-batches and pieces of its own must show that it has begun', () => {
  const silent = (shape: ExchangeShape) => exchangePlan(0, shape).silent;
  assert.deepEqual(silent({ workers: 3, microBatches: 1, floats: 5, everywhere: true }), [0, 1]);
  assert.deepEqual(silent({ workers: 3, microBatches: 1, floats: 5 }), [0, 1]);
  assert.deepEqual(silent({ workers: 3, microBatches: 1, floats: 32 }), [0]);
  assert.deepEqual(silent({ workers: 3, microBatches: 1, floats: 48 }), []);
  assert.deepEqual(silent({ workers: 4, hosts: [2, 2], microBatches: 2, floats: 0 }), [0, 1, 2, 3]);
});
