import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withSignals } from '../../../src/cli/with-signals.ts';

/** Which requests there were after these signals, each a while after the one before. */
async function requestsAfter(...signals: readonly (readonly [NodeJS.Signals, number])[]) {
  return await withSignals(async ({ signal, kill }) => {
    for (const [name, afterMs] of signals) {
      await sleep(afterMs);
      process.emit(name, name);
    }
    return [signal?.reason as unknown, kill?.reason as unknown];
  });
}

describe('signals as requests', () => {
  it('one asks for a stop, a second SIGINT for the end', async () => {
    assert.deepEqual(await requestsAfter(['SIGTERM', 0]), ['SIGTERM', undefined]);
    assert.deepEqual(await requestsAfter(['SIGTERM', 0], ['SIGTERM', 400]), ['SIGTERM', undefined]);
    assert.deepEqual(await requestsAfter(['SIGTERM', 0], ['SIGINT', 400]), ['SIGTERM', 'SIGINT']);
  });

  it('one Ctrl-C that also comes through a parent is one', async () => {
    assert.deepEqual(await requestsAfter(['SIGINT', 0], ['SIGINT', 0]), ['SIGINT', undefined]);
    const later = await requestsAfter(['SIGINT', 0], ['SIGINT', 0], ['SIGINT', 400]);
    assert.deepEqual(later, ['SIGINT', 'SIGINT']);
  });

  it('SIGQUIT asks for the end at once, and nobody handles it afterwards', async () => {
    const before = process.listenerCount('SIGQUIT');
    assert.deepEqual(await requestsAfter(['SIGQUIT', 0]), ['SIGINT', 'SIGINT']);
    assert.equal(process.listenerCount('SIGQUIT'), before);
  });
});
