import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  MembershipEvent,
  MembershipPolicy,
  MembershipState,
} from '../../../src/coordinator/membership.ts';
import { initialMembership, reduceMembership } from '../../../src/coordinator/membership.ts';
import type { WorkerMessage } from '../../../src/protocol/messages.ts';
import { fromWorker, helloOf } from '../../helper/messages.ts';

const POLICY = { worldSize: 2, expected: {}, silenceMs: 3000, joinMs: 60_000 };

const said = (slot: number, message: WorkerMessage, nowMs = 0): MembershipEvent => ({
  kind: 'message',
  slot,
  message,
  nowMs,
});
const ready = (step: number, stateHash: string) => fromWorker({ kind: 'ready', step, stateHash });
const finished = (step: number, stateHash: string) =>
  fromWorker({ kind: 'finished', step, stateHash, reason: 'completed' });
const exited = (slot: number, code: number | null, signal: string | null, lastLine = '') =>
  ({ kind: 'exited', slot, status: { code, signal, lastLine } }) as const;

/** Feeds events one after the other; returns the last transition. */
function play(events: readonly MembershipEvent[], policy: Partial<MembershipPolicy> = {}) {
  let state: MembershipState = initialMembership({ ...POLICY, ...policy }, 0);
  let last: ReturnType<typeof reduceMembership> = { state, effects: [], reason: '' };
  for (const event of events) {
    last = reduceMembership(state, event);
    state = last.state;
  }
  return last;
}

const JOINED = [said(0, helloOf(0)), said(1, helloOf(1))];
const RUNNING = [...JOINED, said(0, ready(4, 's')), said(1, ready(4, 's'))];

/** The failure with which the events end, and who is told. */
function abortOf(events: readonly MembershipEvent[], policy: Partial<MembershipPolicy> = {}) {
  const { state, effects } = play(events, policy);
  assert.equal(state.phase, 'ended');
  const end = effects.find((effect) => effect.kind === 'abort');
  assert.ok(end?.kind === 'abort');
  const told = effects.flatMap((effect) => (effect.kind === 'send' ? [effect.slot] : []));
  return { ...end.failure, told };
}

