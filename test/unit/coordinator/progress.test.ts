import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ProgressEvent, ProgressState } from '../../../src/coordinator/progress.ts';
import { initialProgress, LEASE_AHEAD, reduceProgress } from '../../../src/coordinator/progress.ts';

const START: ProgressEvent = { kind: 'start', worldSize: 2, step: 0 };
const done = (rank: number, step: number, loss = 1): ProgressEvent => ({
  kind: 'stepDone',
  rank,
  step,
  sums: { loss },
  report: { rank },
});

function play(events: readonly ProgressEvent[], totalSteps = 10) {
  let state: ProgressState = initialProgress(totalSteps);
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
        summary: { step: 0, sums: { loss: 1 }, reports: [{ rank: 0 }, { rank: 1 }] },
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
      /^Step 0 differs between ranks: the sum "loss": rank 0 1, rank 1 1.5\.$/,
    ],
    [
      'a sum differs in the sign of zero',
      [START, done(0, 0, 0), done(1, 0, -0)],
      'REPLICAS_DIFFER',
      /loss/,
    ],
    [
      'a step is reported twice',
      [START, done(0, 0), done(0, 0)],
      'PROTOCOL',
      /^Rank 0 reports step 0, but its next step is 1/,
    ],
    [
      'a step is left out',
      [START, done(0, 1)],
      'PROTOCOL',
      /^Rank 0 reports step 1, but its next step is 0/,
    ],
    [
      'a step was never leased',
      [START, done(0, 0), done(0, 1), done(0, 2)],
      'PROTOCOL',
      /lease ends before step 2/,
    ],
    [
      'a rank finishes too early',
      [START, { kind: 'finished', rank: 1, step: 2 }],
      'PROTOCOL',
      /^Rank 1 finished at step 2, but the run ends at step 10\.$/,
    ],
    [
      'a rank finishes beyond the stop',
      [START, { kind: 'drain', cause: 'SIGTERM' }, { kind: 'finished', rank: 1, step: 10 }],
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
        let state = play([{ kind: 'start', worldSize: 3, step: 0 }], totalSteps).state;
        const summaries: number[] = [];
        const advance = (rank: number): void => {
          const step = state.next[rank]!;
          if (step >= state.lease) return;
          const result = reduceProgress(state, done(rank, step));
          state = result.state;
          for (const e of result.effects) if (e.kind === 'step') summaries.push(e.summary.step);
          assert.ok(state.lease <= Math.min(...state.next) + LEASE_AHEAD);
        };
        picks.forEach(advance);
        for (let i = 0; i < 3 * totalSteps; i++) [0, 1, 2].forEach(advance);
        assert.deepEqual(state.next, [totalSteps, totalSteps, totalSteps]);
        assert.deepEqual(summaries, [...Array(totalSteps).keys()]);
      }),
    );
  });
});
