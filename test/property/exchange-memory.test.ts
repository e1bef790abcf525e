/**
 * Memory of a round is written again while others may still read it, and no message says that they have: what
 * all-reduce.ts argues, on a network that reads each frame where it lies, as late and in as bad an order as it can.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leavesOfStep, reduceInputOf, treeSum } from '../../src/bench/faults/leaves.ts';
import { AllReduce } from '../../src/collective/all-reduce.ts';
import type { Frame, Transport } from '../../src/collective/transport/transport.ts';
import { UnsharedMemory } from '../../src/collective/transport/unshared-memory.ts';
import { randomStream } from '../../src/core/random.ts';
import { FrameInbox } from '../helper/frame-inbox.ts';

/** Rounds for which a worker's main thread keeps the vectors. */
const TURNS = 2;

/** Frames that are under way lie in their senders' memory until they arrive. */
class Network {
  readonly #due: { from: number; to: number; frame: Frame }[] = [];
  readonly #inboxes = new Map<number, FrameInbox>();
  readonly #random: ReturnType<typeof randomStream>;
  #turns = 0;

  constructor(seed: number) {
    this.#random = randomStream(seed, 'synthetic');
  }

  transport(rank: number, smallFloats: number): Transport {
    const inbox = new FrameInbox();
    this.#inboxes.set(rank, inbox);
    const send = (to: number, frame: Frame) => this.#due.push({ from: rank, to, frame });
    return new LateTransport(inbox, send, smallFloats);
  }

  /** Delivers frames until `isOver`; those of one rank only when there are no others. */
  async carry(slowest: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const fast = this.#due.filter(({ from, to }) => from !== slowest && to !== slowest);
      const among = fast.length > 0 ? fast : this.#due;
      assert.ok(among.length > 0, 'every rank waits');
      const next = among[this.#random.integer(this.#turns++, among.length)]!;
      this.#due.splice(this.#due.indexOf(next), 1);
      this.#inboxes.get(next.to)!.push(next.frame);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    for (const inbox of this.#inboxes.values()) inbox.close();
  }
}

class LateTransport extends UnsharedMemory implements Transport {
  readonly frameFloats = 32;
  readonly gateCounts = null;
  readonly smallFloats: number;
  readonly #inbox: FrameInbox;
  readonly #send: (rank: number, frame: Frame) => void;

  constructor(inbox: FrameInbox, send: (rank: number, frame: Frame) => void, smallFloats: number) {
    super();
    this.#inbox = inbox;
    this.#send = send;
    this.smallFloats = smallFloats;
  }

  async bind(): Promise<string> {
    return '';
  }

  async connect(): Promise<void> {}

  /** A checksum is made of the numbers as they are sent: others than these are damaged when they arrive. */
  wantsChecksum(): boolean {
    return true;
  }

  async send(rank: number, frame: Frame): Promise<void> {
    this.#send(rank, frame);
  }

  frames(): AsyncIterable<Frame> {
    return this.#inbox.frames();
  }

  async close(): Promise<void> {}
}

interface Round {
  readonly microBatches: number;
  readonly length: number;
}

/** Runs all rounds on one rank, with vectors in memory that is written again two rounds later. */
async function runRank(
  allReduce: AllReduce,
  rank: number,
  worldSize: number,
  rounds: readonly Round[],
): Promise<void> {
  const slots = Array.from({ length: TURNS }, () => new Map<number, Float32Array>());
  for (const [step, { microBatches, length }] of rounds.entries()) {
    const leaves = leavesOfStep(step, microBatches, length);
    const { subtrees, ...shape } = reduceInputOf(rank, worldSize, step, leaves);
    const slot = slots[step % TURNS]!;
    const placed = subtrees.map((subtree, i) => {
      const memory = slot.get(i) ?? new Float32Array(1000);
      slot.set(i, memory);
      memory.fill(Number.NaN).set(subtree.vector);
      return { ...subtree, vector: memory.subarray(0, length) };
    });
    const sum = await allReduce.reduce({ ...shape, subtrees: placed });
    assert.deepEqual(sum, treeSum(leaves), `the sum of round ${step} on rank ${rank}`);
  }
}

test('nothing is overwritten that is still read, whatever the hosts, shapes and order of arrival', async () => {
  const hosts = fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 })
    .filter((sizes) => sizes.some((size) => size > 1) || sizes.length > 1);
  const round = fc.record({
    microBatches: fc.integer({ min: 1, max: 9 }),
    length: fc.integer({ min: 1, max: 200 }),
  });
  const rounds = fc.array(round, { minLength: 3, maxLength: 6 });
  const smallFloats = fc.constantFrom(0, 200, 2 ** 16);
  await fc.assert(
    fc.asyncProperty(
      hosts,
      rounds,
      smallFloats,
      fc.nat(),
      fc.nat(),
      async (sizes, all, ...rest) => {
        const [small, seed, slowest] = rest;
        const worldSize = sizes.reduce((sum, count) => sum + count, 0);
        const network = new Network(seed);
        // One for each rank, since each listens to its own.
        const signal = () => new AbortController().signal;
        const damaged: number[] = [];
        let running = worldSize;
        const ranks = Array.from({ length: worldSize }, (_, rank) => {
          const transport = network.transport(rank, small);
          const allReduce = new AllReduce({
            ...{
              rank,
              worldSize,
              hosts: sizes,
              run: 'r',
              generation: 1,
              transport,
              signal: signal(),
            },
            deadlineMs: 60_000,
            onDamaged: () => damaged.push(rank),
          });
          return runRank(allReduce, rank, worldSize, all).finally(() => running--);
        });
        const ended = Promise.all(ranks);
        ended.catch(() => undefined);
        try {
          await network.carry(slowest % worldSize, () => running === 0 || damaged.length > 0);
          assert.deepEqual(damaged, [], 'ranks that got other numbers than were sent');
          await ended;
        } finally {
          network.close();
        }
      },
    ),
    { numRuns: 150 },
  );
});
