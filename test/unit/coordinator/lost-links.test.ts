import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  describeLost,
  lostLinks,
  mostCutOff,
  type Waiting,
} from '../../../src/coordinator/lost-links.ts';
import type { Awaited } from '../../../src/protocol/messages.ts';

/** A rank that waits at a step, for nothing that it knows of or for what it misses. */
function waits(slot: number, step: number, what?: Awaited['what'], ranks: number[] = []): Waiting {
  const awaits = what && { what, ranks };
  const activity = { activity: 'waiting', forMs: 20_000, blockedMs: 0, awaits } as const;
  return { slot, step, activity };
}

describe('lostLinks', () => {
  test('is the one over which a part of the sum was lost, not those that wait for that sum', () => {
    const members = [waits(0, 5, 'parts', [1]), waits(1, 5, 'segments', [0])];
    const third = waits(2, 5, 'segments', [0]);
    assert.deepEqual(lostLinks([...members, third]), [{ from: 1, to: 0 }]);
  });

  test('is the one over which a finished segment was lost: its sender has begun the next step', () => {
    const members = [waits(0, 5, 'segments', [1]), waits(1, 6, 'parts', [0])];
    assert.deepEqual(lostLinks(members), [{ from: 1, to: 0 }]);
  });

  test('is the one over which the sum of a host was lost: its sender waits for what follows from it', () => {
    const members = [waits(0, 5, 'segments', [2]), waits(1, 5, 'copies', [0])];
    const owner = waits(2, 5, 'sums', [0]);
    assert.deepEqual(lostLinks([...members, owner]), [{ from: 0, to: 2 }]);
  });

  test('is not the one of a host whose own parts are missing: it could not send its sum', () => {
    const members = [waits(0, 5, 'parts', [1]), waits(1, 5, 'copies', [0])];
    const owner = waits(2, 5, 'sums', [0]);
    assert.deepEqual(lostLinks([...members, owner]), [{ from: 1, to: 0 }]);
  });

  test('is both when each misses what the other one sent', () => {
    const members = [waits(0, 5, 'parts', [1]), waits(1, 5, 'parts', [0])];
    assert.deepEqual(lostLinks(members), [
      { from: 1, to: 0 },
      { from: 0, to: 1 },
    ]);
  });

  test('is the one over which a state does not come', () => {
    assert.deepEqual(lostLinks([waits(0, 5), waits(1, 0, 'state', [0])]), [{ from: 0, to: 1 }]);
  });

  test('names workers by slot, whatever their ranks', () => {
    const members = [waits(3, 5, 'parts', [1]), waits(7, 5, 'segments', [0])];
    assert.deepEqual(lostLinks(members), [{ from: 7, to: 3 }]);
  });

  test('is none when the sender has not begun the round: it was the lease that was lost', () => {
    assert.deepEqual(lostLinks([waits(0, 5, 'parts', [1]), waits(1, 5)]), []);
  });

  test('passes over a rank that there is not', () => {
    assert.deepEqual(lostLinks([waits(0, 5, 'parts', [4])]), []);
  });
});

describe('describeLost', () => {
  test('names senders by receiver', () => {
    const links = [
      { from: 0, to: 1 },
      { from: 2, to: 1 },
      { from: 1, to: 0 },
    ];
    assert.equal(
      describeLost(links, 10_000),
      'what workers 0 and 2 sent to worker 1 and what worker 1 sent to worker 0 has not come for 10000 ms',
    );
  });

  test('says that nothing is known of the reason', () => {
    const text = 'all workers have waited for 10000 ms: a message was lost';
    assert.equal(describeLost([], 10_000), text);
  });
});

describe('mostCutOff', () => {
  test('is the worker that most of them lead to or from, of two alike the later one', () => {
    const toOne = { from: 0, to: 1 };
    assert.equal(mostCutOff([toOne, { from: 1, to: 2 }, { from: 3, to: 1 }]), 1);
    assert.equal(mostCutOff([toOne]), 1);
    assert.equal(mostCutOff([{ from: 2, to: 0 }]), 2);
  });
});
