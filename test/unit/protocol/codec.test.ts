import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { pack } from 'msgpackr';
import {
  decodeFromCoordinator,
  decodeFromWorker,
  encode,
  MAX_CONTROL_BYTES,
  MAX_DEPTH,
} from '../../../src/protocol/codec.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/messages.ts';
import { scanMsgpack } from '../../../src/protocol/scan-msgpack.ts';

const ENVELOPE = { protocol: PROTOCOL_VERSION, run: 'run#1', generation: 1 };
const HEARTBEAT = {
  kind: 'heartbeat',
  step: 3,
  activity: 'waiting',
  forMs: 5,
  blockedMs: 0,
  ...ENVELOPE,
} as const;

/** The sentence with which a frame is refused. */
function refusal(frame: Uint8Array): string {
  const decoded = decodeFromWorker(frame);
  assert.ok(!decoded.ok);
  assert.equal(decoded.error.code, 'PROTOCOL');
  return decoded.error.message;
}

describe('codec', () => {
  const WORKER: readonly WorkerMessage[] = [
    {
      kind: 'hello',
      slot: 1,
      pid: 2,
      dataEndpoint: 'e',
      host: 'h',
      configHash: 'c',
      dataHash: 'd',
      fingerprint: 'f',
      ...ENVELOPE,
    },
    { kind: 'boundary', at: { step: 5, evaluated: false }, ...ENVELOPE },
    { kind: 'boundary', at: null, ...ENVELOPE },
    { kind: 'ready', step: 5, stateHash: 's', ...ENVELOPE },
    HEARTBEAT,
    {
      kind: 'stepDone',
      step: 1,
      sums: { loss: 0.1, weight: 2 },
      report: { a: [1, { b: null }], c: 'ä' },
      ...ENVELOPE,
    },
    { kind: 'stepDone', step: 1, sums: {}, stateHash: 's', report: {}, ...ENVELOPE },
    { kind: 'event', step: 1, payload: { deep: { er: [true] } }, ...ENVELOPE },
    { kind: 'result', step: 1, payload: { kind: 'evaluation' }, ...ENVELOPE },
    { kind: 'failed', step: 1, code: 'NON_FINITE', message: 'm', advice: 'a', ...ENVELOPE },
    { kind: 'finished', step: 9, stateHash: 's', reason: 'drained', ...ENVELOPE },
    { kind: 'damaged', sender: 2, ...ENVELOPE },
    { kind: 'signalled', signal: 'SIGTERM', ...ENVELOPE },
  ];
  for (const message of WORKER) {
    test(`returns what it was given: ${message.kind} of a worker`, () => {
      assert.deepEqual(decodeFromWorker(encode(message)), { ok: true, message });
    });
  }

  const COORDINATOR: readonly CoordinatorMessage[] = [
    { kind: 'regroup', ...ENVELOPE },
    {
      kind: 'assign',
      rank: 0,
      worldSize: 2,
      peers: [{ rank: 0, endpoint: 'e', host: 'h' }],
      origin: { kind: 'peer', rank: 1 },
      receivers: [],
      ...ENVELOPE,
    },
    { kind: 'lease', until: 2, ...ENVELOPE },
    { kind: 'drain', stopAt: 2, ...ENVELOPE },
    { kind: 'heartbeat', ...ENVELOPE },
    { kind: 'complete', step: 2, ...ENVELOPE },
    { kind: 'abort', code: 'WORKER_LOST', message: 'm', advice: 'a', ...ENVELOPE },
  ];
  for (const message of COORDINATOR) {
    test(`returns what it was given: ${message.kind} of the coordinator`, () => {
      assert.deepEqual(decodeFromCoordinator(encode(message)), { ok: true, message });
    });
  }

  test('gives each message its own bytes', () => {
    const first = encode(HEARTBEAT);
    const copy = Buffer.from(first);
    encode({ ...HEARTBEAT, step: 99 });
    assert.deepEqual(first, copy);
  });

  const REFUSED: readonly [string, Uint8Array, RegExp][] = [
    ['an empty frame', new Uint8Array(0), /ends after 0 bytes/],
    ['too large a frame', new Uint8Array(MAX_CONTROL_BYTES + 1), /1048577 bytes, at most 1048576/],
    ['a cut frame', encode(HEARTBEAT).subarray(0, 20), /a length at byte \d+ exceeds the frame/],
    ['bytes after the message', Buffer.concat([encode(HEARTBEAT), Buffer.of(0)]), /1 bytes follow/],
    ['a length beyond the frame', Buffer.of(0xdd, 0x01, 0xff, 0xff, 0xff), /exceeds the frame/],
    ['deep nesting', Buffer.alloc(100_000, 0x91), /nested more than 32 levels/],
    ['an extension', pack(new Date(0)), /not plain data/],
    ['another version', pack({ ...HEARTBEAT, protocol: 99 }), /speaks version 99 .* version 5/],
    ['an unknown kind', pack({ ...HEARTBEAT, kind: 'reboot' }), /kind: Invalid/],
    ['an unknown field', pack({ ...HEARTBEAT, extra: 1 }), /Unrecognized key: "extra"/],
    ['a missing field', pack({ kind: 'heartbeat', ...ENVELOPE }), /step: Invalid input/],
    ['a fraction as a step', pack({ ...HEARTBEAT, step: 1.5 }), /step: Invalid input/],
    [
      'a message of the other side',
      pack({ kind: 'lease', until: 1, ...ENVELOPE }),
      /kind: Invalid/,
    ],
    ['something that is no map', pack('heartbeat'), /Invalid input/],
  ];
  for (const [what, frame, sentence] of REFUSED) {
    test(`refuses ${what} with a PROTOCOL error as a value`, () => {
      assert.match(refusal(frame), sentence);
    });
  }

  test('refuses to encode too large a message', () => {
    const payload = { text: 'x'.repeat(MAX_CONTROL_BYTES) };
    assert.throws(
      () => encode({ kind: 'event', step: 0, payload, ...ENVELOPE }),
      /at most 1048576/,
    );
  });

  test('never throws: random bytes, and messages with some bytes changed', () => {
    const change = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (frame) => {
        assert.equal(decodeFromWorker(frame).ok, false);
        decodeFromCoordinator(frame);
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...WORKER), change, (message, changes) => {
        const frame = encode(message);
        for (const [at, byte] of changes) frame[at % frame.length] = byte;
        const decoded = decodeFromWorker(frame);
        if (!decoded.ok) assert.equal(decoded.error.code, 'PROTOCOL');
      }),
      { numRuns: 5000 },
    );
  });
});

describe('scanMsgpack', () => {
  test('accepts whatever plain value msgpackr writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        assert.equal(scanMsgpack(pack(value), MAX_DEPTH), null);
      }),
      { numRuns: 1000 },
    );
  });

  test('takes time in proportion to the frame, not to the lengths in it', () => {
    // An array that announces 2³²−1 arrays of 2³²−1 …: each is refused at its header.
    const bomb = Buffer.concat(Array(1000).fill(Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff)));
    assert.match(scanMsgpack(bomb, MAX_DEPTH)!, /exceeds the frame/);
  });
});
