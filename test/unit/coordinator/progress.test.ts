import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ProgressEvent, ProgressState } from '../../../src/coordinator/progress.ts';
import {
  initialProgress,
  LEASE_AHEAD,
  reduceProgress,
  succeedingProgress,
} from '../../../src/coordinator/progress.ts';

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

  test('of a successor takes what workers say of steps that its journal lacks, and goes on where they stand', () => {
    const journal = { closed: 3, told: [], isStopping: false, mayLack: true };
    let state = succeedingProgress(initialProgress(20, 3), journal);
    for (const event of [done(0, 7), done(1, 6), done(1, 7)]) {
      const result = reduceProgress(state, event);
      assert.deepEqual(result.effects, []);
      state = result.state;
    }
    const { effects } = reduceProgress(state, { ...START, step: 8 });
    const told = effects.flatMap((effect) => (effect.kind === 'step' ? [effect.summary.step] : []));
    assert.deepEqual([told, effects.at(-1)], [[6, 7], lease(10)]);
  });

  test('forgets the reports of finished steps', () => {
    const { state } = play([START, done(1, 0), done(1, 1), done(0, 0)]);
    assert.deepEqual(
      state.open.map(({ step }) => step),
      [1],
    );
  });

  test('drains: the lease that is out becomes the stop, and no more is leased', () => {
    const drain: ProgressEvent = { kind: 'drain', cause: 'SIGINT' };
    const drained = play([START, done(0, 0), done(1, 0), drain]);
    assert.deepEqual(drained.effects, [{ kind: 'broadcast', body: { kind: 'drain', stopAt: 3 } }]);
    assert.equal(drained.reason, 'SIGINT: the run stops before step 3');
    const later = play([START, done(0, 0), done(1, 0), drain, done(0, 1), done(1, 1), drain]);
    assert.deepEqual([later.state.lease, later.effects], [3, []]);
  });

  /** `done`, with the hash of the state. */
  const compared = (slot: number, step: number, stateHash?: string): ProgressEvent =>
    ({ ...done(slot, step), stateHash }) as ProgressEvent;
  const START_3 = { ...START, slots: [0, 1, 2] };
  /** All three workers finish a step with these hashes. */
  const stepOf3 = (step: number, ...hashes: (string | undefined)[]) =>
    hashes.map((stateHash, slot) => compared(slot, step, stateHash));

  test('compares the hashes of the states where they are reported, and not the step before', () => {
    const steps = [...stepOf3(0, 'a', 'a', 'a'), ...stepOf3(1, undefined, undefined, undefined)];
    const { state, effects } = play([START_3, ...steps]);
    assert.equal(state.agreed, 1);
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ['step', 'broadcast'],
    );
    const failed = play([START_3, ...steps, ...stepOf3(2, 'b', 'c', 'b')]);
    const [abort] = failed.effects;
    assert.ok(abort?.kind === 'abort');
    assert.equal(abort.failure.code, 'REPLICAS_DIFFER');
    assert.equal(
      abort.failure.message,
      "The workers' states differ after 3 steps and were the same after 1, so they came apart in steps 1 to 2; " +
        'hashes of weights, statistics and optimizer: workers 0 and 2 (the majority) b, worker 1 c.',
    );
    assert.match(abort.failure.advice, /^Checkpoints of more than 1 steps may hold the fault/);
  });

  test('counts a hash that one worker lacks as a difference', () => {
    const { effects } = play([START_3, ...stepOf3(0, 'a', 'a', undefined)]);
    assert.match(
      effects[0]?.kind === 'abort' ? effects[0].failure.message : '',
      /: workers 0 and 1 \(the majority\) a, worker 2 nothing\.$/,
    );
  });

  test('a generation begins with states that were compared', () => {
    const regrouped = play([START_3, ...stepOf3(0, 'a', 'a', 'a'), { ...START_3, step: 5 }]);
    assert.equal(regrouped.state.agreed, 5);
  });

  test('lists the largest groups of workers that say the same, and counts the others', () => {
    const slots = [...Array(30).keys()];
    const start = { kind: 'start', slots, step: 0 } as const;
    let state = reduceProgress(initialProgress(10, 30), start).state;
    const failures = slots.flatMap((slot) => {
      // 10 say "a", the others something of their own.
      const result = reduceProgress(state, compared(slot, 0, slot % 3 < 1 ? 'a' : `own-${slot}`));
      state = result.state;
      return result.effects.flatMap((effect) => (effect.kind === 'abort' ? [effect.failure] : []));
    });
    assert.match(
      failures[0]!.message,
      /: 10 workers a, worker 1 own-1, worker 2 own-2, worker 4 own-4, .*worker 8 own-8, worker 10 own-10, 13 values more\.$/,
    );
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
      /"loss": worker 0 0, worker 1 -0\./,
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