describe('reduceMembership', () => {
  test('waits for all hellos, then gives each worker its rank and all endpoints', () => {
    const waiting = play(JOINED.slice(0, 1));
    assert.deepEqual([waiting.state.phase, waiting.effects], ['gathering', []]);
    const { state, effects, reason } = play(JOINED);
    const peers = [
      { rank: 0, endpoint: 'here-0' },
      { rank: 1, endpoint: 'here-1' },
    ];
    assert.equal(state.phase, 'forming');
    assert.deepEqual(
      effects,
      [0, 1].map((slot) => ({
        kind: 'send',
        slot,
        body: { kind: 'assign', rank: slot, worldSize: 2, peers },
      })),
    );
    assert.equal(reason, 'all 2 workers have joined: generation 1 is formed');
  });

  test('starts when all are ready at the same step and state', () => {
    const { state, effects } = play(RUNNING);
    assert.equal(state.phase, 'running');
    assert.deepEqual(effects, [{ kind: 'start', step: 4 }]);
  });

  test('completes when all have finished at the same step and state', () => {
    const { state, effects } = play([
      ...RUNNING,
      said(1, finished(9, 'end')),
      said(0, finished(9, 'end')),
    ]);
    assert.equal(state.phase, 'ended');
    assert.deepEqual(effects, [
      { kind: 'send', slot: 0, body: { kind: 'complete', step: 9 } },
      { kind: 'send', slot: 1, body: { kind: 'complete', step: 9 } },
      { kind: 'complete', step: 9, stateHash: 'end', drained: false },
    ]);
  });

  const DIFFERENCES: readonly [string, readonly MembershipEvent[], string][] = [
    [
      'configuration',
      [said(0, helloOf(0)), said(1, helloOf(1, { configHash: 'c1' }))],
      'Cannot start the run: the configuration differs: rank 0 c0, rank 1 c1.',
    ],
    [
      'dataset',
      [said(1, helloOf(1)), said(0, helloOf(0, { dataHash: 'd1' }))],
      'Cannot start the run: the dataset differs: rank 0 d1, rank 1 d0.',
    ],
    [
      'numerics',
      [said(0, helloOf(0)), said(1, helloOf(1, { fingerprint: 'avx2' }))],
      'Cannot start the run: the numerics fingerprint differs: rank 0 f0, rank 1 avx2.',
    ],
    [
      'first step',
      [...JOINED, said(0, ready(4, 's')), said(1, ready(5, 's'))],
      'Cannot start the run: the step differs: rank 0 4, rank 1 5.',
    ],
    [
      'first state',
      [...JOINED, said(0, ready(4, 's')), said(1, ready(4, 't'))],
      'Cannot start the run: the hash of weights, statistics and optimizer differs: rank 0 s, rank 1 t.',
    ],
    [
      'last state',
      [...RUNNING, said(0, finished(9, 's')), said(1, finished(9, 't'))],
      'The run ended with replicas that differ: the hash of weights, statistics and optimizer differs: rank 0 s, rank 1 t.',
    ],
  ];
  for (const [what, events, message] of DIFFERENCES) {
    test(`ends with REPLICAS_DIFFER when the ${what} differs, naming ranks and values`, () => {
      const abort = abortOf(events);
      assert.deepEqual([abort.code, abort.message], ['REPLICAS_DIFFER', message]);
      assert.deepEqual(abort.told, [0, 1]);
    });
  }

  test('compares with what the coordinator itself expects', () => {
    const { message } = abortOf(JOINED.slice(0, 1), { expected: { dataHash: 'd9' } });
    assert.equal(
      message,
      'Cannot start the run: the dataset differs: the coordinator d9, rank 0 d0.',
    );
  });

  const LOSSES: readonly [string, readonly MembershipEvent[], string][] = [
    [
      'killed while running',
      [
        ...RUNNING,
        said(1, fromWorker({ kind: 'stepDone', step: 4, sums: {}, report: {} })),
        exited(1, null, 'SIGKILL'),
      ],
      'Lost rank 1 (pid 101): it was killed by SIGKILL after 5 steps.',
    ],
    [
      'gone before it joined',
      [{ kind: 'spawned', slot: 1, pid: 7 }, exited(1, 5, null)],
      'Lost rank 1 (pid 7): it exited with code 5 before all workers had joined.',
    ],
    [
      'gone with code 0 too early',
      [...JOINED, exited(0, 0, null)],
      'Lost rank 0 (pid 100): it exited with code 0 while it loaded its weights.',
    ],
    [
      'silent',
      [
        ...RUNNING,
        said(0, fromWorker({ kind: 'heartbeat', step: 4 }), 3001),
        { kind: 'tick', nowMs: 3001 },
      ],
      'Lost rank 1 (pid 101): nothing was heard of it for 3000 ms after 4 steps.',
    ],
  ];
  for (const [what, events, message] of LOSSES) {
    test(`ends with WORKER_LOST when a worker is ${what}`, () => {
      const abort = abortOf(events);
      assert.deepEqual([abort.code, abort.message], ['WORKER_LOST', message]);
    });
  }

  test('tells the last line of a worker that ended', () => {
    const { advice } = abortOf([exited(0, 5, null, 'ENGINE_UNAVAILABLE: no library.')]);
    assert.equal(advice, 'Its last line was: ENGINE_UNAVAILABLE: no library.');
  });

  test('tells only workers that it has heard of', () => {
    assert.deepEqual(abortOf([said(0, helloOf(0)), exited(1, 1, null)]).told, [0]);
  });

  test("ends with a worker's own error, and UNEXPECTED for a code it does not know", () => {
    const failed = (code: string) =>
      said(
        1,
        fromWorker({ kind: 'failed', step: 6, code, message: 'The loss is NaN.', advice: 'A.' }),
      );
    const abort = abortOf([...RUNNING, failed('NON_FINITE')]);
    assert.equal(abort.code, 'NON_FINITE');
    assert.equal(abort.message, 'rank 1 (pid 101) failed at step 6: The loss is NaN.');
    assert.equal(abortOf([...RUNNING, failed('toString')]).code, 'UNEXPECTED');
  });

  test('keeps its first reason: nothing changes after the end', () => {
    const ended = play([...RUNNING, exited(1, null, 'SIGKILL')]).state;
    for (const event of [exited(0, 7, null), said(0, finished(9, 's')), JOINED[0]!]) {
      assert.deepEqual(reduceMembership(ended, event), { state: ended, effects: [], reason: '' });
    }
  });

  test('ends with TIMEOUT when a worker is not ready in time, naming it', () => {
    const late = [
      ...JOINED,
      said(0, ready(0, 's'), 60_000),
      said(1, fromWorker({ kind: 'heartbeat', step: 0 }), 60_000),
    ];
    const { code, message } = abortOf([...late, { kind: 'tick', nowMs: 60_001 }]);
    assert.equal(code, 'TIMEOUT');
    assert.match(message, /of 2 workers, 1 \(1\) were not ready within 60000 ms/);
  });

  test('counts no silence while the coordinator itself was stopped', () => {
    const after = play([
      ...RUNNING,
      { kind: 'stalled', nowMs: 9000 },
      { kind: 'tick', nowMs: 11_000 },
    ]);
    assert.equal(after.state.phase, 'running');
  });

  test('loses a member that sends garbage, naming it and what was wrong', () => {
    const { code, message } = abortOf([...RUNNING, { kind: 'misbehaved', slot: 1, why: 'Noise.' }]);
    assert.equal(code, 'PROTOCOL');
    assert.match(message, /^Lost rank 1.*: it can't be understood\. Noise\.$/);
  });

  const OUT_OF_ORDER: readonly [string, readonly MembershipEvent[]][] = [
    ['a second hello', [JOINED[0]!, JOINED[0]!]],
    ['ready before all have joined', [JOINED[0]!, said(0, ready(0, 's'))]],
    ['finished before the start', [...JOINED, said(0, finished(0, 's'))]],
  ];
  for (const [what, events] of OUT_OF_ORDER) {
    test(`ends with PROTOCOL at ${what}`, () => {
      assert.equal(abortOf(events).code, 'PROTOCOL');
    });
  }
});
