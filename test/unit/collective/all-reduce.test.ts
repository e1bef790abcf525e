import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { leavesOfStep, reduceInputOf, treeSum } from '../../../src/bench/faults/leaves.ts';
import { AllReduce } from '../../../src/collective/all-reduce.ts';
import type { ReduceInput } from '../../../src/collective/exchange-round.ts';
import type { Transport } from '../../../src/collective/transport/transport.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { encodeHeader, runTag } from '../../../src/protocol/data-frame.ts';
import { memoryTransport } from '../../helper/memory-transport.ts';

const RUN = 'test#1';

interface Group {
  readonly ranks: readonly AllReduce[];
  readonly transports: readonly Transport[];
  readonly abort: AbortController;
}

async function withGroup(
  worldSize: number,
  body: (group: Group) => Promise<void>,
  deadlineMs = 10_000,
): Promise<void> {
  const hub = new Map();
  const abort = new AbortController();
  const transports = Array.from({ length: worldSize }, (_, r) => memoryTransport(hub, `${r}`));
  for (const [rank, transport] of transports.entries()) {
    await transport.bind();
    const peers = transports.map((_, r) => ({ rank: r, endpoint: `${r}` }));
    await transport.connect(peers.filter((peer) => peer.rank !== rank));
  }
  const ranks = transports.map(
    (transport, rank) =>
      new AllReduce({
        rank,
        worldSize,
        run: RUN,
        generation: 1,
        transport: worldSize === 1 ? null : transport,
        deadlineMs,
        signal: abort.signal,
      }),
  );
  try {
    await body({ ranks, transports, abort });
  } finally {
    await Promise.all(transports.map((transport) => transport.close()));
  }
}

function inputsOf(worldSize: number, step: number, microBatches: number, length: number) {
  const leaves = leavesOfStep(step, microBatches, length);
  const inputs = Array.from({ length: worldSize }, (_, rank) =>
    reduceInputOf(rank, worldSize, step, leaves),
  );
  return { inputs, expected: treeSum(leaves) };
}

const bitsOf = (vector: Float32Array) => Buffer.from(vector.buffer).toString('hex');
const hasCode = (code: string) => (thrown: unknown) =>
  thrown instanceof LockstepError && thrown.code === code;

