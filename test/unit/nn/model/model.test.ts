import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelConfig } from '../../../../src/config/model-section.ts';
import type { MicroBatch, Program } from '../../../../src/engine/engine.ts';
import { makeStateLayout } from '../../../../src/engine/layout.ts';
import { initialState } from '../../../../src/nn/initial-state.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { trainedParameters } from '../../../../src/nn/trained-parameters.ts';
import { checkTimesteps } from '../../../../src/run/needs.ts';
import { testEngine } from '../../../helper/engine.ts';
import { factsOf, trained } from '../../../helper/nn.ts';

const FACTS = factsOf({ symbols: 7 });
const makeModel = (config: ModelConfig, facts = FACTS) => registry.makeModel(config, facts);
const SUPERVISED = { kind: 'supervised', classWeights: 'none' };
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
    const config = { family: 'reference', channels: 64, maskValue: -1 };
    const { model, parameters } = trained({ model: config, objective: SUPERVISED }, FACTS);
    assert.deepEqual(
      parameters.map(({ name, shape }) => [name, [...shape]]),
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
    const model = makeModel({ family: 'reference', channels: 2, maskValue: -1 });
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
    const model = makeModel(dilated([1, 2, 4, 8, 16, 32, 64, 128]));
    assert.equal(model.receptiveField, 527);
  });

  it('refuses to embed real values', () => {
    assert.throws(
      () =>
        makeModel({ ...dilated([1]), input: 'embedding' } as ModelConfig, { ...FACTS, symbols: 0 }),
      { message: /^model\.input is "embedding", but the dataset holds real values/ },
    );
  });

  for (const config of [dilated([1]), dilated([1, 3]), dilated([2], 5)]) {
    const model = makeModel(config);
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
    const { receptiveField } = makeModel(config);
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
      makeModel({ ...dilated([1]), family } as ModelConfig).parameters.map(({ name }) => name);
    assert.deepEqual(makeModel({ ...dilated([1]), family: 'causal' } as ModelConfig).norms, []);
    assert.deepEqual(names('causal'), names('dilated'));
  });
});

describe('the residual network of several kernel sizes', () => {
  const resnet = (options: object): ModelConfig => ({
    ...{ family: 'resnet', blocks: [64, 128, 128], kernels: [8, 5, 3], input: 'auto' },
    ...options,
  });

  it('has the published layers by default, and a shortcut that convolves where the channels differ', () => {
    const defaults = registry.choices().models.find(({ name }) => name === 'resnet')!.options;
    assert.deepEqual({ family: 'resnet', ...defaults.parse({}) }, resnet({}));
    const { parameters, receptiveField } = makeModel(resnet({}));
    const shapes = parameters.filter(({ shape }) => shape.length > 1);
    assert.deepEqual(
      shapes.map(({ name, shape }) => `${name} ${shape}`),
      [
        'model.0.m.0.weight 64,8,8',
        'model.0.m.3.weight 64,64,5',
        'model.0.m.6.weight 64,64,3',
        'model.0.shortcut.0.weight 64,8,1',
        'model.1.m.0.weight 128,64,8',
        'model.1.m.3.weight 128,128,5',
        'model.1.m.6.weight 128,128,3',
        'model.1.shortcut.0.weight 128,64,1',
        'model.2.m.0.weight 128,128,8',
        'model.2.m.3.weight 128,128,5',
        'model.2.m.6.weight 128,128,3',
      ],
    );
    assert.equal(receptiveField, 40);
  });

  it('sees one step more of the future than of the past with an even kernel', () => {
    const config = resnet({ blocks: [16], kernels: [4] });
    const base = featureAt(config, 40, []);
    for (const inside of [39, 42]) assert.notDeepEqual(featureAt(config, 40, [inside]), base);
    for (const outside of [38, 43]) assert.deepEqual(featureAt(config, 40, [outside]), base);
  });

  it('embeds symbols and reads real values as numbers, unless it is told otherwise', () => {
    const reads = (options: object, symbols = 7) =>
      makeModel(resnet(options), { ...FACTS, symbols }).reads;
    assert.deepEqual([reads({}), reads({}, 0)], ['symbols', 'numbers']);
    assert.equal(reads({ input: 'value' }), 'numbers');
    assert.throws(() => reads({ input: 'embedding' }, 0), { code: 'CONFIG_INVALID' });
  });
});

describe('the inception network', () => {
  const defaults = registry.choices().models.find(({ name }) => name === 'inception')!.options;
  const inception = (options: object): ModelConfig => ({
    ...{ family: 'inception', ...defaults.parse({}) },
    ...options,
  });

  it('has the published layers by default, with a shortcut beside every three modules', () => {
    const { parameters, receptiveField } = makeModel(inception({}), { ...FACTS, symbols: 0 });
    const shapes = parameters
      .filter(({ name, shape }) => shape.length > 1 && /^model\.[025]\./.test(name))
      .map(({ name, shape }) => `${name} ${shape}`);
    const module = (index: number, channels: number) => [
      `model.${index}.bottleneck.weight 32,${channels},1`,
      `model.${index}.convs.0.weight 32,32,40`,
      `model.${index}.convs.1.weight 32,32,20`,
      `model.${index}.convs.2.weight 32,32,10`,
      `model.${index}.pooled.weight 32,${channels},1`,
    ];
    assert.deepEqual(shapes, [
      ...module(0, 2),
      ...module(2, 128),
      'model.2.shortcut.0.weight 128,2,1',
      ...module(5, 128),
      'model.5.shortcut.0.weight 128,128,1',
    ]);
    assert.equal(receptiveField, 235);
  });

  it('sees exactly the steps that it says', () => {
    const config = inception({ depth: 2, filters: 4, bottleneck: 4, kernels: [5, 3] });
    assert.equal(makeModel(config).receptiveField, 9);
    const base = featureAt(config, 40, []);
    for (const inside of [36, 44]) assert.notDeepEqual(featureAt(config, 40, [inside]), base);
    for (const outside of [35, 45]) assert.deepEqual(featureAt(config, 40, [outside]), base);
  });
});

