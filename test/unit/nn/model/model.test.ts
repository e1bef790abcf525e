import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelConfig } from '../../../../src/config/model-section.ts';
import type { MicroBatch, Program } from '../../../../src/engine/engine.ts';
import { makeStateLayout } from '../../../../src/engine/layout.ts';
import { initialState } from '../../../../src/nn/initial-state.ts';
import { makeModel } from '../../../../src/nn/model/registry.ts';
import { makeObjective } from '../../../../src/nn/objective/registry.ts';
import { makeProgram } from '../../../../src/nn/program.ts';
import { testEngine } from '../../../helper/engine.ts';

const SHAPE = { classes: 3, symbols: 7, pretextOutputs: 7 };
const dilated = (dilations: number[], kernel = 3): ModelConfig => ({
  family: 'dilated',
  channels: 4,
  input: 'value',
  dilations,
  kernel,
  maskValue: -1,
});

describe('the reference model', () => {
  it("has the first user's parameter names and shapes", () => {
    const model = makeModel(
      { family: 'reference', channels: 64, maskValue: -1 },
      {
        ...SHAPE,
        pretextOutputs: 0,
      },
    );
    assert.deepEqual(
      model.parameters.map(({ name, shape }) => [name, [...shape]]),
      [
        ['encoder.weight', [64, 1, 1]],
        ['encoder.bias', [64]],
        ['model.0.m.0.weight', [64, 64, 3]],
        ['model.0.m.0.bias', [64]],
        ['model.0.m.1.weight', [64]],
        ['model.0.m.1.bias', [64]],
        ['model.0.m.3.weight', [64, 64, 3]],
        ['model.0.m.3.bias', [64]],
        ['model.0.m.4.weight', [64]],
        ['model.0.m.4.bias', [64]],
        ['decoder.weight', [3, 64]],
        ['decoder.bias', [3]],
      ],
    );
    assert.equal(model.receptiveField, 5);
  });

  it('sees exactly those five steps', () => {
    // Enough channels that no ReLU hides a step.
    const config: ModelConfig = { family: 'reference', channels: 16, maskValue: -1 };
    const base = featureAt(config, 40, []);
    for (const side of [-1, 1]) {
      assert.notDeepEqual(featureAt(config, 40, [40 + 2 * side]), base);
      assert.deepEqual(featureAt(config, 40, [40 + 3 * side]), base);
    }
  });

  it('names its running statistics as PyTorch does', () => {
    const model = makeModel({ family: 'reference', channels: 2, maskValue: -1 }, SHAPE);
    assert.deepEqual(
      makeStateLayout(model.parameters, model.norms).statistics.map(({ name }) => name),
      ['model.0.m.1', 'model.0.m.4'].flatMap((norm) => [
        `${norm}.running_mean`,
        `${norm}.running_var`,
      ]),
    );
  });
});

describe('the dilated model', () => {
  it('sees at least 500 steps by default', () => {
    const model = makeModel(dilated([1, 2, 4, 8, 16, 32, 64, 128]), SHAPE);
    assert.equal(model.receptiveField, 527);
  });

  it('refuses to embed real values', () => {
    assert.throws(
      () =>
        makeModel({ ...dilated([1]), input: 'embedding' } as ModelConfig, { ...SHAPE, symbols: 0 }),
      { message: /^model\.input is "embedding", but the dataset holds real values/ },
    );
  });

  for (const config of [dilated([1]), dilated([1, 3]), dilated([2], 5)]) {
    const model = makeModel(config, SHAPE);
    it(`sees exactly the ${model.receptiveField} steps that it says`, () => {
      const reach = (model.receptiveField - 1) / 2;
      const middle = 40;
      const base = featureAt(config, middle, []);
      for (const side of [-1, 1]) {
        assert.notDeepEqual(featureAt(config, middle, [middle + side * reach]), base, 'inside');
        assert.deepEqual(featureAt(config, middle, [middle + side * (reach + 1)]), base, 'outside');
      }
    });
  }
});

