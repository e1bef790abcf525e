import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reduceMembership } from '../../../src/coordinator/membership.ts';
import type {
  MembershipEvent,
  MembershipPolicy,
  MembershipState,
} from '../../../src/coordinator/membership-state.ts';
import { initialMembership } from '../../../src/coordinator/membership-state.ts';
import type { Awaited, WorkerMessage } from '../../../src/protocol/messages.ts';
import { fromWorker, helloOf } from '../../helper/messages.ts';

const POLICY: MembershipPolicy = {
  worldSize: 2,
  minWorkers: 1,
  homeWorkers: 0,
  expected: {},
  maxRestarts: 2,
  backoffMs: 1000,
  healthyMs: 600_000,
  silenceMs: 3000,
  hangMs: 900_000,
  shortestHangMs: 30_000,
  quietMs: 10_000,
  joinMs: 60_000,
};

const said = (slot: number, message: WorkerMessage, nowMs = 0): MembershipEvent => ({
  kind: 'message',
  slot,
  message,
  nowMs,
});
const ready = (step: number, stateHash: string, generation = 1) =>
  fromWorker({ kind: 'ready', step, stateHash }, 'run#1', generation);
const finished = (step: number, stateHash: string) =>
  fromWorker({ kind: 'finished', step, stateHash, reason: 'completed' });
/** At a boundary: step 4 with its evaluation done; null: without a state. */
const boundary = (step: number | null, generation = 1, evaluated = true) =>
  fromWorker(
    { kind: 'boundary', at: step === null ? null : { step, evaluated } },
    'run#1',
    generation,
  );
const beat = (activity: 'computing' | 'waiting', forMs: number, generation = 1) =>
  fromWorker({ kind: 'heartbeat', step: 4, activity, forMs, blockedMs: 0 }, 'run#1', generation);
const waitingFor = (awaits: Awaited, generation: number) => {
  const waiting = { kind: 'heartbeat', step: 4, activity: 'waiting', forMs: 10_001 } as const;
  return fromWorker({ ...waiting, blockedMs: 0, awaits }, 'run#1', generation);
};
const STEP_DONE = { kind: 'stepDone', step: 4, sums: {}, report: {} } as const;
const exited = (
  slot: number,
  code: number | null,
  signal: string | null,
  { lastLine = '', attempt = 0, nowMs = 0 } = {},
): MembershipEvent => ({
  kind: 'exited',
  slot,
  attempt,
  status: { code, signal, lastLine },
  nowMs,
});
const tick = (nowMs: number): MembershipEvent => ({ kind: 'tick', nowMs });

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
const FORMING = [...JOINED, said(0, boundary(null)), said(1, boundary(null))];
const RUNNING = [...FORMING, said(0, ready(4, 's')), said(1, ready(4, 's'))];

/** The failure with which the events end, and who is told. */
function abortOf(events: readonly MembershipEvent[], policy: Partial<MembershipPolicy> = {}) {
  const { state, effects } = play(events, policy);
  assert.equal(state.status, 'ended');
  const end = effects.find((effect) => effect.kind === 'abort');
  assert.ok(end?.kind === 'abort');
  const told = effects.flatMap((effect) => (effect.kind === 'send' ? [effect.slot] : []));
  return { ...end.failure, told };
}

