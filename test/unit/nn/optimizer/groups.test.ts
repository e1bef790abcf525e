import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupRates } from '../../../../src/nn/optimizer/groups.ts';
import { makeProgram } from '../../../../src/nn/program.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { testEngine } from '../../../helper/engine.ts';
import { factsOf, trained } from '../../../helper/nn.ts';

const facts = factsOf();
const model = { family: 'reference', channels: 2, maskValue: -1 };
const { program, parameters, objective, start, ...made } = trained(
  { model, objective: { kind: 'supervised', classWeights: 'none' } },
  facts,
);

const OPTIMIZERS = {
  sgd: { kind: 'sgd', momentum: 0.9, weightDecay: 0.1 },
  adamw: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 },
};

describe('groupRates()', () => {
  it('is the rate of the first group that has the parameter, and 1 in none', () => {
    const groups = [
      { parameters: ['encoder.weight'], rate: 0.5 },
      { parameters: ['encoder', 'model'], rate: 0 },
    ];
    const rateOf = groupRates(groups, parameters);
    const rates = ['encoder.weight', 'encoder.bias', 'model.0.m.0.weight', 'decoder.bias'];
    assert.deepEqual(
      rates.map((name) => rateOf({ name })),
      [0.5, 0, 0, 1],
    );
  });

  it('refuses names with which nothing begins, and groups that leave nothing to train', () => {
    const make = (names: string[]) => groupRates([{ parameters: names, rate: 0 }], parameters);
    assert.throws(() => make(['decodr']), { code: 'CONFIG_INVALID', message: /"decodr".*decoder/ });
    assert.throws(() => make(['encoder', 'model', 'decoder']), { code: 'CONFIG_INVALID' });
  });
});

describe('an update with groups', () => {
  const total = new Float32Array(program.leaf.size).fill(1);
  const before = start(3);
  /** What one update adds to each parameter. */
  function change(kind: 'sgd' | 'adamw', groups?: { parameters: string[]; rate: number }[]) {
    const update = registry.makeUpdateRule(OPTIMIZERS[kind]);
    const session = testEngine.session(
      makeProgram({ model: made.model, objective, update, facts, groups }),
    );
    const moments = Array.from({ length: update.momentCount }, () =>
      before.parameters.map(() => 0),
    );
    session.load({ ...before, moments });
    session.apply({ total, learningRate: 0.1, step: 1, statisticsMomentum: 0.1 });
    const after = session.read().parameters;
    session.dispose();
    return (name: string) => {
      const { offset, size } = program.state.parameters.find((slot) => slot.name === name)!;
      return [...after.subarray(offset, offset + size)].map(
        (x, i) => x - before.parameters[offset + i]!,
      );
    };
  }

  for (const kind of ['sgd', 'adamw'] as const) {
    it(`of ${kind} is the rate's part of the whole one, and none at the rate 0`, () => {
      const whole = change(kind);
      const groups = [
        { parameters: ['encoder'], rate: 0 },
        { parameters: ['model'], rate: 0.25 },
      ];
      const grouped = change(kind, groups);
      assert.deepEqual(new Set(grouped('encoder.weight')), new Set([0]));
      for (const [name, rate] of [
        ['model.0.m.0.weight', 0.25],
        ['decoder.weight', 1],
      ] as const) {
        const expected = whole(name).map((x) => rate * x);
        for (const [i, x] of grouped(name).entries()) assert.ok(Math.abs(x - expected[i]!) < 1e-6);
      }
    });
  }

  it('keeps a frozen gradient out of the norm that clips', () => {
    const clipped = registry.makeUpdateRule({ ...OPTIMIZERS.sgd, weightDecay: 0, clipNorm: 1 });
    const groups = [{ parameters: ['encoder', 'model'], rate: 0 }];
    const session = testEngine.session(
      makeProgram({ model: made.model, objective, update: clipped, facts, groups }),
    );
    session.load({ ...before, moments: [before.parameters.map(() => 0)] });
    session.apply({ total, learningRate: 1, step: 1, statisticsMomentum: 0.1 });
    const after = session.read().parameters;
    session.dispose();
    const norm = Math.hypot(...after.map((x, i) => x - before.parameters[i]!));
    assert.ok(Math.abs(norm - 1) < 1e-4, `${norm}`);
  });
});
