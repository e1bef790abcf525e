/** Mutated frames at every decoder, in this process. */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { LockstepError } from '../../src/core/errors.ts';
import { decodeFromCoordinator, decodeFromWorker, MAX_DEPTH } from '../../src/protocol/codec.ts';
import { splitEndpoint } from '../../src/protocol/curve-keys.ts';
import { decodeHeader, HEADER_BYTES } from '../../src/protocol/data-frame.ts';
import { scanMsgpack } from '../../src/protocol/scan-msgpack.ts';
import { decideZap } from '../../src/protocol/zap.ts';
import { CONTROL, HEADERS, ZAP } from './corpus.ts';
import type { Dice } from './mutate.ts';
import { diceOf, mutate } from './mutate.ts';

const KEYS = { publicKey: '', secretKey: '', coordinatorKey: '', workerKeys: ['k'.repeat(40)] };
const NOBODY: ReadonlySet<string> = new Set();
const from = (corpus: readonly Buffer[], dice: Dice): Buffer =>
  mutate(corpus[dice(corpus.length)]!, corpus, dice);

/** The header's last four bytes: the CRC-32 of those before them. */
function sealHeader(frame: Buffer): void {
  frame.writeUInt32LE(crc32(frame.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
}

/** Each decodes one mutated frame and checks that what comes out is one of the two things that may. */
const TARGETS: Readonly<Record<string, (dice: Dice) => void>> = {
  'control frames of workers': (dice) => {
    const frame = from(CONTROL, dice);
    const decoded = decodeFromWorker(frame);
    if (!decoded.ok) assert.equal(decoded.error.code, 'PROTOCOL');
    // Whatever is understood was plain data.
    else assert.equal(scanMsgpack(frame, MAX_DEPTH), null);
  },
  'control frames of the coordinator': (dice) => {
    const decoded = decodeFromCoordinator(from(CONTROL, dice));
    if (!decoded.ok) assert.equal(decoded.error.code, 'PROTOCOL');
  },
  'headers of data frames': (dice) => {
    const frame = from(HEADERS, dice);
    // Few get past the checksum, unless it is made anew.
    if (frame.length === HEADER_BYTES && dice(2) === 0) sealHeader(frame);
    const header = decodeHeader(frame);
    if (header !== null) assert.equal(frame.length, HEADER_BYTES);
  },
  'ZAP requests': (dice) => {
    const request = ZAP[dice(ZAP.length)]!;
    const at = dice(request.length);
    const frames = request.with(at, mutate(request[at]!, request, dice)).slice(0, dice(9));
    const { isAdmitted, answer } = decideZap(frames, NOBODY);
    assert.deepEqual([isAdmitted, answer.length, answer[2]!.toString()], [false, 6, '400']);
  },
  'endpoints of peers': (dice) => {
    const endpoint = mutate(Buffer.from(`tcp://10.0.0.1:5?key=${'j'.repeat(40)}`), HEADERS, dice);
    assert.throws(
      () => splitEndpoint(endpoint.toString('latin1'), KEYS),
      (thrown) => thrown instanceof LockstepError && thrown.code === 'INSECURE',
    );
  },
};

/** `frames` mutated frames at each decoder. Throws at the first that does what it must not, naming its number. */
export function fuzzDecoders(frames: number, seed: number, tell: (line: string) => void): void {
  for (const [name, decodeOne] of Object.entries(TARGETS)) {
    const dice = diceOf(seed);
    for (let i = 0; i < frames; i++) {
      try {
        decodeOne(dice);
      } catch (cause) {
        throw new Error(`seed ${seed}, frame ${i} at ${name}`, { cause });
      }
    }
    tell(`${frames} frames at ${name}`);
  }
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.deepEqual(Object.keys(Object.prototype), []);
}
