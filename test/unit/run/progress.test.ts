import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BestWeights } from '../../../src/checkpoint/store.ts';
import { defineRun } from '../../../src/run/definition.ts';
import { isBetter, startingPhase, stateAtPhaseStart } from '../../../src/run/progress.ts';
import { tinyRun, tinyStore } from '../worker/tiny-run.ts';

describe('isBetter()', () => {
  const phase = tinyRun().phases[1]!;
  const accuracy = { metric: 'accuracy', better: 'higher' } as const;
  const loss = { metric: 'loss', better: 'lower' } as const;
  const best = (value: number | null): BestWeights => ({
    metric: { name: 'any', value },
    stepInPhase: 1,
    weights: { parameters: new Float32Array(), statistics: new Float32Array() },
  });

  it('takes the first evaluation, whatever it is', () => {
    assert.equal(isBetter(phase, accuracy, { accuracy: 0 }, undefined), true);
    assert.equal(isBetter(phase, accuracy, { accuracy: Number.NaN }, undefined), true);
  });

  it('prefers the higher accuracy and the lower loss', () => {
    assert.equal(isBetter(phase, accuracy, { accuracy: 0.6 }, best(0.5)), true);
    assert.equal(isBetter(phase, accuracy, { accuracy: 0.4 }, best(0.5)), false);
    assert.equal(isBetter(phase, loss, { loss: 0.4 }, best(0.5)), true);
    assert.equal(isBetter(phase, loss, { loss: 0.6 }, best(0.5)), false);
  });

  it('keeps the first of equals', () => {
    assert.equal(isBetter(phase, accuracy, { accuracy: 0.5 }, best(0.5)), false);
  });

  it('never gives a number up for none, and takes any number for none', () => {
    assert.equal(isBetter(phase, accuracy, { accuracy: Number.NaN }, best(0.1)), false);
    assert.equal(isBetter(phase, accuracy, { accuracy: 0.1 }, best(null)), true);
  });

  it('holds an infinity for no number, so that a resumed run decides as one that went on', () => {
    const infinite = Number.POSITIVE_INFINITY;
    for (const kept of [infinite, Number.NaN, null]) {
      assert.equal(isBetter(phase, loss, { loss: infinite }, best(kept)), false);
      assert.equal(isBetter(phase, loss, { loss: 9 }, best(kept)), true);
    }
    assert.equal(isBetter(phase, loss, { loss: -infinite }, best(9)), false);
  });

  it('is never asked for by a phase that keeps the last', () => {
    assert.equal(isBetter(tinyRun().phases[0]!, accuracy, { accuracy: 1 }, undefined), false);
  });
});

describe('stateAtPhaseStart()', () => {
  const run = defineRun(tinyRun(), tinyStore());
  const weights = {
    parameters: new Float32Array(run.layout.parameterCount).fill(3),
    statistics: new Float32Array(run.layout.statisticCount).fill(4),
  };
  const results = new Map([['pretrain', weights]]);

  it('of a phase that goes on: the weights of the phase before, no moments', () => {
    const state = stateAtPhaseStart(run, 1, { results, initialWeights: undefined });
    assert.equal(state.parameters, weights.parameters);
    assert.equal(state.statistics, weights.statistics);
    assert.deepEqual(state.moments, [new Float32Array(run.layout.parameterCount)]);
  });

  it('of a fresh phase: the given weights, else random ones from the seed', () => {
    const given = stateAtPhaseStart(run, 0, { results, initialWeights: weights });
    assert.equal(given.parameters, weights.parameters);
    const random = stateAtPhaseStart(run, 0, { results, initialWeights: undefined });
    assert.equal(new Set(random.parameters).size > 50, true);
    assert.equal(random.moments.length, 2);
  });

  it('knows which phase another starts from, by place and by name', () => {
    assert.equal(startingPhase(run, 0), undefined);
    assert.equal(startingPhase(run, 1), 'pretrain');
    const named = tinyRun('phases.1.start={phase: pretrain}');
    assert.equal(startingPhase({ config: named }, 1), 'pretrain');
  });
});
