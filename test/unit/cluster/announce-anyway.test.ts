import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { announceAnyway } from '../../../src/cluster/rendezvous/announce-anyway.ts';
import { LockstepError } from '../../../src/core/errors.ts';

describe('announceAnyway()', () => {
  it('warns once where the disk takes nothing, and tries until it does', async () => {
    const warned: string[] = [];
    let attempts = 0;
    await new Promise<void>((announced) => {
      const announce = (port: number) => {
        assert.equal(port, 4711);
        attempts++;
        if (attempts < 4) throw new LockstepError('OUT_OF_RESOURCES', 'It is full.', 'Free space.');
        announced();
      };
      announceAnyway({ announce }, 4711, (text) => warned.push(text), 1);
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(attempts, 4);
    assert.deepEqual(warned, ['Hosts that come back do not find this one yet: It is full.']);
  });

  it('tries no longer than it is asked to', async () => {
    let attempts = 0;
    const announce = () => {
      attempts++;
      throw new LockstepError('OUT_OF_RESOURCES', 'It is full.', 'Free space.');
    };
    announceAnyway({ announce }, 4711, () => {}, 1)();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(attempts, 1);
  });
});
