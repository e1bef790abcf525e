/** A range test as one run: what its trials share with the phase, and what they don't. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RunConfig } from '../../../../../src/config/run-config.ts';
import { LockstepError } from '../../../../../src/core/errors.ts';
import { checkRunConfig, loadRunConfig } from '../../../../../src/run/config.ts';
import {
  makeRateTest,
  peakOf,
} from '../../../../../src/workflow/tune/learning-rate/rate-trials.ts';
import { fixtureConfig } from '../../../../helper/command-line.ts';

const config = loadRunConfig(fixtureConfig('two-phases.yaml'));
const [pretrain, finetune] = config.phases as [
  RunConfig['phases'][number],
  RunConfig['phases'][number],
];

describe('a range test', () => {
  it('is a run that the schema takes, with a short copy of the phase for each rate', () => {
    const { config: test, trials, steps } = makeRateTest(config, 'pretrain', [400, 60]);
    checkRunConfig(test);
    assert.equal(steps, 100);
    assert.deepEqual(
      test.phases.map(({ name }) => name),
      trials.map(({ phase }) => phase),
    );
    for (const [at, phase] of test.phases.entries()) {
      assert.equal(peakOf(phase.learningRate), trials[at]!.rate);
      assert.deepEqual(phase.duration, { steps: 100 });
      const { objective, optimizer, data, start } = phase;
      const own = pretrain;
      assert.deepEqual([objective, optimizer, data], [own.objective, own.optimizer, own.data]);
      assert.deepEqual(start, own.start);
    }
  });

  it('trains first what the phase starts from, and starts each trial there', () => {
    const { config: test, steps } = makeRateTest(config, 'finetune', [400, 60]);
    assert.equal(steps, 60);
    assert.deepEqual(test.phases[0], pretrain);
    for (const { start } of test.phases.slice(1)) assert.deepEqual(start, { phase: 'pretrain' });
    assert.equal(finetune.start, 'previous');
  });

  it('has ascending rates around the configured one, which is among them as it is', () => {
    const rate = fc.double({ min: 1e-6, max: 10, noNaN: true });
    fc.assert(
      fc.property(rate, (value) => {
        const phase = { ...pretrain, learningRate: { kind: 'constant' as const, value } };
        const { trials, configured } = makeRateTest(
          { ...config, phases: [phase] },
          phase.name,
          [9],
        );
        const rates = trials.map((trial) => trial.rate);
        assert.equal(configured, value);
        assert.ok(rates.includes(value));
        assert.deepEqual(
          rates,
          [...new Set(rates)].sort((a, b) => a - b),
        );
        const [low, high] = [rates[0]! / value, rates.at(-1)! / value];
        assert.ok(low > 0.029 && low < 0.035 && high > 29 && high < 35);
      }),
    );
  });

  it('warms up over the same share of its steps', () => {
    const learningRate = {
      kind: 'warmup-cosine' as const,
      ...{ peak: 1, warmupSteps: 100, finalFraction: 0.5 },
    };
    const phases = [{ ...pretrain, learningRate }];
    const { config: test } = makeRateTest({ ...config, phases }, 'pretrain', [1000]);
    for (const phase of test.phases) {
      const { learningRate: own } = phase;
      assert.ok(
        own.kind === 'warmup-cosine' && own.warmupSteps === 10 && own.finalFraction === 0.5,
      );
    }
  });

  it('refuses a phase that is not there', () => {
    assert.throws(
      () => makeRateTest(config, 'nosuch', [1, 1]),
      (thrown) => thrown instanceof LockstepError && thrown.code === 'USAGE',
    );
  });
});
