import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decideLeaves,
  type LeaveRequest,
  type LeaveSituation,
  withRequest,
  workersByHost,
} from '../../../src/cluster/leaves.ts';

const asked = (host: number, sinceMs = 0): LeaveRequest => ({
  ...{ host, sinceMs, signal: 'SIGTERM', isGranted: false },
});
const granted = (host: number): LeaveRequest => ({ ...asked(host), isGranted: true });
/** Host 0 leads; two workers on each of three hosts. */
const decide = (
  requests: readonly LeaveRequest[],
  nowMs = 1_000,
  other: Partial<LeaveSituation> = {},
) => {
  const workers = new Map([0, 1, 2].map((host) => [host, 2]));
  const common = { leader: 0, workers, minWorkers: 1, mayHandOver: true, prepared: null };
  return decideLeaves(requests, { ...common, ...other }, nowMs);
};
const STOP = { kind: 'stop', signal: 'SIGTERM' };

describe('decideLeaves()', () => {
  it('waits for a second: a scheduler tells one host after the other', () => {
    assert.deepEqual(decide([asked(1)], 999), { kind: 'wait' });
    assert.deepEqual(decide([asked(1)]), { kind: 'letGo', hosts: [1] });
  });

  it('ends the run when all are told to stop, whichever goes first', () => {
    assert.deepEqual(decide([asked(1), asked(0, 400), asked(2, 800)]), STOP);
    const last = new Map([[0, 2]]);
    assert.deepEqual(decide([asked(0)], 1_000, { workers: last }), STOP);
  });

  it('ends the run when too few workers would be left', () => {
    assert.deepEqual(decide([asked(1)], 1_000, { minWorkers: 4 }), { kind: 'letGo', hosts: [1] });
    assert.deepEqual(decide([asked(1), asked(2)], 1_000, { minWorkers: 4 }), STOP);
    assert.deepEqual(decide([granted(1), asked(2)], 1_000, { minWorkers: 4 }), STOP);
  });

  it('counts only workers that have the state of the run, and waits ten seconds for them', () => {
    const none = { workers: null };
    assert.deepEqual(decide([asked(1)], 9_999, none), { kind: 'wait' });
    assert.deepEqual(decide([asked(1)], 10_000, none), STOP);
    const onlyLeaver = { workers: new Map([[1, 2]]) };
    assert.deepEqual(decide([asked(1)], 1_000, onlyLeaver), STOP);
  });

  it('lets the leader go last, and only to a host that has answered', () => {
    const both = [asked(0), asked(2)];
    assert.deepEqual(decide(both), { kind: 'letGo', hosts: [2] });
    assert.deepEqual(decide([asked(0), granted(2)]), { kind: 'wait' });
    assert.deepEqual(decide([asked(0)]), { kind: 'prepare', next: 1 });
    assert.deepEqual(decide([asked(0)], 1_500, { prepared: 2 }), { kind: 'prepare', next: 1 });
    const handOver = { kind: 'handOver', next: 1, signal: 'SIGTERM' };
    assert.deepEqual(decide([asked(0)], 1_500, { prepared: 1 }), handOver);
    assert.deepEqual(decide([asked(0)], 10_000), STOP);
  });

  it('ends the run when the leader is told to stop and nobody may take over', () => {
    assert.deepEqual(decide([asked(0)], 1_000, { mayHandOver: false }), STOP);
    assert.equal(decide([asked(1)], 1_000, { mayHandOver: false }).kind, 'letGo');
  });
});

describe('withRequest()', () => {
  it('keeps the first request of a host', () => {
    const first = withRequest([], { host: 1, signal: 'SIGUSR1', sinceMs: 5 });
    assert.deepEqual(withRequest(first, { host: 1, signal: 'SIGTERM', sinceMs: 9 }), first);
    assert.equal(first[0]!.signal, 'SIGUSR1');
  });
});

it('workersByHost() counts the workers of each host, but for those of hosts that are away', () => {
  const hosts = [0, 0, 1, null, 2];
  const counted = workersByHost([0, 1, 2, 3, 4], (slot) => hosts[slot]!);
  assert.deepEqual(
    [...counted],
    [
      [0, 2],
      [1, 1],
      [2, 1],
    ],
  );
});
