/** A frame that is changed on its way over a real socket. */
import assert from 'node:assert/strict';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { after, describe, it } from 'node:test';
import { leavesOfStep, reduceInputOf, treeSum } from '../../src/bench/faults/leaves.ts';
import { AllReduce } from '../../src/collective/all-reduce.ts';
import type { Transport } from '../../src/collective/transport/transport.ts';
import { zeromqTransport } from '../../src/collective/transport/zeromq-transport.ts';
import type { DataHeader } from '../../src/protocol/data-frame.ts';

/** Numbers of a vector: frames of some 200 kB. */
const LENGTH = 100_000;
/** A byte in the middle of the first frame's payload. */
const DAMAGED_BYTE = 50_000;

/** Passes on what comes to another port, but for one bit of the whole stream. */
class DamagingProxy {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #passed = 0;

  constructor(port: number) {
    this.#server = createServer((from) => {
      const to = connect(port, '127.0.0.1');
      this.#sockets.push(from, to);
      to.pipe(from);
      from.on('data', (chunk: Buffer) => {
        const at = DAMAGED_BYTE - this.#passed;
        if (at >= 0 && at < chunk.length) chunk[at]! ^= 1;
        this.#passed += chunk.length;
        to.write(chunk);
      });
      for (const socket of [from, to]) socket.on('error', () => socket.destroy());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('a bit that flips on the way between two workers', () => {
  const closing: (() => void | Promise<void>)[] = [];
  after(async () => {
    for (const close of closing) await close();
  });

  it('is noticed, its frame dropped, and the sum is right in the next generation', async () => {
    const transports: Transport[] = [0, 1].map(() =>
      zeromqTransport({ address: 'tcp://127.0.0.1:*', keys: null, onRefused: () => {} }),
    );
    closing.push(...transports.map((transport) => () => transport.close()));
    const endpoints = await Promise.all(transports.map((transport) => transport.bind()));
    const proxy = new DamagingProxy(Number(new URL(endpoints[1]!).port));
    closing.push(() => proxy.close());
    endpoints[1] = await proxy.listen();
    let onDamaged: (header: DataHeader) => void = () => {};
    const damaged = new Promise<DataHeader>((resolve) => {
      onDamaged = resolve;
    });
    const { signal } = new AbortController();
    const ranks = transports.map(
      (transport, rank) =>
        new AllReduce({
          ...{ rank, worldSize: 2, generation: 1, run: 'r', transport, signal },
          deadlineMs: 30_000,
          onDamaged: (header) => onDamaged(header),
        }),
    );
    const leaves = leavesOfStep(3, 2, LENGTH);
    const reduceAll = () => ranks.map((one, rank) => one.reduce(reduceInputOf(rank, 2, 3, leaves)));
    for (const [rank, transport] of transports.entries()) {
      await transport.connect([{ rank: 1 - rank, endpoint: endpoints[1 - rank]! }]);
    }

    const spoilt = reduceAll();
    for (const round of spoilt) round.catch(() => undefined);
    const { sender, step, stage } = await damaged;
    assert.deepEqual([sender, step, stage], [0, 3, 'reduce']);
    assert.equal(ranks[1]!.dropped.damaged, 1);

    for (const [rank, one] of ranks.entries()) {
      one.form({ rank, worldSize: 2, generation: 2 }, new Error('changed'));
    }
    for (const round of spoilt) await assert.rejects(round, /^Error: changed$/);
    for (const sum of await Promise.all(reduceAll())) {
      assert.ok(Buffer.from(sum.buffer).equals(Buffer.from(treeSum(leaves).buffer)));
    }
  });
});