describe('the gated depthwise network', () => {
  const modern = (options: object): ModelConfig => {
    const { options: all } = registry.choices().models.find(({ name }) => name === 'modern-tcn')!;
    return { family: 'modern-tcn', ...all.parse({}), ...options };
  };

  it('has one filter for each channel in its large kernels', () => {
    const { parameters, receptiveField } = makeModel(modern({}));
    const shapes = parameters
      .filter(({ name, shape }) => shape.length > 1 && !/^model\.[1-9]/.test(name))
      .map(({ name, shape }) => `${name} ${shape}`);
    assert.deepEqual(shapes, [
      'stem.weight 64,8,8',
      'model.0.depthwise.weight 64,1,51',
      'model.0.expand.weight 128,64,1',
      'model.0.gate.weight 128,64,1',
      'model.0.project.weight 64,128,1',
    ]);
    assert.equal(receptiveField, 208);
  });

  it('sees exactly the steps that it says', () => {
    const config = modern({ depth: 2, channels: 8, stem: 3, kernel: 5 });
    assert.equal(makeModel(config).receptiveField, 11);
    const base = featureAt(config, 40, []);
    for (const inside of [35, 45]) assert.notDeepEqual(featureAt(config, 40, [inside]), base);
    for (const outside of [34, 46]) assert.deepEqual(featureAt(config, 40, [outside]), base);
  });
});

describe('the strided network', () => {
  const { options: all } = registry.choices().models.find(({ name }) => name === 'strided')!;
  const strided = (options: object): ModelConfig => ({
    ...{ family: 'strided', ...all.parse({}) },
    ...options,
  });

  it('has the layers of the residual network of 18 by default, and one position for 32 timesteps', () => {
    const { parameters, channels, stride, receptiveField } = makeModel(strided({}));
    const shapes = parameters
      .filter(({ name, shape }) => shape.length > 1 && /^(stem|model\.[01])/.test(name))
      .map(({ name, shape }) => `${name} ${shape}`);
    assert.deepEqual(shapes, [
      'stem.0.weight 64,8,7',
      'model.0.0.m.0.weight 64,64,3',
      'model.0.0.m.3.weight 64,64,3',
      'model.0.1.m.0.weight 64,64,3',
      'model.0.1.m.3.weight 64,64,3',
      'model.1.0.m.0.weight 128,64,3',
      'model.1.0.m.3.weight 128,128,3',
      'model.1.0.shortcut.0.weight 128,64,1',
      'model.1.1.m.0.weight 128,128,3',
      'model.1.1.m.3.weight 128,128,3',
    ]);
    assert.deepEqual(
      { channels, stride, receptiveField },
      { channels: 512, stride: 32, receptiveField: 435 },
    );
  });

  it('sees at most the steps that it says, through its decoder', () => {
    const config = strided({ stages: [8], depth: 1, stem: 3, decoder: true });
    const { stride, receptiveField } = makeModel(config);
    assert.equal(stride, 1);
    const base = featureAt(config, 40, []);
    for (const inside of [34, 46]) assert.notDeepEqual(featureAt(config, 40, [inside]), base);
    for (const outside of [40 - receptiveField, 40 + receptiveField]) {
      assert.deepEqual(featureAt(config, 40, [outside]), base);
    }
  });

  it('is refused for objectives on single timesteps without its decoder', () => {
    const masked = { kind: 'masked', fraction: 0.1, span: 1, target: 'classification' };
    const { objective } = trained({ model: strided({ decoder: true }), objective: masked }, FACTS);
    checkTimesteps(objective, makeModel(strided({ decoder: true })));
    assert.throws(() => checkTimesteps(objective, makeModel(strided({}))), {
      code: 'CONFIG_INVALID',
      message:
        'The objective predicts single timesteps, but the model has features for one timestep of 32 only.',
    });
  });
});

describe('initialState()', () => {
  const model = makeModel(dilated([1, 2]));
  const headOf = (kind: string, facts = FACTS) => {
    const options = kind === 'masked' ? { fraction: 0.1, span: 1, target: 'classification' } : {};
    const all = { classWeights: 'none', ...options };
    return { name: kind, objective: registry.makeObjective({ kind, ...all }, facts, 0) };
  };
  const parameters = trainedParameters(model, [headOf('supervised'), headOf('masked')]);
  const layout = makeStateLayout(parameters, model.norms);
  const state = (seed: number) => initialState(parameters, layout, { seed, momentCount: 2 });
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
    const moreClasses = headOf('supervised', factsOf({ classes: 9 }));
    const other = trainedParameters(model, [headOf('masked'), moreClasses]);
    const otherLayout = makeStateLayout(other, model.norms);
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
  const { model, program: whole, start } = trained({ model: config, objective: SUPERVISED }, FACTS);
  const program: Program = {
    ...whole,
    feeds: [
      { name: 'values', dtype: 'int32', shape: ['rows', 'length'] },
      { name: 'position', dtype: 'int32', shape: [1] },
    ],
    outputs: (context) =>
      context.ops.gatherPositions(model.features(context), context.feed('position')),
  };
  const session = testEngine.session(program);
  session.load(start(2));
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
