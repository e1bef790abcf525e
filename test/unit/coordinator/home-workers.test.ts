/** Where only one host has the run's folder: rank 0 writes, so it must be there. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reduceMembership } from '../../../src/coordinator/membership.ts';
import type {
  MembershipEvent,
  MembershipPolicy,
} from '../../../src/coordinator/membership-state.ts';
import { initialMembership } from '../../../src/coordinator/membership-state.ts';
import type { WorkerBody } from '../../../src/protocol/messages.ts';
import { fromWorker, helloOf } from '../../helper/messages.ts';

const POLICY: MembershipPolicy = {
  ...{ worldSize: 2, minWorkers: 1, homeWorkers: 1, expected: {} },
  ...{ maxRestarts: 2, backoffMs: 1000, healthyMs: 600_000, silenceMs: 3000 },
  ...{ hangMs: 900_000, shortestHangMs: 30_000, quietMs: 10_000, joinMs: 60_000 },
};

const said = (slot: number, body: WorkerBody, generation = 1, nowMs = 0): MembershipEvent => ({
  ...{ kind: 'message', slot, nowMs },
  message: fromWorker(body, 'run#1', generation),
});
const hello = (slot: number): MembershipEvent => ({
  ...{ kind: 'message', slot, nowMs: 0, message: helloOf(slot) },
});
const stands = (slot: number, step: number | null, generation = 1) =>
  said(
    slot,
    { kind: 'boundary', at: step === null ? null : { step, evaluated: true } },
    generation,
  );
const ready = (slot: number) => said(slot, { kind: 'ready', step: 4, stateHash: 's' });
/** Worker 1 waits, and says so. */
const tickAt = (nowMs: number): MembershipEvent[] => [
  said(1, { kind: 'heartbeat', step: 4, activity: 'waiting', forMs: 0, blockedMs: 0 }, 2, nowMs),
  { kind: 'tick', nowMs },
];

const FORMED = [hello(0), hello(1), stands(0, null), stands(1, null)];
const RUNNING = [...FORMED, ready(0), ready(1)];
const KILLED: MembershipEvent = {
  ...{ kind: 'exited', slot: 0, attempt: 0, nowMs: 0 },
  status: { code: null, signal: 'SIGKILL', lastLine: '' },
};
/** Worker 0, which alone can save, is lost; worker 1 has the state. */
const LOST = [...RUNNING, KILLED, stands(1, 4, 2)];
const BACK = [hello(0), stands(0, null, 2)];
const STOP: MembershipEvent = { kind: 'stop' };

function play(events: readonly MembershipEvent[], policy: Partial<MembershipPolicy> = {}) {
  let state = initialMembership({ ...POLICY, ...policy }, 0);
  let last: ReturnType<typeof reduceMembership> = { state, effects: [], reason: '' };
  for (const event of events) {
    last = reduceMembership(state, event);
    state = last.state;
  }
  const places = last.effects.flatMap((one) => {
    if (one.kind !== 'send' || one.body.kind !== 'assign') return [];
    const { rank, origin, receivers } = one.body;
    return [{ slot: one.slot, rank, origin, receivers }];
  });
  return { ...last, places, abort: last.effects.find((one) => one.kind === 'abort')?.failure };
}

describe('a run whose folder one host alone has', () => {
  it('waits while no worker of that host is there', () => {
    assert.equal(play(LOST, { homeWorkers: 0 }).places.length, 1, 'elsewhere worker 1 goes on');
    assert.deepEqual([play(LOST).state.status, play(LOST).effects], ['gathering', []]);
    assert.match(
      play([...LOST, ...tickAt(1000)]).reason,
      /^no worker is left on the host that has the run's folder: the run waits$/,
    );
  });

  it('goes on when one is back, which has rank 0 and the state of another one', () => {
    const peer = { kind: 'peer', rank: 1 };
    assert.deepEqual(play([...LOST, ...BACK]).places, [
      { slot: 0, rank: 0, origin: peer, receivers: [] },
      { slot: 1, rank: 1, origin: { kind: 'own' }, receivers: [0] },
    ]);
  });

  it('is not saved by others when it is to stop: it waits for one that can', () => {
    assert.deepEqual(play([...LOST, STOP]).places, []);
    assert.equal(play([...LOST, STOP, ...BACK]).places.length, 2);
  });

  it('ends when none comes in time, or none will', () => {
    const { abort } = play([...LOST, ...tickAt(1000), ...tickAt(61_001)]);
    assert.equal(abort?.code, 'WORKER_LOST');
    assert.match(abort!.message, /^No worker is left on the host that has .* Lost worker 0/);
    const never = play([...RUNNING, KILLED, ...tickAt(1)], { maxRestarts: 0 });
    assert.equal(never.abort?.code, 'WORKER_LOST');
    const stopping = play([...RUNNING, STOP, KILLED, ...tickAt(1)]);
    assert.equal(stopping.abort?.code, 'WORKER_LOST');
  });

  it('gives others the state that its own workers read from the disk', () => {
    const disk = { kind: 'disk', again: false };
    const places = (homeWorkers: number) =>
      play([...FORMED.slice(0, 2), hello(2), ...[0, 1, 2].map((slot) => stands(slot, null))], {
        ...{ worldSize: 3, homeWorkers },
      }).places.map(({ origin, receivers }) => [origin, receivers]);
    assert.deepEqual(
      places(0),
      [disk, disk, disk].map((one) => [one, []]),
    );
    const peer = { kind: 'peer', rank: 0 };
    assert.deepEqual(places(1), [
      [disk, [1, 2]],
      [peer, []],
      [peer, []],
    ]);
    assert.deepEqual(places(2), [
      [disk, [2]],
      [disk, []],
      [peer, []],
    ]);
  });
});
