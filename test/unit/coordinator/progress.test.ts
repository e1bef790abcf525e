import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ProgressEvent, ProgressState } from '../../../src/coordinator/progress.ts';
import { initialProgress, LEASE_AHEAD, reduceProgress } from '../../../src/coordinator/progress.ts';

const START = { kind: 'start', slots: [0, 1], step: 0 } as const;
const done = (slot: number, step: number, loss = 1): ProgressEvent => ({
  kind: 'stepDone',
  slot,
  step,
  sums: { loss },
  report: { slot },
});

function play(events: readonly ProgressEvent[], totalSteps = 10) {
  let state: ProgressState = initialProgress(totalSteps, 3);
  let last: ReturnType<typeof reduceProgress> = { state, effects: [], reason: '' };
  for (const event of events) {
    last = reduceProgress(state, event);
    state = last.state;
  }
  return last;
}

const lease = (until: number) => ({ kind: 'broadcast', body: { kind: 'lease', until } });

describe('reduceProgress', () => {
  test('leases two steps at the start, from wherever that is, and never beyond the last', () => {
    assert.deepEqual(play([START]).effects, [lease(2)]);
    assert.deepEqual(play([{ ...START, step: 7 }]).effects, [lease(9)]);
    assert.deepEqual(play([{ ...START, step: 9 }]).effects, [lease(10)]);
    assert.deepEqual(play([{ ...START, step: 10 }]).effects, [lease(10)]);
  });

  test('extends the lease when the slowest rank has finished a step, with its summary', () => {
    assert.deepEqual(play([START, done(1, 0)]).effects, []);
    assert.deepEqual(play([START, done(1, 0), done(0, 0)]).effects, [
      {
        kind: 'step',
        summary: { step: 0, sums: { loss: 1 }, reports: [{ slot: 0 }, { slot: 1 }] },
      },
      lease(3),
    ]);
  });

  test('forgets the reports of finished steps', () => {
    const { state } = play([START, done(1, 0), done(1, 1), done(0, 0)]);
    assert.deepEqual(Object.keys(state.reports), ['1']);
  });

  test('drains: the lease that is out becomes the stop, and no more is leased', () => {
    const drain: ProgressEvent = { kind: 'drain', cause: 'SIGINT' };
    const drained = play([START, done(0, 0), done(1, 0), drain]);
    assert.deepEqual(drained.effects, [{ kind: 'broadcast', body: { kind: 'drain', stopAt: 3 } }]);
    assert.equal(drained.reason, 'SIGINT: the run stops before step 3');
    const later = play([START, done(0, 0), done(1, 0), drain, done(0, 1), done(1, 1), drain]);
    assert.deepEqual([later.state.lease, later.effects], [3, []]);
  });

  const FAULTS: readonly [string, readonly ProgressEvent[], string, RegExp][] = [
    [
      'a sum differs',
      [START, done(0, 0, 1), done(1, 0, 1.5)],
      'REPLICAS_DIFFER',
      /^Step 0 differs between workers: the sum "loss": worker 0 1, worker 1 1.5\.$/,
    ],
    [
      'a sum differs in the sign of zero',
      [START, done(0, 0, 0), done(1, 0, -0)],
      'REPLICAS_DIFFER',
      /loss/,
    ],
    [
      'a step was never leased',
      [START, done(0, 0), done(0, 1), done(0, 2)],
      'PROTOCOL',
      /lease ends before step 2/,
    ],
    [
      'a rank finishes too early',
      [START, { kind: 'finished', slot: 1, step: 2 }],
      'PROTOCOL',
      /^Worker 1 finished at step 2, but the run ends at step 10\.$/,
    ],
    [
      'a rank finishes beyond the stop',
      [START, { kind: 'drain', cause: 'SIGTERM' }, { kind: 'finished', slot: 1, step: 10 }],
      'PROTOCOL',
      /ends at step 2\.$/,
    ],
  ];
  for (const [what, events, code, message] of FAULTS) {
    test(`ends with ${code} when ${what}`, () => {
      const [effect] = play(events).effects;
      assert.ok(effect?.kind === 'abort');
      assert.equal(effect.failure.code, code);
      assert.match(effect.failure.message, message);
    });
  }

  test('whatever the pace of the ranks, nobody may run more than two steps ahead of the slowest, and all steps are done', () => {
    const pace = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 60, maxLength: 200 });
    fc.assert(
      fc.property(pace, fc.integer({ min: 1, max: 12 }), (picks, totalSteps) => {
        let state = play([{ kind: 'start', slots: [0, 1, 2], step: 0 }], totalSteps).state;
        const summaries: number[] = [];
        const advance = (rank: number): void => {
          const step = state.next.at(rank)!;
          if (step >= state.lease) return;
          const result = reduceProgress(state, done(rank, step));
          state = result.state;
          for (const e of result.effects) if (e.kind === 'step') summaries.push(e.summary.step);
          assert.ok(state.lease <= Math.min(...state.next.toArray()) + LEASE_AHEAD);
        };
        picks.forEach(advance);
        for (let i = 0; i < 3 * totalSteps; i++) [0, 1, 2].forEach(advance);
        assert.deepEqual(state.next.toArray(), [totalSteps, totalSteps, totalSteps]);
        assert.deepEqual(summaries, [...Array(totalSteps).keys()]);
      }),
    );
  });

  test('ignores a step that is reported twice, and takes one that is left out for a lost message', () => {
    const once = play([START, done(0, 0)]).state;
    assert.deepEqual(reduceProgress(once, done(0, 0)), { state: once, effects: [], reason: '' });
    const [gap] = play([START, done(0, 1)]).effects;
    assert.equal(gap?.kind, 'gap');
  });

  test('tells what all ranks say once for each kind and step', () => {
    const result = (slot: number, step: number, kind = 'evaluation'): ProgressEvent => ({
      kind: 'result',
      slot,
      step,
      payload: { kind },
    });
    const started = [START, done(0, 0), done(1, 0)];
    assert.deepEqual(play([...started, result(1, 1)]).effects, [
      { kind: 'tell', slot: 1, step: 1, payload: { kind: 'evaluation' } },
    ]);
    const told = [...started, result(1, 1)];
    assert.deepEqual(play([...told, result(0, 1)]).effects, []);
    assert.equal(play([...told, result(0, 1, 'phaseEnd')]).effects.length, 1);
    const again = [...told, { kind: 'start', slots: [0], step: 1 } as const];
    assert.deepEqual(play([...again, result(0, 1)]).effects, [], 'a new generation repeats it');
    const setBack = [...told, { kind: 'start', slots: [0], step: 0 } as const];
    assert.equal(play([...setBack, done(0, 0), result(0, 1)]).effects.length, 1);
  });

  test('a new generation closes what is applied for good and forgets what is to be done again', () => {
    const before = [START, done(0, 0), done(1, 0), done(0, 1), done(1, 1), done(0, 2)];
    const ahead = play([...before, { kind: 'start', slots: [0], step: 3 }]);
    const summary = { step: 2, sums: { loss: 1 }, reports: [{ slot: 0 }] };
    assert.deepEqual(ahead.effects, [{ kind: 'step', summary }, lease(5)]);
    const behind = play([...before, { kind: 'start', slots: [1, 2], step: 2 }]);
    assert.deepEqual(behind.effects, [lease(4)]);
    const redone = play([
      ...before,
      { kind: 'start', slots: [1, 2], step: 2 },
      done(1, 2),
      done(2, 2),
    ]);
    assert.equal(redone.effects[0]?.kind, 'step');
  });

  test('a new generation of a run that drains stops where it starts', () => {
    const drain: ProgressEvent = { kind: 'drain', cause: 'SIGTERM' };
    const { effects } = play([START, done(0, 0), drain, { kind: 'start', slots: [0], step: 1 }]);
    assert.deepEqual(effects.at(-1), { kind: 'broadcast', body: { kind: 'drain', stopAt: 1 } });
  });
});