describe('reduceMembership', () => {
  test('waits for all workers, then gives each its rank and all endpoints', () => {
    const asked = play(JOINED.slice(0, 1));
    assert.equal(asked.state.status, 'gathering');
    assert.deepEqual(asked.effects, [{ kind: 'send', slot: 0, body: { kind: 'regroup' } }]);
    assert.deepEqual(play([...JOINED, said(0, boundary(null))]).effects, []);
    const { state, effects, reason } = play(FORMING);
    const peers = [
      { rank: 0, endpoint: 'here-0', host: 'h' },
      { rank: 1, endpoint: 'here-1', host: 'h' },
    ];
    const origin = { kind: 'disk', again: false };
    assert.equal(state.status, 'forming');
    assert.deepEqual(
      effects,
      [0, 1].map((slot) => ({
        kind: 'send',
        slot,
        body: { kind: 'assign', rank: slot, worldSize: 2, peers, origin, receivers: [] },
      })),
    );
    assert.equal(reason, 'generation 1 is formed of workers 0 and 1');
  });

  test('starts when all are ready at the same step and state', () => {
    const { state, effects } = play(RUNNING);
    assert.equal(state.status, 'running');
    assert.deepEqual(effects, [{ kind: 'start', slots: [0, 1], step: 4 }]);
  });

  test('completes when all have finished at the same step and state', () => {
    const { state, effects } = play([
      ...RUNNING,
      said(1, finished(9, 'end')),
      said(0, finished(9, 'end')),
    ]);
    assert.equal(state.status, 'ended');
    assert.deepEqual(effects, [
      { kind: 'send', slot: 0, body: { kind: 'complete', step: 9 } },
      { kind: 'send', slot: 1, body: { kind: 'complete', step: 9 } },
      { kind: 'complete', step: 9, stateHash: 'end' },
    ]);
  });

  const DIFFERENCES: readonly [string, readonly MembershipEvent[], string][] = [
    [
      'configuration',
      [said(0, helloOf(0)), said(1, helloOf(1, { configHash: 'c1' }))],
      'Cannot start the run: the configuration differs: worker 0 c0, worker 1 c1.',
    ],
    [
      'dataset',
      [said(1, helloOf(1)), said(0, helloOf(0, { dataHash: 'd1' }))],
      'Cannot start the run: the dataset differs: worker 0 d1, worker 1 d0.',
    ],
    [
      'numerics',
      [said(0, helloOf(0)), said(1, helloOf(1, { fingerprint: 'avx2' }))],
      'Cannot start the run: the numerics fingerprint differs: worker 0 f0, worker 1 avx2.',
    ],
    [
      'first step',
      [...FORMING, said(0, ready(4, 's')), said(1, ready(5, 's'))],
      'Cannot start the run: the step differs: worker 0 4, worker 1 5.',
    ],
    [
      'first state',
      [...FORMING, said(0, ready(4, 's')), said(1, ready(4, 't'))],
      'Cannot start the run: the hash of weights, statistics and optimizer differs: worker 0 s, worker 1 t.',
    ],
    [
      'last state',
      [...RUNNING, said(0, finished(9, 's')), said(1, finished(9, 't'))],
      'The run ended with replicas that differ: the hash of weights, statistics and optimizer differs: worker 0 s, worker 1 t.',
    ],
  ];
  for (const [what, events, message] of DIFFERENCES) {
    test(`ends with REPLICAS_DIFFER when the ${what} differs, naming ranks and values`, () => {
      const abort = abortOf(events);
      assert.deepEqual([abort.code, abort.message], ['REPLICAS_DIFFER', message]);
      assert.deepEqual(abort.told, [0, 1]);
    });
  }

  // The lowest rank, which saves, is often the last one: it must not be compared with itself.
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const)
    test(`compares states in whatever order they come: ${order.join(', ')}`, () => {
      const hashes = ['s', 't'];
      const started = order.map((slot) => said(slot, ready(4, hashes[slot]!)));
      assert.equal(abortOf([...FORMING, ...started]).code, 'REPLICAS_DIFFER');
      const ended = order.map((slot) => said(slot, finished(9, hashes[slot]!)));
      assert.equal(abortOf([...RUNNING, ...ended]).code, 'REPLICAS_DIFFER');
    });

  test('compares states at a change of membership, too', () => {
    const { message } = abortOf([
      ...[...RUNNING, { kind: 'gap', why: 'x' } as const],
      ...[said(0, boundary(4, 2)), said(1, boundary(4, 2))],
      ...[said(0, ready(4, 's', 2)), said(1, ready(4, 't', 2))],
    ]);
    assert.equal(
      message,
      'Cannot go on with the run: the hash of weights, statistics and optimizer differs: worker 0 s, worker 1 t.',
    );
  });

  test('compares with what the coordinator itself expects', () => {
    const { message } = abortOf(JOINED.slice(0, 1), { expected: { dataHash: 'd9' } });
    assert.equal(
      message,
      'Cannot start the run: the dataset differs: the coordinator d9, worker 0 d0.',
    );
  });

  const LOSSES: readonly [string, readonly MembershipEvent[], string][] = [
    [
      'gone before it joined',
      [{ kind: 'spawned', slot: 1, pid: 7, nowMs: 0 }, exited(1, 5, null)],
      'Lost worker 1 (pid 7): it exited with code 5 before it had joined.',
    ],
    [
      'gone with code 0 too early',
      [...FORMING, exited(0, 0, null)],
      'Lost worker 0 (pid 100): it exited with code 0 while it loaded its weights.',
    ],
    [
      'silent',
      [...FORMING, said(0, beat('waiting', 0), 3001), tick(3001), exited(1, null, 'SIGKILL')],
      'Lost worker 1 (pid 101): nothing was heard of it for 3000 ms while it loaded its weights.',
    ],
  ];
  for (const [what, events, message] of LOSSES) {
    test(`ends with WORKER_LOST when a worker is ${what} before the first step`, () => {
      const abort = abortOf(events);
      assert.deepEqual([abort.code, abort.message], ['WORKER_LOST', message]);
    });
  }

  test('tells the last line of a worker that ended', () => {
    const { advice } = abortOf([
      exited(0, 5, null, { lastLine: 'ENGINE_UNAVAILABLE: no library.' }),
    ]);
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
    assert.equal(abort.message, 'worker 1 (pid 101) failed at step 6: The loss is NaN.');
    assert.equal(abortOf([...FORMING, failed('toString')]).code, 'UNEXPECTED');
  });

  test('keeps its first reason: nothing changes after the end', () => {
    const ended = play([...FORMING, exited(1, null, 'SIGKILL')]).state;
    for (const event of [exited(0, 7, null), said(0, finished(9, 's')), JOINED[0]!]) {
      assert.deepEqual(reduceMembership(ended, event), { state: ended, effects: [], reason: '' });
    }
  });

  test('ends with TIMEOUT when a worker is not ready in time, naming it', () => {
    const late = [
      ...FORMING,
      said(0, ready(0, 's'), 60_000),
      said(1, beat('computing', 60_000), 60_000),
    ];
    const { code, message } = abortOf([...late, tick(60_001)]);
    assert.equal(code, 'TIMEOUT');
    assert.match(message, /of 2 workers, 1 \(1\) were not ready within 60000 ms/);
  });

  test('counts no silence while the coordinator itself was stopped', () => {
    const after = play([...RUNNING, { kind: 'stalled', nowMs: 9000 }, tick(11_000)]);
    assert.equal(after.state.status, 'running');
  });

  test('asks again, and changes nothing, when it hears again what it has heard', () => {
    const once = play(JOINED);
    const twice = reduceMembership(once.state, JOINED[0]!);
    assert.deepEqual(twice.effects, [{ kind: 'send', slot: 0, body: { kind: 'regroup' } }]);
    assert.deepEqual(play([...RUNNING, said(1, ready(4, 's'))]).effects, []);
    assert.deepEqual(play([...JOINED, said(0, ready(0, 's'))]).effects, []);
    assert.deepEqual(play([...FORMING, said(0, finished(0, 's'))]).effects, []);
  });
});

