import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { workerIdentity } from '../../../src/worker/identity.ts';

const ENVIRONMENT = {
  LOCKSTEP_RUN: 'a#1',
  LOCKSTEP_SLOT: '1',
  LOCKSTEP_ATTEMPT: '2',
  LOCKSTEP_WORLD_SIZE: '2',
  LOCKSTEP_COORDINATOR: 'tcp://127.0.0.1:5',
  LOCKSTEP_DATA_ADDRESS: 'tcp://127.0.0.1:*',
  LOCKSTEP_KEY_FILE: '/k/worker-1.keys',
  LOCKSTEP_RUN_FOLDER: 'runs/a',
};

describe('workerIdentity', () => {
  test('is what the environment says', () => {
    const more = { LOCKSTEP_PARENT_PID: '7', LOCKSTEP_COORDINATOR_WAIT_MS: '60000', PATH: '/bin' };
    assert.deepEqual(workerIdentity({ ...ENVIRONMENT, ...more }), {
      run: 'a#1',
      slot: 1,
      attempt: 2,
      worldSize: 2,
      coordinatorEndpoint: 'tcp://127.0.0.1:5',
      dataAddress: 'tcp://127.0.0.1:*',
      dataReachedAt: null,
      privateFolder: null,
      keyFile: '/k/worker-1.keys',
      runFolder: 'runs/a',
      parentPid: 7,
      coordinatorWaitMs: 60_000,
    });
  });

  for (const [name, value] of [
    ['LOCKSTEP_RUN', undefined],
    ['LOCKSTEP_SLOT', '-1'],
    ['LOCKSTEP_WORLD_SIZE', '0'],
    ['LOCKSTEP_PARENT_PID', 'x'],
    ['LOCKSTEP_INSECURE_TCP', 'maybe'],
  ] as const) {
    test(`names ${name} when it is ${value}`, () => {
      assert.throws(() => workerIdentity({ ...ENVIRONMENT, [name]: value }), {
        code: 'USAGE',
        message: new RegExp(`the environment variable ${name} is not usable`),
      });
    });
  }

  test('refuses tcp without keys, unless that was asked for', () => {
    const { LOCKSTEP_KEY_FILE, ...rest } = ENVIRONMENT;
    assert.throws(() => workerIdentity(rest), { code: 'INSECURE', exitCode: 8 });
    const asked = workerIdentity({ ...rest, LOCKSTEP_INSECURE_TCP: 'yes' });
    assert.equal(asked.keyFile, null);
    const sockets = { LOCKSTEP_COORDINATOR: 'ipc:///c', LOCKSTEP_DATA_ADDRESS: 'ipc:///d' };
    assert.equal(workerIdentity({ ...rest, ...sockets }).keyFile, null);
  });
});
