/** The choice among tried learning rates. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  chooseRate,
  lackOf,
  RateRecorder,
  type TriedRate,
} from '../../../../../src/workflow/tune/learning-rate/choose-rate.ts';

const tried = (rate: number, loss: number, rest: Partial<TriedRate> = {}): TriedRate => ({
  rate,
  trainingLoss: 9,
  evaluation: { loss },
  isDiverged: false,
  ...rest,
});
const LOSS = { metric: 'loss', better: 'lower' } as const;
const ACCURACY = { metric: 'accuracy', better: 'higher' } as const;
const trial = fc.record({
  rate: fc.constantFrom(0.1, 0.2, 0.3, 0.4),
  trainingLoss: fc.double({ min: -2, max: 5 }),
  isDiverged: fc.boolean(),
});

describe('the chosen rate', () => {
  it('is the one with the smallest loss on the evaluation, if that is clearly smaller', () => {
    assert.equal(chooseRate([tried(0.1, 2), tried(0.3, 1.8), tried(1, 1.85)], 0.1, LOSS), 0.3);
    assert.equal(chooseRate([tried(0.1, 2), tried(0.3, 1.95)], 0.1, LOSS), 0.1);
  });

  it('goes by the metric of the phase, though another one has a smaller loss', () => {
    const rated = (rate: number, loss: number, accuracy: number) =>
      tried(rate, loss, { evaluation: { loss, accuracy } });
    const all = [rated(0.1, 2, 0.7), rated(0.3, 1, 0.8), rated(1, 3, 0.9)];
    assert.equal(chooseRate(all, 0.1, ACCURACY), 1);
    assert.equal(chooseRate(all, 0.1, LOSS), 0.3);
    assert.equal(chooseRate([rated(0.1, 2, 0.7), rated(0.3, 1, 0.71)], 0.1, ACCURACY), 0.1);
    assert.equal(chooseRate([rated(0.1, 2, 0.7), rated(0.3, 1, 0.7)], 0.1, ACCURACY), 0.3);
  });

  it('goes by the training loss where there is no evaluation', () => {
    const [a, b] = [0.1, 0.3].map((rate) => ({ rate, trainingLoss: rate, isDiverged: false }));
    assert.equal(chooseRate([a!, b!], 0.3, LOSS), 0.1);
  });

  it('is none that diverged, the configured one neither', () => {
    assert.equal(chooseRate([tried(0.1, 1, { isDiverged: true }), tried(0.3, 3)], 0.1, LOSS), 0.3);
    assert.equal(chooseRate([tried(0.1, 1, { isDiverged: true })], 0.1, LOSS), undefined);
    assert.equal(chooseRate([tried(0.1, Number.NaN)], 0.1, LOSS), undefined);
  });

  it('never has a larger loss than the configured one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(trial, { minLength: 1, selector: (one) => one.rate }), (all) => {
        const chosen = all.find(({ rate }) => rate === chooseRate(all, all[0]!.rate, LOSS));
        const own = all[0]!;
        if (chosen === undefined) return;
        assert.ok(!chosen.isDiverged);
        if (!own.isDiverged && !Number.isNaN(lackOf(own, LOSS)))
          assert.ok(lackOf(chosen, LOSS) <= lackOf(own, LOSS));
      }),
    );
  });
});

describe('the record of a range test', () => {
  const step = { kind: 'step' as const, step: 1, learningRate: 1, tokensPerSecond: 1 };
  const record = (losses: readonly number[], isSkipped = false) => {
    const recorder = new RateRecorder([{ phase: 'a', rate: 0.5 }]);
    for (const loss of losses) {
      recorder.note({ ...step, phase: 'a', metrics: { loss }, isSkipped });
      recorder.note({ ...step, phase: 'before', metrics: { loss: 77 }, isSkipped: true });
    }
    return recorder.tried()[0]!;
  };

  it('has the mean loss of the last quarter of the steps', () => {
    assert.deepEqual(record([5, 4, 3, 3, 2, 2, 2, 1]), {
      ...{ rate: 0.5, trainingLoss: 1.5, isDiverged: false },
    });
  });

  it('knows a rate that was too large', () => {
    assert.equal(record([1, 2, 3, 4]).isDiverged, true);
    assert.equal(record([2, Number.NaN]).isDiverged, true);
    assert.equal(record([2, 1], true).isDiverged, true);
  });
});
