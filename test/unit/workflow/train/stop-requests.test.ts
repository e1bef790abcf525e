import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withGuardedHooks } from '../../../../src/workflow/train/hooks.ts';
import {
  type StopRequests,
  throwIfStopped,
  watchStopRequests,
} from '../../../../src/workflow/train/stop-requests.ts';

function watched(requests: StopRequests) {
  const signals: string[] = [];
  const unwatch = watchStopRequests(requests)((signal) => signals.push(signal));
  return { signals, unwatch };
}

describe('requests to stop', () => {
  it('are SIGTERM, or the signal whose name is the reason', () => {
    const [plain, named] = [new AbortController(), new AbortController()];
    const first = watched({ signal: plain.signal });
    const second = watched({ signal: named.signal });
    plain.abort();
    named.abort('SIGUSR1');
    assert.deepEqual([first.signals, second.signals], [['SIGTERM'], ['SIGUSR1']]);
  });

  it('count when they came before anybody watched', () => {
    assert.deepEqual(watched({ signal: AbortSignal.abort() }).signals, ['SIGTERM']);
  });

  it('to end at once are a second SIGINT', () => {
    const [stop, kill] = [new AbortController(), new AbortController()];
    const { signals } = watched({ signal: stop.signal, kill: kill.signal });
    stop.abort('SIGINT');
    kill.abort();
    assert.deepEqual(signals, ['SIGINT', 'SIGINT']);
    assert.deepEqual(watched({ kill: kill.signal }).signals, ['SIGTERM', 'SIGINT']);
  });

  it('reach nobody who does not watch any more', () => {
    const stop = new AbortController();
    const { signals, unwatch } = watched({ signal: stop.signal });
    unwatch();
    stop.abort();
    assert.deepEqual(signals, []);
  });

  it('end preparations with an error', () => {
    throwIfStopped({});
    const signal = AbortSignal.abort('SIGINT');
    assert.throws(() => throwIfStopped({ signal }), {
      code: 'INTERRUPTED',
      message: 'SIGINT came before the first step.',
    });
  });
});

describe('what onEvent throws', () => {
  it('stops the work and comes out at its end, in place of its result', async () => {
    const mistake = new TypeError('a mistake');
    let wasStopped = false;
    let calls = 0;
    const onEvent = () => {
      calls++;
      throw mistake;
    };
    const work = withGuardedHooks({ onEvent }, async (hooks) => {
      hooks.onEvent({ kind: 'status', text: 'one' });
      hooks.onEvent({ kind: 'status', text: 'two' });
      wasStopped = hooks.signal!.aborted;
    });
    await assert.rejects(work, mistake);
    assert.deepEqual([wasStopped, calls], [true, 1]);
  });
});
