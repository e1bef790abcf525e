/** What every transport must do; each implementation runs the same suite. */
import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Arenas } from '../../src/collective/transport/host-memory.ts';
import { openTransport } from '../../src/collective/transport/open-transport.ts';
import type { Frame, Transport } from '../../src/collective/transport/transport.ts';
import { zeromqTransport } from '../../src/collective/transport/zeromq-transport.ts';
import { LockstepError } from '../../src/core/errors.ts';
import { removeTemporaryFolder } from '../../src/core/temporary-folder.ts';
import {
  makeProcessKeys,
  readKeyFile,
  workerKeyFile,
  writeKeyFiles,
} from '../../src/protocol/curve-keys.ts';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/data-frame.ts';
import { ipcEndpoint, makePrivateFolder } from '../../src/protocol/private-folder.ts';
import { memoryTransport } from '../helper/memory-transport.ts';

const HOST = 'here';
const ANY_PORT = 'tcp://127.0.0.1:*';
const onRefused = (text: string) => assert.fail(text);

interface Implementation {
  make(rank: number): Transport;
  /** One host for all by default. */
  hostOf?(rank: number): string;
  cleanUp(): void;
}

/** As `openTransport`, with keys. */
function overTcp(hostOf: (rank: number) => string): Implementation {
  const folder = makePrivateFolder();
  writeKeyFiles(folder, makeProcessKeys(3));
  return {
    hostOf,
    make: (rank) => {
      const keys = readKeyFile(workerKeyFile(folder, rank));
      return openTransport({ address: ANY_PORT, keys, onRefused }, hostOf(rank));
    },
    cleanUp: () => removeTemporaryFolder(folder),
  };
}

const IMPLEMENTATIONS: Readonly<Record<string, () => Implementation>> = {
  'in memory': () => {
    const hub = new Map();
    return { make: (rank) => memoryTransport(hub, `rank-${rank}`), cleanUp: () => {} };
  },
  'ZeroMQ over tcp': () => {
    const folder = makePrivateFolder();
    writeKeyFiles(folder, makeProcessKeys(3));
    const keysOf = (rank: number) => readKeyFile(workerKeyFile(folder, rank));
    return {
      make: (rank) => zeromqTransport({ address: ANY_PORT, keys: keysOf(rank), onRefused }),
      cleanUp: () => removeTemporaryFolder(folder),
    };
  },
  'ZeroMQ over insecure tcp': () => ({
    make: () => zeromqTransport({ address: ANY_PORT, keys: null, onRefused }),
    cleanUp: () => {},
  }),
  'ZeroMQ over ipc': () => {
    const folder = makePrivateFolder();
    return {
      make: (rank) => {
        const address = ipcEndpoint(folder, `worker-${rank}.sock`);
        return zeromqTransport({ address, keys: null, onRefused });
      },
      cleanUp: () => removeTemporaryFolder(folder),
    };
  },
  'shared memory': () => {
    const folder = makePrivateFolder();
    return {
      make: (rank) => {
        const address = ipcEndpoint(folder, `worker-${rank}.sock`);
        return openTransport({ address, keys: null, onRefused }, HOST);
      },
      cleanUp: () => removeTemporaryFolder(folder),
    };
  },
  'shared memory over tcp': () => overTcp(() => HOST),
  'shared memory with one peer, tcp with another': () =>
    overTcp((rank) => (rank < 2 ? HOST : 'elsewhere')),
  'shared memory, of which nobody has any': () => overTcp((rank) => `host-${rank}`),
};

/** Transports of `ranks` ranks, all connected, closed after `body`. */
async function connected(
  implementation: Implementation,
  ranks: number,
  body: (transports: readonly Transport[]) => Promise<void>,
): Promise<void> {
  const transports = Array.from({ length: ranks }, (_, rank) => implementation.make(rank));
  try {
    const endpoints = await Promise.all(transports.map((transport) => transport.bind()));
    const { hostOf = () => HOST } = implementation;
    const peers = endpoints.map((endpoint, rank) => ({ rank, endpoint, host: hostOf(rank) }));
    for (const [rank, transport] of transports.entries()) {
      await transport.connect(peers.filter((peer) => peer.rank !== rank));
    }
    await body(transports);
  } finally {
    await Promise.all(transports.map((transport) => transport.close()));
    implementation.cleanUp();
  }
}

async function receive(transport: Transport, count: number): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of transport.frames()) {
    if (frames.push(frame) === count) break;
  }
  return frames;
}

const frameOf = (tag: number, payload: Uint8Array): Frame => ({
  header: Uint8Array.of(tag),
  payload,
});
const hasCode = (code: string) => (thrown: unknown) =>
  thrown instanceof LockstepError && thrown.code === code;

