/** Who gets through the gate of a listening tcp socket: the real ZeroMQ, in one process. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { curveKeyPair, Dealer } from 'zeromq';
import { MAX_CONTROL_BYTES } from '../../src/protocol/codec.ts';
import { openControlServer } from '../../src/protocol/control-socket.ts';
import type { RunKeys } from '../../src/protocol/curve-keys.ts';
import {
  makeProcessKeys,
  readKeyFile,
  workerKeyFile,
  writeKeyFiles,
} from '../../src/protocol/curve-keys.ts';
import { clientOptions, Gate } from '../../src/protocol/gate.ts';
import { deadline } from '../helper/slowness.ts';

interface Door {
  readonly endpoint: string;
  readonly gate: Gate;
  readonly worker: RunKeys;
  /** The next frame that came in, null for one of several parts. */
  next(): Promise<Uint8Array | null>;
  readonly refused: readonly string[];
}

async function withDoor(body: (door: Door) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  const keys = writeKeyFiles(folder, makeProcessKeys(1));
  const worker = readKeyFile(workerKeyFile(folder, 0));
  rmSync(folder, { recursive: true });
  const refused: string[] = [];
  const frames: (Uint8Array | null)[] = [];
  let wake = () => {};
  const gate = await Gate.open(keys, (text) => refused.push(text));
  const onFrame = (_peer: string, frame: Uint8Array | null) => {
    frames.push(frame);
    wake();
  };
  const server = await openControlServer(
    'tcp://127.0.0.1:*',
    { onFrame, onSendFailure() {} },
    gate,
  );
  const next = async () => {
    while (frames.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return frames.shift()!;
  };
  try {
    await body({ endpoint: server.endpoint, gate, worker, next, refused });
    assert.equal(frames.length, 0, 'nobody else got a frame in');
  } finally {
    server.close();
    await gate.close();
  }
}

/**
 * A peer with some options; says "hi", and is closed after `body`. It is watched from before it connects: ZeroMQ
 * does not try again after some refusals, and tells nobody who begins to listen later.
 */
async function withPeer(
  { endpoint }: Door,
  options: object,
  body: (peer: Dealer) => Promise<void>,
): Promise<void> {
  const peer = new Dealer({ linger: 0, sendTimeout: 0, reconnectInterval: 20, ...options });
  try {
    void peer.events;
    peer.connect(endpoint);
    await peer.send('hi');
    await body(peer);
  } finally {
    peer.close();
  }
}

/** Resolves when the peer was turned away. */
async function turnedAway(peer: Dealer): Promise<void> {
  for await (const { type } of peer.events) if (type === 'disconnect') return;
}

/** What a socket's monitor tells comes a moment later. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const text = (frame: Uint8Array | null) => Buffer.from(frame!).toString();
const known = ({ worker }: Door) => clientOptions(worker, worker.coordinatorKey);

describe('the gate of a tcp socket', { timeout: deadline(30_000) }, () => {
  test('lets in a worker of the run', async () => {
    await withDoor(async (door) => {
      await withPeer(door, known(door), async () => assert.equal(text(await door.next()), 'hi'));
      await until(() => door.gate.counts.admitted === 1);
      assert.deepEqual({ ...door.gate.counts }, { accepted: 1, admitted: 1, wrongKeys: 0 });
      assert.deepEqual(door.refused, []);
    });
  });

  test('lets a worker that is started again in with the same keys', async () => {
    await withDoor(async (door) => {
      for (let start = 0; start < 2; start++) {
        await withPeer(door, known(door), async () => assert.equal(text(await door.next()), 'hi'));
      }
    });
  });

  test('takes the largest message there is, encrypted', async () => {
    await withDoor(async (door) => {
      await withPeer(door, known(door), async (peer) => {
        assert.equal(text(await door.next()), 'hi');
        await peer.send(Buffer.alloc(MAX_CONTROL_BYTES));
        assert.equal((await door.next())!.length, MAX_CONTROL_BYTES);
      });
    });
  });

  const other = curveKeyPair();
  for (const [who, options] of [
    [
      'a stranger with keys of its own',
      (door: Door) => ({
        ...known(door),
        curvePublicKey: other.publicKey,
        curveSecretKey: other.secretKey,
      }),
    ],
    [
      'a peer that shows the public key of a worker',
      (door: Door) => ({ ...known(door), curveSecretKey: other.secretKey }),
    ],
    [
      'a peer that looks for another coordinator',
      (door: Door) => ({ ...known(door), curveServerKey: other.publicKey }),
    ],
    ['a peer that does not encrypt', () => ({})],
  ] as const) {
    test(`turns away ${who}, and goes on`, async () => {
      await withDoor(async (door) => {
        await withPeer(door, options(door), turnedAway);
        assert.equal(door.gate.counts.admitted, 0);
        await until(() => door.gate.counts.accepted > 0);
        await withPeer(door, known(door), async () => assert.equal(text(await door.next()), 'hi'));
        assert.ok(door.refused.length <= 1, 'once a source');
      });
    });
  }

  test('names the address of a wrong key once, and counts each', async () => {
    await withDoor(async (door) => {
      const options = {
        ...known(door),
        curvePublicKey: other.publicKey,
        curveSecretKey: other.secretKey,
      };
      for (let i = 0; i < 3; i++) await withPeer(door, options, turnedAway);
      assert.deepEqual(door.refused, [
        'refused a connection from 127.0.0.1: its key is not one of this run',
      ]);
      assert.ok(door.gate.counts.wrongKeys >= 3);
    });
  });

  test('cuts off who sends more than a message may have, and lets others go on', async () => {
    await withDoor(async (door) => {
      await withPeer(door, known(door), async (peer) => {
        assert.equal(text(await door.next()), 'hi');
        const cut = turnedAway(peer);
        await peer.send(Buffer.alloc(2 * MAX_CONTROL_BYTES));
        await cut;
      });
      await withPeer(door, known(door), async () => assert.equal(text(await door.next()), 'hi'));
    });
  });

  test('hangs up on what is not ZeroMQ', async () => {
    await withDoor(async (door) => {
      const port = Number(door.endpoint.split(':').at(-1));
      await new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
        socket
          .once('error', () => {})
          .once('close', resolve)
          .resume();
      });
      await withPeer(door, known(door), async () => assert.equal(text(await door.next()), 'hi'));
    });
  });

  test('lets nobody in once no handler answers', async () => {
    await withDoor(async (door) => {
      await door.gate.close();
      await withPeer(door, known(door), turnedAway);
      assert.equal(door.gate.counts.admitted, 0);
    });
  });
});