describe('a worker that is lost while the run is under way', () => {
  const KILLED = [...RUNNING, exited(1, null, 'SIGKILL')];

  test('is started again at once, while the others form a new generation', () => {
    const { state, effects, reason } = play(KILLED);
    assert.deepEqual([state.status, state.generation], ['gathering', 2]);
    assert.deepEqual(effects, [
      { kind: 'launch', slot: 1, attempt: 1 },
      { kind: 'send', slot: 0, body: { kind: 'regroup' } },
    ]);
    assert.equal(
      reason,
      'Lost worker 1 (pid 101): it was killed by SIGKILL after 4 steps. It is started again at once (restart 1 of 2).',
    );
    const formed = play([...KILLED, said(0, boundary(4, 2))]);
    const peers = [{ rank: 0, endpoint: 'here-0', host: 'h' }];
    const place = { rank: 0, worldSize: 1, peers, origin: { kind: 'own' }, receivers: [] };
    assert.deepEqual(formed.effects, [
      { kind: 'send', slot: 0, body: { kind: 'assign', ...place } },
    ]);
  });

  test('comes back in a third generation, with the state of a peer', () => {
    const back = [
      ...KILLED,
      said(0, boundary(4, 2)),
      said(0, ready(4, 's', 2)),
      said(1, helloOf(1)),
    ];
    assert.deepEqual(play(back).effects, [
      { kind: 'send', slot: 0, body: { kind: 'regroup' } },
      { kind: 'send', slot: 1, body: { kind: 'regroup' } },
    ]);
    const { effects } = play([...back, said(0, boundary(6, 3)), said(1, boundary(null, 3))]);
    const bodies = effects.flatMap((effect) => (effect.kind === 'send' ? [effect.body] : []));
    assert.deepEqual(
      bodies.map((body) => body.kind === 'assign' && [body.origin, body.receivers]),
      [
        [{ kind: 'own' }, [1]],
        [{ kind: 'peer', rank: 0 }, []],
      ],
    );
  });

  const origins = (events: readonly MembershipEvent[], policy: Partial<MembershipPolicy>) =>
    play(events, policy).effects.flatMap((effect) =>
      effect.kind === 'send' && effect.body.kind === 'assign' ? [effect.body.origin] : [],
    );

  test('those who stand at an earlier boundary get the state of those at the furthest', () => {
    const slots = [0, 1, 2, 3];
    const lost = [
      ...slots.map((slot) => said(slot, helloOf(slot))),
      ...slots.map((slot) => said(slot, boundary(null))),
      ...slots.map((slot) => said(slot, ready(4, 's'))),
      exited(0, null, 'SIGKILL'),
      said(1, boundary(5, 2, false)),
      said(2, boundary(5, 2, true)),
      said(3, boundary(5, 2, false)),
    ];
    assert.deepEqual(origins(lost, { worldSize: 4 }), [
      { kind: 'peer', rank: 1 },
      { kind: 'own' },
      { kind: 'peer', rank: 1 },
    ]);
  });

  test('when all are lost, the first that is back goes on from the disk', () => {
    const lost = [
      ...KILLED,
      exited(0, null, 'SIGKILL'),
      said(1, helloOf(1)),
      said(1, boundary(null, 3)),
    ];
    assert.deepEqual(origins(lost, {}), [{ kind: 'disk', again: true }]);
  });

  /** Worker 1 fails again and again, each time before it joins. */
  const failing = (times: number): MembershipEvent[] =>
    Array.from({ length: times }, (_, i) => [
      exited(1, 3, null, { attempt: i + 1, nowMs: i * 100_000 }),
      tick(i * 100_000 + 60_000),
    ]).flat();

  test('waits longer and longer before it is started again, and is left out in the end', () => {
    const first = play([...KILLED, exited(1, 3, null, { attempt: 1, nowMs: 10 })]);
    assert.match(first.reason, /started again in 1000 ms \(restart 2 of 2\)\.$/);
    const heard = said(0, beat('waiting', 0), 1009);
    const early = play([
      ...KILLED,
      exited(1, 3, null, { attempt: 1, nowMs: 10 }),
      heard,
      tick(1009),
    ]);
    assert.deepEqual(early.effects, []);
    const due = reduceMembership(early.state, tick(1010));
    assert.deepEqual(due.effects, [{ kind: 'launch', slot: 1, attempt: 2 }]);
    const events = [...KILLED, ...failing(2)].filter((event) => event.kind !== 'tick');
    const { state } = play([...events.slice(0, -1), heard, tick(1010), events.at(-1)!]);
    assert.equal(state.members.at(1)!.status, 'leftOut');
  });

  test('that took part for long starts with a clean record', () => {
    const later = { attempt: 0, nowMs: 600_000 };
    const once = play([...RUNNING, exited(1, null, 'SIGKILL', later)], { maxRestarts: 1 });
    assert.match(once.reason, /restart 1 of 1/);
  });

  test('that was lost with its host counts as no restart, and may be away for as long as the host is', () => {
    const hostLost = { code: null, signal: null, lastLine: '', hostLost: 'nothing was heard' };
    const lost = (attempt: number): MembershipEvent[] => [
      { kind: 'spawned', slot: 1, pid: 7, host: 'h2', nowMs: 0 },
      { kind: 'exited', slot: 1, attempt, status: hostLost, nowMs: 0 },
    ];
    const often = [0, 1, 2, 3, 4, 5].flatMap(lost);
    const { state, reason, effects } = play([...RUNNING, ...often]);
    assert.match(reason, /with its host, .* It is started again when its host is back\.$/);
    assert.deepEqual(effects[0], { kind: 'launch', slot: 1, attempt: 6 });
    assert.equal(state.members.at(1)!.restarts, 0);
    const alive = said(0, beat('waiting', 0), 999_999);
    assert.deepEqual(play([...RUNNING, ...often, alive, tick(999_999)]).effects, []);
    const back: MembershipEvent = { kind: 'spawned', slot: 1, pid: 8, nowMs: 999_999 };
    const late = [said(0, beat('waiting', 0), 1_060_000), tick(1_060_000)];
    const evicted = play([...RUNNING, ...often, alive, back, ...late]);
    assert.deepEqual(evicted.effects, [{ kind: 'kill', slot: 1 }]);
  });

  test('whose host has left with notice is not called lost, and counts as no restart', () => {
    const status = { code: null, signal: null, lastLine: '', hostLeft: true };
    const left: MembershipEvent = { kind: 'exited', slot: 1, attempt: 0, status, nowMs: 0 };
    const { state, reason } = play([...RUNNING, left]);
    assert.match(
      reason,
      /^Worker 1 \(pid 101\) left with its host\. It is started again when its host is back\./,
    );
    assert.equal(state.members.at(1)!.restarts, 0);
  });

  test('that is lost with its host is left out where none is to be restarted', () => {
    const status = { code: null, signal: null, lastLine: '', hostLost: 'nothing was heard' };
    const lost: MembershipEvent = { kind: 'exited', slot: 1, attempt: 0, status, nowMs: 0 };
    const { state } = play([...RUNNING, lost], { maxRestarts: 0 });
    assert.equal(state.members.at(1)!.status, 'leftOut');
  });

  test('whose host turns out to be lost while it is killed for its silence counts as no restart', () => {
    const status = { code: null, signal: null, lastLine: '', hostLost: 'nothing was heard' };
    const lost: MembershipEvent = { kind: 'exited', slot: 1, attempt: 0, status, nowMs: 3100 };
    const silent = [...RUNNING, said(0, beat('waiting', 0), 3001), tick(3001)];
    assert.equal(play([...silent, lost]).state.members.at(1)!.restarts, 0);
  });

  test('is killed when it is silent, and lost once it has ended', () => {
    const silent = [...RUNNING, said(0, beat('waiting', 0), 3001), tick(3001)];
    assert.deepEqual(play(silent).effects, [{ kind: 'kill', slot: 1 }]);
    const { state, reason } = play([...silent, exited(1, null, 'SIGKILL')]);
    assert.equal(state.generation, 2);
    assert.match(
      reason,
      /^Lost worker 1 \(pid 101\): nothing was heard of it for 3000 ms after 4 steps\./,
    );
  });

  for (const [stateWhenKilled, why] of [
    ['stopped', /after 4 steps: its process was stopped\. /],
    ['running', /after 4 steps, though its process ran: its connection to the coordinator is/],
    [undefined, /after 4 steps\. /],
  ] as const) {
    test(`is silent for a reason that its process tells: ${stateWhenKilled ?? 'none'}`, () => {
      const silent = [...RUNNING, said(0, beat('waiting', 0), 3001), tick(3001)];
      const status = { code: null, signal: 'SIGKILL', lastLine: '', stateWhenKilled };
      const { reason } = play([
        ...silent,
        { kind: 'exited', slot: 1, attempt: 0, nowMs: 3002, status },
      ]);
      assert.match(reason, why);
    });
  }

  test('is lost when it says that it no longer hears the coordinator, unless it has heard only another one', () => {
    const deaf = { ...beat('waiting', 0), unheardMs: 3250 } as const;
    const { state, effects } = play([...RUNNING, said(1, deaf, 3300)]);
    assert.equal(state.members.at(1)!.status, 'evicted');
    assert.match(
      state.members.at(1)!.eviction!.what,
      /^it no longer heard the coordinator after 4 steps/,
    );
    assert.deepEqual(effects.at(-1), { kind: 'kill', slot: 1 });
    const early = play([said(1, deaf, 1)]);
    assert.equal(early.state.members.at(1)!.status, 'starting');
  });

  test('is not lost for what it did not hear while the coordinator was stopped, or had just begun', () => {
    const deaf = { ...beat('waiting', 0), unheardMs: 3250 } as const;
    const stopped = [...RUNNING, { kind: 'stalled', nowMs: 5000 } as const];
    for (const late of [5001, 8249]) {
      const { state } = play([...stopped, said(1, deaf, late)]);
      assert.equal(state.members.at(1)!.status, 'joined');
    }
    const { state } = play([...stopped, said(1, deaf, 8250)]);
    assert.equal(state.members.at(1)!.status, 'evicted');
    const young = play([...RUNNING, said(1, deaf, 3000)]);
    assert.equal(young.state.members.at(1)!.status, 'joined');
  });

  test('says when it ended because it no longer heard the coordinator', () => {
    const lastLine = 'COORDINATOR_LOST: Lost the coordinator: nothing was heard of it for 3000 ms.';
    const { reason } = play([...RUNNING, exited(1, 7, null, { lastLine })]);
    assert.match(
      reason,
      /it exited with code 7 because it no longer heard the coordinator after 4/,
    );
    // The line of a process before it.
    assert.doesNotMatch(play([...RUNNING, exited(1, 3, null, { lastLine })]).reason, /heard/);
  });

  test('is given up when it can not be killed', () => {
    const stuck = [...RUNNING, said(0, beat('waiting', 0), 3001), tick(3001)];
    const { state } = play([...stuck, said(0, beat('waiting', 0), 8100), tick(8100)]);
    assert.equal(state.members.at(1)!.status, 'leftOut');
    assert.equal(state.generation, 2);
  });

  test('is killed when its main thread computes for ever', () => {
    const hung = [...RUNNING, said(1, beat('computing', 900_001)), tick(1)];
    assert.deepEqual(play(hung).effects, [{ kind: 'kill', slot: 1 }]);
  });

  test('by a main thread that is blocked in a step far longer than any step before', () => {
    const pace = { slowestMs: 2_000.4, deadlineMs: 40_000 };
    const paced: MembershipEvent = { kind: 'paced', pace };
    const blocked = (blockedMs: number, activity: 'training' | 'computing' = 'training') =>
      said(
        1,
        fromWorker({ kind: 'heartbeat', step: 4, activity, forMs: blockedMs, blockedMs }, 'run#1'),
      );
    const isKilled = (...events: MembershipEvent[]) =>
      play([...RUNNING, ...events, tick(1)]).effects.some(({ kind }) => kind === 'kill');
    assert.ok(isKilled(paced, blocked(40_001)));
    assert.equal(isKilled(paced, blocked(40_000)), false);
    // An evaluation, a checkpoint; a first step; another generation.
    assert.equal(isKilled(paced, blocked(40_001, 'computing')), false);
    assert.equal(isKilled(blocked(40_001)), false);
    assert.equal(isKilled(paced, { kind: 'paced', pace: null }, blocked(40_001)), false);
    assert.equal(play([...RUNNING, paced, { kind: 'gap', why: 'x' }]).state.pace, null);
    const { state } = play([...RUNNING, paced, blocked(40_001), tick(1)]);
    assert.match(
      reduceMembership(state, exited(1, null, 'SIGKILL')).reason,
      /^Lost worker 1 \(pid 101\): its main thread has been blocked for 40001 ms in step 4, of the steps before the slowest took 2000 ms\./,
    );
  });

  test('by an error that another process need not meet, is started again', () => {
    const failed = fromWorker({
      kind: 'failed',
      step: 6,
      code: 'UNEXPECTED',
      message: 'M.',
      advice: 'A.',
    });
    const { effects, state } = play([...RUNNING, said(1, failed)]);
    const body = { kind: 'abort', code: 'UNEXPECTED', message: 'M.', advice: 'A.' };
    assert.deepEqual(effects, [{ kind: 'send', slot: 1, body }]);
    const lost = reduceMembership(state, exited(1, 1, null));
    assert.match(
      lost.reason,
      /^Lost worker 1 \(pid 101\): it failed at step 6: M\. It is started again/,
    );
  });

  test('a generation in which everybody waits is formed anew: a message was lost', () => {
    const waiting = [said(0, beat('waiting', 10_001)), said(1, beat('waiting', 10_001))];
    assert.equal(play([...RUNNING, waiting[0]!, tick(1)]).state.generation, 1);
    assert.equal(play([...RUNNING, ...waiting, tick(1)]).state.generation, 2);
  });

  /** Both wait, and rank 0 misses what rank 1 has sent. */
  const cutOff = (generation: number) => [
    said(0, waitingFor({ what: 'parts', ranks: [1] }, generation)),
    said(1, waitingFor({ what: 'segments', ranks: [0] }, generation)),
    tick(1),
  ];
  const formedAgain = (generation: number) => [
    ...[0, 1].map((slot) => said(slot, boundary(4, generation))),
    ...[0, 1].map((slot) => said(slot, ready(4, 's', generation))),
  ];

  test('it says what did not come from whom, as far as those who wait can tell', () => {
    const { reason } = play([...RUNNING, ...cutOff(1)]);
    const why = 'what worker 1 sent to worker 0 has not come for 10000 ms';
    assert.equal(reason, `${why}: generation 2 is to be formed`);
  });

  test('a worker that nothing comes from, generation after generation, loses its place', () => {
    const twice = [...cutOff(1), ...formedAgain(2), ...cutOff(2), ...formedAgain(3)];
    const { state, effects } = play([...RUNNING, ...twice, ...cutOff(3), tick(2)]);
    assert.deepEqual(effects, []);
    assert.equal(state.members.at(1)!.status, 'evicted');
    const { reason } = reduceMembership(state, exited(1, null, 'SIGKILL'));
    assert.match(
      reason,
      /^Lost worker 1 \(pid 101\): what worker 1 sent to worker 0 has not come for 10000 ms, 3 generations in a row\./,
    );
    const stepped = said(0, fromWorker(STEP_DONE, 'run#1', 3));
    const later = [...RUNNING, ...twice, stepped, ...cutOff(3)];
    assert.equal(play(later).state.members.at(1)!.status, 'joined');
  });

  test('a connection that was cut and is there again: what was lost with it is done again at once', () => {
    const cut = (rank: number | null, generation = 1) =>
      said(1, fromWorker({ kind: 'reconnected', rank }, 'run#1', generation));
    const toPeer = play([...RUNNING, cut(0)]);
    assert.equal(toPeer.state.generation, 2);
    const why = 'was cut and is there again: generation 2 is to be formed';
    assert.equal(toPeer.reason, `the connection of worker 1 to worker 0 ${why}`);
    assert.equal(
      play([...RUNNING, cut(null)]).reason,
      `the connection of worker 1 to the coordinator ${why}`,
    );
    // What is said while a generation gathers is repeated anyway, and one that is over loses nothing.
    assert.equal(play([...JOINED, cut(null)]).state.generation, 1);
    assert.equal(play([...RUNNING, cut(0), ...formedAgain(2), cut(0, 1)]).state.generation, 2);
  });

  test('with fewer workers than there must be the run waits, then saves what there is', () => {
    const few = { minWorkers: 2 };
    const again: MembershipEvent = { kind: 'spawned', slot: 1, pid: 8, nowMs: 0 };
    const lost = [...KILLED, again, said(0, boundary(4, 2))];
    assert.deepEqual([play(lost, few).state.status, play(lost, few).effects], ['gathering', []]);
    const alive = (nowMs: number) => said(0, beat('waiting', 0, 2), nowMs);
    const waits = play([...lost, alive(1000), tick(1000)], few);
    assert.match(waits.reason, /1 of at least 2 workers are left: the run waits/);
    const { effects } = play([...lost, alive(1000), tick(1000), alive(61_001), tick(61_001)], few);
    const kinds = effects.map(({ kind }) => kind);
    assert.ok(kinds.includes('giveUp') && kinds.includes('kill'), `${kinds}`);
    const assigned = effects.some((e) => e.kind === 'send' && e.body.kind === 'assign');
    assert.ok(assigned, 'the last generation is formed of those that are left');
  });

  test('without restarts too few are known at once', () => {
    const lost = [...KILLED, said(0, boundary(4, 2)), said(0, beat('waiting', 0, 2), 1), tick(1)];
    const { effects } = play(lost, { minWorkers: 2, maxRestarts: 0 });
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ['giveUp', 'send'],
    );
  });

  test('the run ends when nobody is left', () => {
    const policy = { maxRestarts: 0 };
    const { code, message } = abortOf([...KILLED, exited(0, null, 'SIGKILL')], policy);
    assert.equal(code, 'WORKER_LOST');
    assert.match(message, /^Lost worker 0/);
  });

  test('a new process that does not fit is left out, and the run goes on', () => {
    const odd = [...KILLED, said(0, boundary(4, 2)), said(0, ready(4, 's', 2))];
    const { effects, state } = play([...odd, said(1, helloOf(1, { fingerprint: 'avx2' }))]);
    assert.deepEqual(effects, [{ kind: 'kill', slot: 1 }]);
    const ended = reduceMembership(state, exited(1, null, 'SIGKILL', { attempt: 1 })).state;
    assert.equal(ended.members.at(1)!.status, 'leftOut');
  });
});
