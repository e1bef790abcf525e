import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockstepError } from '../../../../src/core/errors.ts';
import { patiently } from '../../../../src/worker/training/patiently.ts';

const FULL = new LockstepError('OUT_OF_RESOURCES', 'Cannot write "a": it is full.', 'Free space.');

/** Fails so often, then writes. */
function failing(times: number, thrown: unknown = FULL) {
  const calls = { count: 0 };
  const write = async (): Promise<string> => {
    calls.count++;
    if (calls.count <= times) throw thrown;
    return 'written';
  };
  return { calls, write };
}

describe('saving on a disk that refuses', () => {
  it('tries again and says so', async () => {
    const warnings: string[] = [];
    const { write } = failing(2);
    assert.equal(await patiently(write, (text) => warnings.push(text), [1, 2]), 'written');
    assert.deepEqual(warnings, [
      'Cannot write "a": it is full. The run tries again in 0.001 s.',
      'Cannot write "a": it is full. The run tries again in 0.002 s.',
    ]);
  });

  it('ends with an error that no restart follows', async () => {
    const { write, calls } = failing(9);
    await assert.rejects(
      patiently(write, () => {}, [1, 1]),
      (error: unknown) => {
        assert.ok(error instanceof LockstepError);
        assert.equal(error.code, 'SAVE_FAILED');
        assert.equal(error.exitCode, 5);
        assert.match(error.toLine(), /Cannot write "a": it is full. It was tried 3 times. Free/);
        return true;
      },
    );
    assert.equal(calls.count, 3);
  });

  it('takes an error of the system as it takes a full disk', async () => {
    const broken = Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'rename', path: 'b' });
    const { write } = failing(1, broken);
    assert.equal(await patiently(write, () => {}, [1]), 'written');
  });

  it('does not try a defect again', async () => {
    const { write, calls } = failing(9, new TypeError('no function'));
    await assert.rejects(
      patiently(write, () => {}, [1]),
      TypeError,
    );
    assert.equal(calls.count, 1);
  });
});
