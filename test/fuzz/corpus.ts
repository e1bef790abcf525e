/** Frames to start from: one real message of each kind, headers of data frames, ZAP requests, and bombs. */
import { pack } from 'msgpackr';
import { encode } from '../../src/protocol/codec.ts';
import { encodeHeader } from '../../src/protocol/data-frame.ts';
import type { CoordinatorBody, WorkerBody } from '../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';

const ENVELOPE = { protocol: PROTOCOL_VERSION, run: 'run#0123456789abcdef', generation: 1 };
const failure = { code: 'NON_FINITE', message: 'The loss is NaN.', advice: 'Lower the rate.' };
const hashes = { configHash: 'c'.repeat(64), dataHash: 'd'.repeat(64), fingerprint: '{"cpu":1}' };

const FROM_WORKER: readonly WorkerBody[] = [
  { kind: 'hello', slot: 1, pid: 2, dataEndpoint: 'tcp://127.0.0.1:5', host: 'a1', ...hashes },
  { kind: 'boundary', at: { step: 4, evaluated: true } },
  { kind: 'ready', step: 5, stateHash: 's'.repeat(64) },
  { kind: 'heartbeat', step: 3, activity: 'waiting', forMs: 7, blockedMs: 0 },
  { kind: 'result', step: 2, payload: { kind: 'saved' } },
  { kind: 'stepDone', step: 1, sums: { loss: 0.1 }, report: { tokens: 7, timings: { wait: [1] } } },
  { kind: 'event', step: 1, payload: { kind: 'evaluation', metrics: { accuracy: 0.5 } } },
  { kind: 'failed', step: 1, ...failure },
  { kind: 'finished', step: 9, stateHash: 's', reason: 'drained' },
  { kind: 'damaged', sender: 1 },
  { kind: 'signalled', signal: 'SIGTERM' },
];
const FROM_COORDINATOR: readonly CoordinatorBody[] = [
  { kind: 'regroup' },
  {
    kind: 'assign',
    ...{ rank: 0, worldSize: 2, peers: [{ rank: 1, endpoint: 'tcp://10.0.0.1:7', host: 'b2' }] },
    ...{ origin: { kind: 'peer', rank: 1 }, receivers: [1] },
  },
  { kind: 'lease', until: 2 },
  { kind: 'drain', stopAt: 2 },
  { kind: 'heartbeat' },
  { kind: 'complete', step: 2 },
  { kind: 'abort', ...failure },
];

/** Announce much more than they hold. */
const BOMBS: readonly Buffer[] = [
  Buffer.alloc(100_000, 0x91),
  Buffer.alloc(100_000, 0x81),
  Buffer.concat(Array(1000).fill(Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff))),
  ...[0xdd, 0xdf, 0xdb, 0xc6].map((tag) => Buffer.of(tag, 0x01, 0xff, 0xff, 0xff)),
  ...[0xc7, 0xc8, 0xc9].map((tag) => Buffer.of(tag, 0xff, 0xff, 0xff, 0xff, 0x01)),
  ...[0xd4, 0xd5, 0xd6, 0xd7, 0xd8].map((tag) => Buffer.alloc(18, tag)),
  pack(new Date(0)),
  pack({ kind: 'heartbeat', step: 3, ...ENVELOPE, __proto__x: 1 }),
  // A map with the key "__proto__".
  Buffer.concat([Buffer.of(0x81, 0xa9), Buffer.from('__proto__'), Buffer.of(0x80)]),
];

export const CONTROL: readonly Buffer[] = [
  ...[...FROM_WORKER, ...FROM_COORDINATOR].map((body) => encode({ ...body, ...ENVELOPE } as never)),
  ...BOMBS,
];

const HEADER = {
  run: '00112233445566778899aabbccddeeff',
  generation: 1,
  round: 3,
  step: 3,
  sender: 1,
  vectorLength: 1000,
  microBatches: 5,
  level: 1,
  index: 0,
  offset: 0,
};
export const HEADERS: readonly Buffer[] = [
  encodeHeader({ ...HEADER, stage: 'reduce' }, Buffer.alloc(4000, 1)),
  encodeHeader({ ...HEADER, stage: 'gather', level: 0 }, null),
];

export const ZAP: readonly (readonly Buffer[])[] = [
  ['1.0', '7', 'lockstep', '10.0.0.1', '', 'CURVE', 'k'.repeat(32)],
  ['1.0', '7', 'lockstep', '10.0.0.1', '', 'PLAIN', 'user', 'password'],
  ['1.0', '7', 'lockstep', '10.0.0.1', '', 'NULL'],
].map((frames) => frames.map((frame) => Buffer.from(frame)));

/** Beginnings of what may come to a TCP port: ZMTP of all versions and mechanisms, and other protocols. */
const greeting = (minor: number, mechanism: string, asServer: number): Buffer => {
  const bytes = Buffer.alloc(64);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, minor]);
  bytes.write(mechanism, 12);
  bytes[32] = asServer;
  return bytes;
};
const command = (name: string, body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.of(4, 1 + name.length + body.length, name.length),
    Buffer.from(name),
    body,
  ]);

export const TCP: readonly Buffer[] = [
  Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
  Buffer.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0),
  Buffer.of(0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0),
  ...['NULL', 'PLAIN', 'CURVE', 'GSSAPI'].map((name) => greeting(1, name, 0)),
  Buffer.concat([greeting(0, 'CURVE', 0), command('HELLO', Buffer.alloc(194, 1))]),
  Buffer.concat([greeting(1, 'CURVE', 0), command('INITIATE', Buffer.alloc(200, 2))]),
  Buffer.concat([greeting(1, 'CURVE', 1), command('MESSAGE', Buffer.alloc(90, 3))]),
  Buffer.concat([
    greeting(1, 'NULL', 0),
    command('READY', Buffer.from('\x0bSocket-Type\0\0\0\x06DEALER')),
  ]),
  // A frame that announces 2⁶³ bytes.
  Buffer.concat([
    greeting(1, 'NULL', 0),
    Buffer.of(2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  ]),
];