describe('the causal model', () => {
  for (const [dilations, kernel] of [
    [[1], 3],
    [[1, 3], 2],
    [[2], 4],
  ] as const) {
    const config: ModelConfig = {
      ...dilated([...dilations], kernel),
      family: 'causal',
    } as ModelConfig;
    const { receptiveField } = makeModel(config, SHAPE);
    it(`sees exactly the ${receptiveField} steps up to the present one`, () => {
      const [present, first] = [40, 40 - receptiveField + 1];
      const base = featureAt(config, present, []);
      assert.notDeepEqual(featureAt(config, present, [present]), base, 'the present');
      assert.notDeepEqual(featureAt(config, present, [first]), base, 'the first that it says');
      assert.deepEqual(featureAt(config, present, [first - 1]), base, 'before the first');
      assert.deepEqual(featureAt(config, present, [present + 1]), base, 'the future');
    });
  }

  it('keeps no running statistics, and its norms as the other families name them', () => {
    const names = (family: 'causal' | 'dilated') =>
      makeModel({ ...dilated([1]), family } as ModelConfig, SHAPE).parameters.map(
        ({ name }) => name,
      );
    assert.deepEqual(
      makeModel({ ...dilated([1]), family: 'causal' } as ModelConfig, SHAPE).norms,
      [],
    );
    assert.deepEqual(names('causal'), names('dilated'));
  });
});

describe('initialState()', () => {
  const model = makeModel(dilated([1, 2]), SHAPE);
  const layout = makeStateLayout(model.parameters, model.norms);
  const state = (seed: number) => initialState(model, layout, { seed, momentCount: 2 });
  const of = (name: string) => layout.parameters.find((slot) => slot.name === name)!;

  it('keeps within ±1/√fan-in, and uses the range', () => {
    const { offset, size } = of('model.0.m.0.weight');
    const weights = state(1).parameters.subarray(offset, offset + size);
    const bound = 1 / Math.sqrt(4 * 3);
    assert.ok(weights.every((weight) => Math.abs(weight) <= bound));
    assert.ok(Math.max(...weights) > 0.8 * bound && Math.min(...weights) < -0.8 * bound);
  });

  it('starts norms at 1 and 0, running statistics at mean 0 and variance 1, moments at 0', () => {
    const { parameters, statistics, moments } = state(1);
    const at = (name: string) => parameters[of(name).offset];
    assert.deepEqual([at('model.0.m.1.weight'), at('model.0.m.1.bias')], [1, 0]);
    assert.deepEqual([...statistics.subarray(0, 8)], [0, 0, 0, 0, 1, 1, 1, 1]);
    assert.ok(moments.length === 2 && moments.every((moment) => moment.every((m) => m === 0)));
  });

  it('depends on seed and name only: another head shifts nothing', () => {
    const other = makeModel(dilated([1, 2]), { ...SHAPE, classes: 9 });
    const otherLayout = makeStateLayout(other.parameters, other.norms);
    const { parameters } = initialState(other, otherLayout, { seed: 1, momentCount: 2 });
    const { offset, size } = of('pretext.weight');
    const moved = otherLayout.parameters.find(({ name }) => name === 'pretext.weight')!;
    assert.notEqual(moved.offset, offset);
    assert.deepEqual(
      parameters.slice(moved.offset, moved.offset + size),
      state(1).parameters.slice(offset, offset + size),
    );
    assert.notDeepEqual(state(1).parameters, state(2).parameters);
  });
});

/** Features of one position in inference mode, with some input steps changed. */
function featureAt(config: ModelConfig, position: number, changed: readonly number[]): number[] {
  const model = makeModel(config, SHAPE);
  const facts = {
    symbolCounts: [],
    transitionCounts: [],
    meanValue: 0,
    valueRange: { minimum: 0, maximum: 6 },
  };
  const objective = makeObjective(
    { kind: 'supervised', classWeights: 'none' },
    { ...facts, classes: 3, symbols: 7, classCounts: [1, 1, 1] },
    0,
  );
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  const program: Program = {
    ...makeProgram(model, objective, optimizer),
    feeds: [
      { name: 'values', dtype: 'int32', shape: ['rows', 'length'] },
      { name: 'position', dtype: 'int32', shape: [1] },
    ],
    outputs: (context) =>
      context.ops.gatherPositions(model.features(context), context.feed('position')),
  };
  const session = testEngine.session(program);
  session.load(initialState(model, program.state, { seed: 2, momentCount: 1 }));
  const values = Int32Array.from({ length: 80 }, (_, step) => (step * 5) % 7);
  for (const step of changed) values[step]! += 1;
  const batch: MicroBatch = {
    rows: 1,
    paddedLength: 80,
    lengths: Int32Array.of(80),
    sequences: Int32Array.of(0),
    feeds: {
      values: { shape: [1, 80], data: values },
      position: { shape: [1], data: Int32Array.of(position) },
    },
    hostSums: {},
  };
  const { data } = session.forward(batch);
  session.dispose();
  return [...data];
}