describe('AllReduce', () => {
  test('gives every rank the bits of the plain tree, for any workers, micro-batches and length', async () => {
    const shape = fc.record({
      worldSize: fc.integer({ min: 1, max: 8 }),
      microBatches: fc.integer({ min: 1, max: 13 }),
      // Small ones go to everyone whole, large ones in segments.
      length: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 1, max: 400 }) },
        { weight: 1, arbitrary: fc.integer({ min: 66_000, max: 66_400 }) },
      ),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ worldSize, microBatches, length }) => {
        await withGroup(worldSize, async ({ ranks }) => {
          for (const step of [4, 5, 6]) {
            const { inputs, expected } = inputsOf(worldSize, step, microBatches, length);
            const sums = await Promise.all(ranks.map((rank, i) => rank.reduce(inputs[i]!)));
            for (const sum of sums) assert.equal(bitsOf(sum), bitsOf(expected));
          }
        });
      }),
      { numRuns: 60 },
    );
  });

  test('works in several frames a segment', async () => {
    const { inputs, expected } = inputsOf(2, 0, 3, 1_300_003);
    await withGroup(2, async ({ ranks }) => {
      const sums = await Promise.all(ranks.map((rank, i) => rank.reduce(inputs[i]!)));
      for (const sum of sums)
        assert.ok(Buffer.from(sum.buffer).equals(Buffer.from(expected.buffer)));
    });
  });

  test('does not write to the vectors it is given', async () => {
    const { inputs } = inputsOf(3, 0, 7, 100);
    const before = inputs.map((input) => input.subtrees.map(({ vector }) => bitsOf(vector)));
    await withGroup(3, async ({ ranks }) => {
      await Promise.all(ranks.map((rank, i) => rank.reduce(inputs[i]!)));
    });
    assert.deepEqual(
      inputs.map((input) => input.subtrees.map(({ vector }) => bitsOf(vector))),
      before,
    );
  });

  test('sends a subtree that is offered before the others are there, and gives the same bits', async () => {
    const { inputs, expected } = inputsOf(3, 4, 8, 66_000);
    const offering = inputs.findIndex(({ subtrees }) => subtrees.length > 1);
    const { subtrees, ...shape } = inputs[offering]!;
    await withGroup(3, async ({ ranks, transports }) => {
      const sent: number[] = [];
      const { send } = transports[offering]!;
      transports[offering]!.send = async (rank, frame) => {
        sent.push(frame.payload.length);
        await send.call(transports[offering], rank, frame);
      };
      ranks[offering]!.offer(shape, subtrees[0]!);
      assert.equal(sent.filter((bytes) => bytes > 0).length, 2, 'a segment to each of the others');
      const sums = await Promise.all(ranks.map((rank, i) => rank.reduce(inputs[i]!)));
      for (const sum of sums) assert.equal(bitsOf(sum), bitsOf(expected));
      assert.throws(
        () =>
          ranks[offering]!.offer(shape, { level: 5, index: 9, vector: new Float32Array(66_000) }),
        hasCode('UNEXPECTED'),
      );
    });
  });

  test('drops what was offered when the generation changes', async () => {
    const { inputs, expected } = inputsOf(3, 4, 8, 500);
    const offering = inputs.findIndex(({ subtrees }) => subtrees.length > 1);
    const { subtrees, ...shape } = inputs[offering]!;
    const wrong = { ...subtrees[0]!, vector: subtrees[0]!.vector.map((x) => x + 1) };
    await withGroup(3, async ({ ranks }) => {
      ranks[offering]!.offer(shape, wrong);
      const why = new LockstepError('WORKER_LOST', 'One is gone.', '');
      for (const [rank, each] of ranks.entries())
        each.form({ rank, worldSize: 3, generation: 2 }, why);
      const sums = await Promise.all(ranks.map((rank, i) => rank.reduce(inputs[i]!)));
      for (const sum of sums) assert.equal(bitsOf(sum), bitsOf(expected));
    });
  });

  test('holds frames of a rank that is a round ahead', async () => {
    const first = inputsOf(2, 0, 2, 64);
    const second = inputsOf(2, 1, 2, 64);
    await withGroup(2, async ({ ranks: [a, b] }) => {
      const aRounds = a!.reduce(first.inputs[0]!).then(() => a!.reduce(second.inputs[0]!));
      await b!.reduce(first.inputs[1]!);
      // Lets a's frames of the second round arrive before b begins it.
      await new Promise((resolve) => setImmediate(resolve));
      const bSum = await b!.reduce(second.inputs[1]!);
      assert.equal(bitsOf(bSum), bitsOf(second.expected));
      assert.equal(bitsOf(await aRounds), bitsOf(second.expected));
    });
  });

  test('drops and counts frames of other runs, generations and rounds, damaged ones, duplicates and nonsense', async () => {
    await withGroup(2, async ({ ranks, transports }) => {
      const { inputs, expected } = inputsOf(2, 0, 2, 64);
      const good = {
        run: runTag(RUN),
        generation: 1,
        round: 0,
        step: 0,
        stage: 'reduce',
        sender: 0,
        vectorLength: 64,
        microBatches: 2,
        level: 0,
        index: 0,
        offset: 0,
      } as const;
      const payload = new Uint8Array(new Float32Array(64).fill(9).buffer);
      const send = (header: Uint8Array, bytes = payload) =>
        transports[0]!.send(1, { header, payload: bytes });
      const sendAs = (change: object, bytes = payload) =>
        send(encodeHeader({ ...good, ...change }, bytes), bytes);
      await sendAs({ run: runTag('another') });
      await sendAs({ generation: 2 });
      await sendAs({ round: 3 });
      await send(Uint8Array.of(1, 2, 3));
      await sendAs({}, payload.subarray(1));
      // Not an offset of this plan, a node of nobody, and a wrong size.
      await sendAs({ offset: 33 });
      await sendAs({ level: 9 });
      await sendAs({}, payload.subarray(4));
      // Not what was sent; of another run, nobody's business.
      await send(encodeHeader(good, new Uint8Array(256)));
      await send(encodeHeader({ ...good, run: runTag('another') }, new Uint8Array(256)));
      const sums = await Promise.all(ranks.map((rank, i) => rank.reduce(inputs[i]!)));
      for (const sum of sums) assert.equal(bitsOf(sum), bitsOf(expected));
      assert.deepEqual(ranks[1]!.dropped, { malformed: 2, damaged: 1, stale: 4, unawaited: 3 });
    });
  });

  test('ends with PROTOCOL when ranks reduce different steps', async () => {
    await withGroup(2, async ({ ranks: [a, b], abort }) => {
      const stray = a!.reduce(inputsOf(2, 8, 2, 64).inputs[0]!);
      await assert.rejects(
        b!.reduce(inputsOf(2, 7, 2, 64).inputs[1]!),
        /^LockstepError: Rank 1 reduces step 7 with 2 micro-batches of 64 numbers, rank 0 reduces step 8 /,
      );
      abort.abort(new LockstepError('PROTOCOL', 'over', ''));
      await assert.rejects(stray);
    });
  });

  test('names the ranks it waited for when the deadline passes', async () => {
    await withGroup(
      3,
      async ({ ranks, abort }) => {
        const { inputs } = inputsOf(3, 7, 3, 96);
        const other = ranks[0]!.reduce(inputs[0]!).catch((thrown: unknown) => thrown);
        await assert.rejects(ranks[1]!.reduce(inputs[1]!), (thrown) => {
          assert.ok(thrown instanceof LockstepError);
          assert.equal(thrown.code, 'TIMEOUT');
          assert.match(
            thrown.message,
            /^Rank 1 waited 30 ms in the all-reduce of step 7 for rank (0, )?2\.$/,
          );
          return true;
        });
        abort.abort(new LockstepError('TIMEOUT', 'over', ''));
        await other;
      },
      30,
    );
  });

  test('rejects with the reason of the abort, at once and from then on', async () => {
    await withGroup(2, async ({ ranks: [a], abort }) => {
      const { inputs } = inputsOf(2, 0, 2, 64);
      const pending = a!.reduce(inputs[0]!);
      abort.abort(new LockstepError('WORKER_LOST', 'rank 1 is gone', ''));
      await assert.rejects(pending, hasCode('WORKER_LOST'));
      await assert.rejects(a!.reduce(inputs[0]!), hasCode('WORKER_LOST'));
    });
  });

  test('refuses subtrees that are not those of the rank', async () => {
    await withGroup(2, async ({ ranks: [a] }) => {
      const { inputs } = inputsOf(2, 3, 4, 64);
      const foreign: ReduceInput = inputs[1]!;
      await assert.rejects(a!.reduce(foreign), hasCode('UNEXPECTED'));
    });
  });

  test('drops a round for a new generation, in which it is done again with the same bits', async () => {
    await withGroup(3, async ({ ranks: [a, b], transports }) => {
      const { inputs } = inputsOf(3, 7, 5, 96);
      const dropped = [a!.reduce(inputs[0]!), b!.reduce(inputs[1]!)];
      for (const round of dropped) round.catch(() => undefined);
      // Rank 2 is gone: its share goes to the others.
      const peers = [0, 1].map((rank) => ({ rank, endpoint: `${rank}` }));
      for (const [rank, one] of [a!, b!].entries()) {
        one.form({ rank, worldSize: 2, generation: 2 }, new Error('changed'));
        await transports[rank]!.connect(peers.filter((peer) => peer.rank !== rank));
      }
      for (const round of dropped) await assert.rejects(round, /^Error: changed$/);
      const again = inputsOf(2, 7, 5, 96);
      const sums = await Promise.all([a!.reduce(again.inputs[0]!), b!.reduce(again.inputs[1]!)]);
      for (const sum of sums) assert.equal(bitsOf(sum), bitsOf(again.expected));
    });
  });
});