for (const [name, implement] of Object.entries(IMPLEMENTATIONS)) {
  describe(`transport ${name}`, () => {
    test('delivers header and payload to the peer named, and to no other', async () => {
      await connected(implement(), 3, async ([a, b, c]) => {
        await a!.send(1, frameOf(1, Uint8Array.of(10, 11)));
        await a!.send(2, frameOf(2, Uint8Array.of(20)));
        const [[toB], [toC]] = await Promise.all([receive(b!, 1), receive(c!, 1)]);
        assert.deepEqual([...toB!.header, ...toB!.payload], [1, 10, 11]);
        assert.deepEqual([...toC!.header, ...toC!.payload], [2, 20]);
      });
    });

    test('keeps the order of each sender', async () => {
      await connected(implement(), 3, async ([a, b, c]) => {
        for (let i = 0; i < 50; i++) {
          await a!.send(2, frameOf(0, Uint8Array.of(i)));
          await b!.send(2, frameOf(1, Uint8Array.of(i)));
        }
        const frames = await receive(c!, 100);
        for (const sender of [0, 1]) {
          const order = frames.filter((f) => f.header[0] === sender).map((f) => f.payload[0]);
          assert.deepEqual(order, [...Array(50).keys()]);
        }
      });
    });

    test('accepts many sends at once and frames of the largest size', async () => {
      await connected(implement(), 2, async ([a, b]) => {
        const payloads = Array.from({ length: 6 }, (_, i) =>
          new Uint8Array(MAX_PAYLOAD_BYTES).fill(i + 1),
        );
        const received = receive(b!, payloads.length);
        await Promise.all(payloads.map((payload, i) => a!.send(1, frameOf(i, payload))));
        for (const [i, frame] of (await received).entries()) {
          assert.equal(frame.payload.length, MAX_PAYLOAD_BYTES);
          assert.ok(frame.payload.every((byte) => byte === i + 1));
        }
      });
    });

    test('delivers what lies in its own memory, from any place in it', async () => {
      await connected(implement(), 2, async ([a, b]) => {
        const memory = a!.memory(1000);
        memory.set([1.5, -2, 3], 7);
        const part = memory.subarray(7, 10);
        const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
        await a!.send(1, frameOf(1, bytes));
        await a!.send(1, frameOf(2, Uint8Array.of(9)));
        const [placed, copied] = await receive(b!, 2);
        const { buffer } = new Uint8Array(placed!.payload);
        assert.deepEqual([...new Float32Array(buffer)], [1.5, -2, 3]);
        assert.deepEqual([placed!.header[0], copied!.header[0], copied!.payload[0]], [1, 2, 9]);
      });
    });

    test('delivers empty payloads', async () => {
      await connected(implement(), 2, async ([a, b]) => {
        await a!.send(1, frameOf(7, new Uint8Array(0)));
        const [frame] = await receive(b!, 1);
        assert.deepEqual([frame!.header[0], frame!.payload.length], [7, 0]);
      });
    });

    test('refuses an unknown rank and too large a payload', async () => {
      await connected(implement(), 2, async ([a]) => {
        await assert.rejects(a!.send(5, frameOf(0, new Uint8Array(1))), hasCode('PROTOCOL'));
        const large = new Uint8Array(MAX_PAYLOAD_BYTES + 1);
        await assert.rejects(a!.send(1, frameOf(0, large)), hasCode('PROTOCOL'));
      });
    });

    test('ends the stream of frames when it is closed', async () => {
      await connected(implement(), 2, async ([a]) => {
        const drained = receive(a!, 1);
        await a!.close();
        assert.deepEqual(await drained, []);
      });
    });
  });
}

describe('a transport with peers here and elsewhere', () => {
  const [HERE, ELSEWHERE] = [1, 2];
  const mixed = () => overTcp((rank) => (rank === ELSEWHERE ? 'elsewhere' : HOST));
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
    new Uint8Array(buffer, byteOffset, byteLength);

  test('shows its memory to the one, and sends a copy to the other, which outlasts the memory', async () => {
    await connected(mixed(), 3, async ([a, b, c]) => {
      const memory = a!.memory(2 ** 18).fill(3);
      await a!.send(HERE, frameOf(1, bytesOf(memory)));
      const [seen] = await receive(b!, 1);
      memory[5] = 4;
      assert.equal(new Float32Array(seen!.payload.buffer, seen!.payload.byteOffset)[5], 4);
      const sent = a!.send(ELSEWHERE, frameOf(1, bytesOf(memory)));
      a!.forgetMemory();
      await sent;
      const [copied] = await receive(c!, 1);
      assert.ok(
        Buffer.from(copied!.payload).equals(
          Buffer.from(new Float32Array(2 ** 18).fill(3).with(5, 4).buffer),
        ),
      );
    });
  });

  test('wants a checksum of nothing that stays in memory or is encrypted', async () => {
    await connected(mixed(), 3, async ([a]) => {
      const memory = bytesOf(a!.memory(4));
      for (const rank of [HERE, ELSEWHERE]) assert.ok(!a!.wantsChecksum(rank, memory));
    });
    const open = openTransport({ address: ANY_PORT, keys: null, onRefused }, HOST);
    await open.bind();
    const endpoint = 'tcp://127.0.0.1:1';
    await open.connect([HOST, 'elsewhere'].map((host, i) => ({ rank: 1 + i, endpoint, host })));
    const placed = bytesOf(open.memory(4));
    assert.deepEqual(
      [HERE, ELSEWHERE].map((rank) => open.wantsChecksum(rank, placed)),
      [false, true],
    );
    assert.ok(open.wantsChecksum(HERE, new Uint8Array(16)), 'it travels');
    await open.close();
  });

  test('opens no file that is named to it, but memory that a worker made', async () => {
    await connected(mixed(), 3, async ([a]) => {
      const place = a!.placeOf(a!.memory(8))!;
      const stranger = new Arenas();
      assert.ok(stranger.at(place));
      const other = { ...place, address: { ...place.address, token: '0123456789abcdef' } };
      assert.equal(stranger.at(other), null);
      const fd = openSync(process.execPath, 'r');
      const bytes = fstatSync(fd).size;
      assert.equal(stranger.at({ ...other, address: { ...other.address, fd, bytes } }), null);
      closeSync(fd);
      stranger.clear();
    });
  });
});
