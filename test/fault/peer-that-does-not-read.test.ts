/** A peer that is there and takes no frames: what waits for it is bounded, and its sender is not kept for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zeromqTransport } from '../../src/collective/transport/zeromq-transport.ts';
import { LockstepError } from '../../src/core/errors.ts';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/data-frame.ts';

const ADDRESS = { address: 'tcp://127.0.0.1:*', keys: null, onRefused: () => {} };
/** 64 of its sender, 64 of its own. */
const QUEUED = 128;
/** What the system's sockets hold beyond them: at most tcp_wmem and tcp_rmem, some MiB each. */
const IN_SOCKETS = 64;

test('a peer that does not read gets so many frames, then TIMEOUT follows', async () => {
  const sender = zeromqTransport({ ...ADDRESS, sendTimeoutMs: 300 });
  const receiver = zeromqTransport(ADDRESS);
  try {
    await sender.bind();
    await sender.connect([{ rank: 1, endpoint: await receiver.bind() }]);
    const frame = { header: new Uint8Array(64), payload: new Uint8Array(MAX_PAYLOAD_BYTES) };
    let taken = 0;
    const sending = (async () => {
      while (taken < 10 * QUEUED) {
        await sender.send(1, frame);
        taken++;
      }
    })();
    await assert.rejects(sending, (error: unknown) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'TIMEOUT');
      assert.match(error.message, /^Cannot send to rank 1 within 300 ms: /);
      return true;
    });
    assert.ok(taken >= 64 && taken <= QUEUED + IN_SOCKETS, `${taken} frames were taken`);
    // Whoever reads again gets all that were taken.
    let came = 0;
    for await (const { payload } of receiver.frames()) {
      assert.equal(payload.byteLength, MAX_PAYLOAD_BYTES);
      if (++came === taken) break;
    }
  } finally {
    await sender.close();
    await receiver.close();
  }
});
