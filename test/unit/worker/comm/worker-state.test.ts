import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  CoordinatorBody,
  CoordinatorMessage,
  WorkerBody,
} from '../../../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../../../src/protocol/messages.ts';
import type { WorkerEvent, WorkerState } from '../../../../src/worker/comm/worker-state.ts';
import {
  INITIAL_WORKER_STATE,
  leaseDecision,
  reduceWorker,
} from '../../../../src/worker/comm/worker-state.ts';

const got = (body: CoordinatorBody, generation = 1): WorkerEvent => ({
  kind: 'received',
  message: { ...body, protocol: PROTOCOL_VERSION, run: 'run#1', generation } as CoordinatorMessage,
});
const say = (body: WorkerBody): WorkerEvent => ({ kind: 'said', body });

const hello = say({
  kind: 'hello',
  slot: 1,
  pid: 5,
  dataEndpoint: '',
  host: 'h',
  configHash: 'c',
  dataHash: 'd',
  fingerprint: 'f',
});
const assignment: Omit<Extract<CoordinatorBody, { kind: 'assign' }>, 'kind'> = {
  rank: 1,
  worldSize: 2,
  peers: [],
  origin: { kind: 'disk', again: false },
  receivers: [],
};
const regroup = (generation = 1) => got({ kind: 'regroup' }, generation);
const boundary = say({ kind: 'boundary', at: null });
const assign = got({ kind: 'assign', ...assignment });
const ready = say({ kind: 'ready', step: 4, stateHash: 's' });
const finish = say({ kind: 'finished', step: 6, stateHash: 's', reason: 'drained' });
const LOADING = [hello, regroup(), boundary, assign];
const RUNNING = [...LOADING, ready, got({ kind: 'lease', until: 6 })];
const beat = (generation: number) => got({ kind: 'heartbeat' }, generation);

function play(events: readonly WorkerEvent[]) {
  let state: WorkerState = INITIAL_WORKER_STATE;
  let last: ReturnType<typeof reduceWorker> = { state, effects: [], reason: '' };
  for (const event of events) {
    last = reduceWorker(state, event);
    state = last.state;
  }
  return last;
}

describe('reduceWorker', () => {
  test('goes from joining to complete', () => {
    const statuses = [...RUNNING, finish, got({ kind: 'complete', step: 6 })].map(
      (_, i, all) => play(all.slice(0, i + 1)).state.status,
    );
    assert.deepEqual(statuses, [
      ...['joining', 'regrouping', 'atBoundary', 'loading'],
      ...['waiting', 'running', 'finished', 'complete'],
    ]);
  });

  test('takes rank, world and generation from the assignment', () => {
    const to3 = got({ kind: 'assign', ...assignment }, 3);
    const { state } = play([hello, regroup(3), boundary, to3]);
    assert.deepEqual(state.assignment, { ...assignment, generation: 3 });
  });

  test('drops everything for a new generation, whatever says that there is one', () => {
    for (const events of [LOADING, [...LOADING, ready], RUNNING, [...RUNNING, finish]]) {
      for (const news of [regroup(2), beat(2), got({ kind: 'lease', until: 9 }, 2)]) {
        const { state, effects } = play([...events, news]);
        assert.deepEqual(effects, [{ kind: 'regroup', generation: 2 }]);
        assert.deepEqual([state.status, state.lease, state.assignment], ['regrouping', 0, null]);
      }
    }
  });

  test('says again at each heartbeat what has not been answered', () => {
    const sent = (events: readonly WorkerEvent[]) =>
      play(events).effects.map((effect) => effect.kind === 'send' && effect.body.kind);
    assert.deepEqual(sent([hello, beat(1)]), ['hello']);
    assert.deepEqual(sent([hello, regroup(), boundary, beat(1)]), ['boundary']);
    assert.deepEqual(sent([...LOADING, beat(1)]), []);
  });

  test('still says of a step that it is done when a new generation has overtaken it', () => {
    const done = say({ kind: 'stepDone', step: 4, sums: {}, report: {} });
    const { state, effects } = play([...RUNNING, regroup(2), done]);
    assert.deepEqual([state.status, state.step, effects.length], ['regrouping', 5, 1]);
  });

  test('runs what is leased, waits for what is not, stops where it is told', () => {
    const running = play(RUNNING).state;
    assert.deepEqual(
      [4, 5, 6].map((step) => leaseDecision(running, step)),
      ['run', 'run', 'wait'],
    );
    const draining = play([...RUNNING, got({ kind: 'drain', stopAt: 6 })]).state;
    assert.deepEqual(
      [4, 5, 6, 7].map((step) => leaseDecision(draining, step)),
      ['run', 'run', 'drain', 'drain'],
    );
  });

  test('never gives up a step that was leased', () => {
    const { state } = play([...RUNNING, got({ kind: 'lease', until: 5 })]);
    assert.equal(state.lease, 6);
  });

  test('ignores messages of another generation, except an abort', () => {
    const running = play(RUNNING);
    for (const body of [
      { kind: 'lease', until: 99 },
      { kind: 'drain', stopAt: 0 },
      { kind: 'complete', step: 1 },
    ] as const) {
      const later = play([...RUNNING, regroup(2), say({ kind: 'boundary', at: null })]).state;
      assert.deepEqual(reduceWorker(later, got(body, 1)).state, later);
    }
    const old = got({ kind: 'assign', ...assignment, worldSize: 9 }, 1);
    assert.deepEqual(reduceWorker(running.state, old).state, running.state);
    const abort = got({ kind: 'abort', code: 'WORKER_LOST', message: 'm', advice: 'a' }, 2);
    assert.equal(reduceWorker(running.state, abort).state.status, 'aborted');
  });

  test('keeps its first reason', () => {
    const lost = { code: 'COORDINATOR_LOST', message: 'first', advice: '' } as const;
    const aborted = play([...RUNNING, { kind: 'broke', failure: lost }]);
    assert.deepEqual(aborted.effects, [{ kind: 'abort', failure: lost }]);
    const later = { kind: 'broke', failure: { ...lost, message: 'second' } } as const;
    for (const event of [
      later,
      got({ kind: 'complete', step: 1 }),
      say({ kind: 'heartbeat', step: 1, activity: 'waiting', forMs: 0, blockedMs: 0 }),
    ]) {
      assert.deepEqual(reduceWorker(aborted.state, event), {
        state: aborted.state,
        effects: [],
        reason: '',
      });
    }
  });

  const OUT_OF_ORDER: readonly [string, readonly WorkerEvent[]][] = [
    ['ready before joining', [ready]],
    [
      'a step before the start',
      [...LOADING, ready, say({ kind: 'stepDone', step: 4, sums: {}, report: {} })],
    ],
    ['finishing twice', [...RUNNING, finish, finish]],
  ];
  for (const [what, events] of OUT_OF_ORDER) {
    test(`aborts at ${what}: a defect of the loop, not a message to send`, () => {
      const { state, effects } = play(events);
      assert.equal(state.status, 'aborted');
      assert.deepEqual(
        effects.map(({ kind }) => kind),
        ['abort'],
      );
    });
  }
});
