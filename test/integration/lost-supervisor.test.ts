import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, it } from 'node:test';
import { startCoordinator } from '../../src/workflow/train/start-run.ts';
import { Workplace } from '../helper/command-line.ts';
import { deadline } from '../helper/slowness.ts';

const place = new Workplace();
after(() => place.remove());

it('a coordinator process ends with the one that started it, also when that goes before it has loaded', async () => {
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
