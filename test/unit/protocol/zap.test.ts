import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { curveKeyPair } from 'zeromq';
import { decideZap, keyBytes } from '../../../src/protocol/zap.ts';

const KEY = keyBytes(curveKeyPair().publicKey);
const REQUEST = ['1.0', '7', 'lockstep', '10.0.0.1', '', 'CURVE'].map((part) => Buffer.from(part));
const good = [...REQUEST, Buffer.from(KEY, 'hex')];
const decide = (frames: readonly Buffer[]) => decideZap(frames, new Set([KEY]));
const changed = (at: number, text: string | Buffer) => good.with(at, Buffer.from(text as string));

describe('decideZap', () => {
  test('admits a key of the run', () => {
    const { answer, isAdmitted, address } = decide(good);
    assert.deepEqual([isAdmitted, address], [true, '10.0.0.1']);
    assert.deepEqual(answer.map(String), ['1.0', '7', '200', 'OK', '', '']);
  });

  test('reads a key as Z85 says (test vector of rfc.zeromq.org/spec/32)', () => {
    assert.equal(keyBytes('HelloWorld'), '864fd26fb559f75b');
  });

  for (const [what, frames] of [
    ['another key', changed(6, Buffer.alloc(32))],
    ['a key with a byte more', changed(6, Buffer.concat([good[6]!, Buffer.of(0)]))],
    ['no key', REQUEST],
    ['two keys', [...good, good[6]!]],
    ['another mechanism', changed(5, 'NULL')],
    ['another domain', changed(2, 'global')],
    ['another version', changed(0, '2.0')],
    ['nothing', []],
  ] as const) {
    test(`refuses ${what} with 400`, () => {
      const { answer, isAdmitted } = decide(frames);
      assert.deepEqual([isAdmitted, answer[2]!.toString(), answer.length], [false, '400', 6]);
    });
  }

  test('lets no control code of an address into the log', () => {
    assert.equal(decide(changed(3, '\u001b[2J10.0.0.9\n')).address, '210.0.0.9');
    assert.equal(decide(changed(3, 'zz')).address, 'unknown');
  });

  test('admits nothing else, whatever the frames', () => {
    const frame = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...good));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 9 }), (frames) => {
        const { isAdmitted, answer } = decide(frames.map((bytes) => Buffer.from(bytes)));
        const isKnown =
          frames.length === 7 && [0, 2, 5, 6].every((at) => good[at]!.equals(frames[at]!));
        assert.equal(isAdmitted, isKnown);
        assert.equal(answer.length, 6);
      }),
      { numRuns: 3000 },
    );
  });
});
