import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BestWeights } from '../../../src/checkpoint/progress.ts';
import { defineRun } from '../../../src/run/definition.ts';
import {
  afterEvaluation,
  afterPassing,
  afterPhase,
  afterStep,
  isBetter,
  type ProgressOutsideEngine,
  progressAtStart,
  startingPhase,
  stateAtPhaseStart,
} from '../../../src/run/progress.ts';
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

  it('of fresh phases with different numbers: different weights; fresh is number 0', () => {
    const firstWeights = (start: string) => {
      const config = tinyRun(`phases.0.start=${start}`);
      const known = { results, initialWeights: undefined };
      return stateAtPhaseStart(defineRun(config, tinyStore()), 0, known).parameters;
    };
    assert.deepEqual(firstWeights('{ fresh: 0 }'), firstWeights('fresh'));
    assert.notDeepEqual(firstWeights('{ fresh: 1 }'), firstWeights('fresh'));
    assert.notDeepEqual(firstWeights('{ fresh: 1 }'), firstWeights('{ fresh: 2 }'));
  });

  it('knows which phase another starts from, by place and by name', () => {
    assert.equal(startingPhase(run, 0), undefined);
    assert.equal(startingPhase({ config: tinyRun('phases.1.start={ fresh: 3 }') }, 1), undefined);
    assert.equal(startingPhase(run, 1), 'pretrain');
    const named = tinyRun('phases.1.start={phase: pretrain}');
    assert.equal(startingPhase({ config: named }, 1), 'pretrain');
  });
});

describe('a progress', () => {
  const config = tinyRun();
  const [pretrain, finetune] = config.phases;
  /** `finetune` and `again` start from `pretrain`, `scratch` afresh. */
  const run = defineRun(
    {
      ...config,
      phases: [
        ...[pretrain!, finetune!],
        { ...finetune!, name: 'again', start: { phase: 'pretrain' } },
        { ...finetune!, name: 'scratch', start: 'fresh' },
      ],
    },
    tinyStore(),
  );
  const weights = {
    parameters: new Float32Array(run.layout.parameterCount).fill(3),
    statistics: new Float32Array(run.layout.statisticCount).fill(4),
  };
  const { state: _, ...start } = progressAtStart(run, weights);
  const read = () => weights;

  it('keeps initial weights for a fresh phase to come', () => {
    assert.deepEqual([start.initialWeights, start.results.size], [weights, 0]);
    const onlyFirst = progressAtStart(defineRun(config, tinyStore()), weights);
    assert.equal(onlyFirst.initialWeights, undefined);
    assert.equal(onlyFirst.state.parameters, weights.parameters);
  });

  it('counts steps, and those in a row that were skipped', () => {
    const once = afterStep(run, start, { isSkipped: true, read });
    const twice = afterStep(run, once, { isSkipped: true, read });
    assert.deepEqual([twice.globalStep, twice.skippedSteps, twice.unfinished], [2, 2, true]);
    assert.equal(afterStep(run, twice, { isSkipped: false, read }).skippedSteps, 0);
    assert.deepEqual([start.globalStep, start.skippedSteps], [0, 0], 'a new value each time');
  });

  it('awaits the evaluation that is due after a step, and keeps the best', () => {
    const [, first] = run.schedule.firstSteps;
    const before = { ...start, globalStep: first! + 2 };
    const due = afterStep(run, before, { isSkipped: false, read });
    assert.equal(due.evaluated, false);
    const headline = { metric: 'accuracy', better: 'higher' } as const;
    const evaluation = { headline, metrics: { accuracy: 0.5 }, read: () => weights };
    const better = afterEvaluation(run, due, evaluation);
    const metric = { name: 'accuracy', value: 0.5 };
    assert.deepEqual([better.evaluated, better.best], [true, { metric, stepInPhase: 3, weights }]);
    const worse = afterEvaluation(run, better, { ...evaluation, metrics: { accuracy: 0.4 } });
    assert.equal(worse.best, better.best);
  });

  it('ends a phase early, and passes its last steps over', () => {
    const stop = { patience: 1, minimumSteps: 0, improvement: 0 };
    const phases = run.config.phases.map((phase) => ({
      ...phase,
      evaluation: { ...phase.evaluation!, stop },
    }));
    const impatient = { config: { ...run.config, phases }, schedule: run.schedule };
    const headline = { metric: 'accuracy', better: 'higher' } as const;
    const after = (before: ProgressOutsideEngine, accuracy: number) =>
      afterEvaluation(impatient, before, { headline, metrics: { accuracy }, read });
    const second = after(after({ ...start, globalStep: 3 }, 0.5), 0.5);
    assert.deepEqual(second.waiting, {
      metric: { name: 'accuracy', value: 0.5 },
      ...{ stepInPhase: 3, evaluations: 1, isOver: true },
    });
    assert.deepEqual(afterPassing(start), { ...start, globalStep: 1, unfinished: true });
  });

  it('keeps the averaged weights as the best where it averages them', () => {
    const average = { ...weights, parameters: weights.parameters.map(() => 5) };
    const before = { ...start, average, globalStep: run.schedule.firstSteps[1]! + 3 };
    const headline = { metric: 'accuracy', better: 'higher' } as const;
    const after = afterEvaluation(run, before, { headline, metrics: { accuracy: 1 }, read });
    assert.deepEqual(after.best!.weights, average);
  });

  it('keeps what a phase ended with as long as a phase to come starts from it', () => {
    const kept: ProgressOutsideEngine[] = [];
    for (const phase of [0, 1, 2, 3]) {
      kept.push(afterPhase(run, kept.at(-1) ?? start, phase, weights));
    }
    assert.deepEqual(
      kept.map(({ results }) => [...results.keys()]),
      [['pretrain'], ['pretrain'], [], []],
    );
    assert.deepEqual(
      kept.map(({ initialWeights }) => initialWeights !== undefined),
      [true, true, true, false],
    );
    const again = afterPhase(run, kept[0]!, 0, weights);
    assert.deepEqual(again, kept[0], 'ending a phase once more changes nothing');
  });
});
