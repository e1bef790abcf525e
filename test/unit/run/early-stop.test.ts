import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Waiting } from '../../../src/checkpoint/progress.ts';
import { stoppedAt, waitingAfter } from '../../../src/run/early-stop.ts';
import { judgeOf } from '../../../src/run/judge.ts';
import { tinyRun } from '../worker/tiny-run.ts';

const STOP = { patience: 1, minimumSteps: 0, improvement: 0 };
const LOSS = { metric: 'loss', better: 'lower' } as const;
const waited = (losses: readonly number[], stop = STOP): Waiting =>
  losses.reduce<Waiting | undefined>(
    (before, value, index) =>
      waitingAfter(stop, before, { headline: LOSS, value, stepInPhase: 10 * (index + 1) }),
    undefined,
  )!;

describe('waitingAfter()', () => {
  it('waits for a lower loss, and knows when the lowest was', () => {
    assert.deepEqual(waited([3, 2]), {
      metric: { name: 'loss', value: 2 },
      ...{ stepInPhase: 20, evaluations: 0, isOver: false },
    });
    assert.equal(waited([3, 3]).isOver, true, 'an equal loss is no better');
  });

  it('never ends before the fewest steps', () => {
    const stop = { ...STOP, minimumSteps: 40 };
    assert.deepEqual(
      [3, 4].map((n) => waited([1, 2, 2, 2].slice(0, n), stop).isOver),
      [false, true],
    );
  });

  it('takes any number for none', () => {
    assert.equal(waited([Number.NaN, 5]).isOver, false);
    assert.equal(waited([5, Number.NaN]).isOver, true);
  });
});

describe('stoppedAt()', () => {
  it('says after how many steps the phase stopped, and how many its best had', () => {
    const best = { name: 'loss', value: 2 };
    assert.deepEqual(stoppedAt(waited([3, 2, 4]), { everySteps: 10, steps: 100 }), {
      ...{ stepInPhase: 30, steps: 100, best, bestStepInPhase: 20 },
    });
  });

  it('is nothing for a phase that waits, or that waited for its last step', () => {
    assert.equal(stoppedAt(waited([3, 2]), { everySteps: 10, steps: 100 }), undefined);
    assert.equal(stoppedAt(waited([3, 2, 4]), { everySteps: 10, steps: 30 }), undefined);
    assert.equal(stoppedAt(undefined, { everySteps: 10, steps: 30 }), undefined);
  });
});

describe('judgeOf()', () => {
  const accuracy = { metric: 'accuracy', better: 'higher' } as const;

  it("is the objective's own metric, or the loss where it is asked for", () => {
    assert.deepEqual(judgeOf(tinyRun().phases[1]!, accuracy), accuracy);
    const byLoss = tinyRun('phases.finetune.evaluation.by=loss').phases[1]!;
    assert.deepEqual(judgeOf(byLoss, accuracy), LOSS);
  });
});
