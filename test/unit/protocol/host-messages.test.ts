import assert from 'node:assert/strict';
import { normalize } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LockstepError } from '../../../src/core/errors.ts';
import {
  decodeFromLeader,
  decodeFromMember,
  encodeHostMessage,
  HOST_PROTOCOL,
  type LeaderMessage,
  travelling,
} from '../../../src/protocol/host-messages.ts';

const run = (name: string) => ({
  ...{ kind: 'run' as const, runFolder: '/r', run: 'run#1', coordinatorKey: 'k' },
  ...{
    workerKeys: ['k'],
    worldSize: 1,
    coordinatorWaitMs: 0,
    maxRestarts: 0,
    minWorkers: 1,
    task: {},
    lock: '',
  },
  ...{ resume: false, simulate: [], firstSlot: 0 },
  copy: { port: 1, dataKey: 'd', files: [{ name, sizeBytes: 1, sha256: 'a'.repeat(64) }] },
});
const decode = (name: string) => decodeFromLeader(encodeHostMessage(run(name)));

describe('the list of files that a leader gives', () => {
  it('names those of a run and its dataset', () => {
    const names = ['config.yaml', 'extensions.json', 'data/manifest.json'];
    for (const name of [...names, 'data/version-1/sequences-00000.arrow']) {
      assert.deepEqual(decode(name), run(name));
    }
  });

  it('names no file outside of the copy, nor one that says what a copy is', () => {
    for (const name of [
      'copy.json',
      'lock',
      'data',
      'data/',
      '/etc/passwd',
      'data/.x',
      'data/a/b/c',
    ]) {
      assert.throws(() => decode(name), { code: 'PROTOCOL' }, name);
    }
    const part = fc.constantFrom(
      'data',
      '..',
      '.',
      '/',
      'a',
      'config.yaml',
      '\0',
      '\\',
      '\n',
      '.lock',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('', '/'), (parts, between) => {
        const name = parts.join(between);
        try {
          decode(name);
        } catch {
          return;
        }
        assert.equal(normalize(name), name);
        assert.match(name, /^(config\.yaml|extensions\.json|data\/[^./])/);
      }),
    );
  });
});

/** Some are longer than any path or line. */
const texts = fc
  .tuple(fc.string(), fc.constantFrom(1, 1000))
  .map(([text, times]) => text.repeat(times));

describe('messages between hosts', () => {
  it('tell how a run has ended, at whatever length', () => {
    fc.assert(
      fc.property(texts, texts, (reason, message) => {
        const failure = travelling(new LockstepError('USAGE', `x ${message}`, message));
        const end: LeaderMessage = {
          kind: 'end',
          outcome: {
            ...{ status: 'failed', exitCode: 4, reason, step: 7 },
            ...{ stateHash: null, lastCheckpoint: null, runFolder: '/shared/a' },
          },
          failure,
        };
        const heard = decodeFromLeader(encodeHostMessage(end));
        assert.deepEqual(heard, end);
      }),
    );
  });

  it('refuse anything else, in one line that says what to do', () => {
    const wrong = [null, Buffer.from(''), Buffer.from('{"kind":"x"}'), Buffer.from('[')];
    for (const frame of wrong) {
      assert.throws(() => decodeFromMember(frame), { code: 'PROTOCOL' });
      assert.throws(() => decodeFromLeader(frame), { code: 'PROTOCOL' });
    }
    const deep = (levels: number) => {
      const content = `{"a":"]}\\"[[[","b":${'['.repeat(levels)}${']'.repeat(levels)}}`;
      return Buffer.from(
        `{"kind":"journal","journal":{"epoch":1,"version":1,"content":${content}}}`,
      );
    };
    assert.doesNotThrow(() => decodeFromLeader(deep(29)));
    assert.throws(() => decodeFromLeader(deep(30)), { message: /more than 32 levels deep/ });
    const old = Buffer.from(`{"kind":"hello","protocol":${HOST_PROTOCOL - 1}}`);
    assert.throws(() => decodeFromMember(old), { message: /speaks version \d+ of the protocol/ });
  });
});
