import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { startCoordinator } from '../../src/workflow/train/start-run.ts';
import { Workplace } from '../helper/command-line.ts';
import { deadline } from '../helper/slowness.ts';

describe('a coordinator process', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('ends with the one that started it, also when that goes before it has loaded', async () => {
    const child = startCoordinator(place.path('logs'));
    const signal = AbortSignal.timeout(deadline(8_000));
    try {
      // As the death of that process shows here.
      child.disconnect();
      assert.deepEqual(await once(child, 'exit', { signal }), [null, 'SIGKILL']);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is not given the key of the hosts', () => {
    process.env.LOCKSTEP_KEY = 'c2'.repeat(32);
    const child = startCoordinator(place.path('logs'));
    try {
      assert.doesNotMatch(readFileSync(`/proc/${child.pid}/environ`, 'utf8'), /c2c2/);
    } finally {
      delete process.env.LOCKSTEP_KEY;
      child.kill('SIGKILL');
    }
  });
});
