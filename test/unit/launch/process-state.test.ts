import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { processState } from '../../../src/launch/process-state.ts';

test('processState tells a stopped process from one that runs and one that is gone', async () => {
  const child = spawn('sleep', ['60']);
  const exited = once(child, 'exit');
  await once(child, 'spawn');
  assert.equal(processState(child.pid!), 'running');
  child.kill('SIGSTOP');
  while (processState(child.pid!) !== 'stopped')
    await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGKILL');
  await exited;
  assert.equal(processState(child.pid!), undefined);
});
