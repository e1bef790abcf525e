import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { workerIdentity } from '../../../src/worker/identity.ts';

const ENVIRONMENT = {
  LOCKSTEP_RUN: 'a#1',
  LOCKSTEP_SLOT: '1',
  LOCKSTEP_WORLD_SIZE: '2',
  LOCKSTEP_COORDINATOR: 'tcp://127.0.0.1:5',
  LOCKSTEP_DATA_ADDRESS: 'tcp://127.0.0.1:*',
  LOCKSTEP_RUN_FOLDER: 'runs/a',
};

describe('workerIdentity', () => {
  test('is what the environment says', () => {
    assert.deepEqual(workerIdentity({ ...ENVIRONMENT, LOCKSTEP_PARENT_PID: '7', PATH: '/bin' }), {
      run: 'a#1',
      slot: 1,
      worldSize: 2,
      coordinatorEndpoint: 'tcp://127.0.0.1:5',
      dataAddress: 'tcp://127.0.0.1:*',
      socketFolder: null,
      runFolder: 'runs/a',
      parentPid: 7,
    });
  });

  for (const [name, value] of [
    ['LOCKSTEP_RUN', undefined],
    ['LOCKSTEP_SLOT', '-1'],
    ['LOCKSTEP_WORLD_SIZE', '0'],
    ['LOCKSTEP_PARENT_PID', 'x'],
  ] as const) {
    test(`names ${name} when it is ${value}`, () => {
      assert.throws(() => workerIdentity({ ...ENVIRONMENT, [name]: value }), {
        code: 'USAGE',
        message: new RegExp(`the environment variable ${name} is not usable`),
      });
    });
  }
});
