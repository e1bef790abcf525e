import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunConfig } from '../../../src/config/run-config.ts';
import type { StoreFacts } from '../../../src/data/facts.ts';
import { SPLITS } from '../../../src/data/format/store.ts';
import {
  defineNetwork,
  defineRun,
  trainingDataOf,
  trainingSequences,
} from '../../../src/run/definition.ts';
import { tinyRun, tinyStore } from '../worker/tiny-run.ts';

const define = (store: StoreFacts, ...overrides: string[]) =>
  defineRun(tinyRun(...overrides), store);
const withManifest = (change: Partial<StoreFacts['manifest']>): StoreFacts => {
  const store = tinyStore();
  return { ...store, manifest: { ...store.manifest, ...change } };
};
/** Real values, as a manifest tells of them. */
const realStore = (minimum: number, maximum: number) =>
  withManifest({ valueType: 'float32', valueRange: { minimum, maximum }, symbolCounts: [] });

const REFERENCE = 'model={family: reference, channels: 4}';
const REGRESSION = 'phases.pretrain.objective.target=regression';

describe('defineNetwork()', () => {
  it('defines of what a run keeps the network that was trained, without the dataset', () => {
    const run = define(tinyStore(), 'phases.finetune.objective.classWeights=balanced');
    const kept = trainingDataOf(run);
    const network = defineNetwork(run.config, kept);
    const plain = (value: unknown) => JSON.stringify(value);
    assert.deepEqual(network.layout, run.layout);
    assert.equal(plain(network.parameters), plain(run.parameters));
    assert.equal(plain(network.programs), plain(run.phases.map(({ program }) => program)));
    assert.deepEqual(kept.classCounts, [
      [12, 6],
      [12, 6],
    ]);
  });

  it('scales numbers by what the run keeps of its dataset', () => {
    for (const kind of ['sequence', 'dataset', 'robust', 'none']) {
      const run = define(realStore(0, 9), 'model.input=value', REGRESSION, `data.scaling=${kind}`);
      const { scaling } = defineNetwork(run.config, trainingDataOf(run));
      assert.equal(scaling.kind, kind);
      assert.deepEqual(scaling, run.phases[0]!.facts.scaling);
    }
  });

  it('knows every sequence that a phase trains on, once', () => {
    const isTrained = (sequence: number) => sequence % 4 !== 3;
    assert.deepEqual(
      [...trainingSequences(define(tinyStore()))],
      Array.from({ length: 24 }, (_, sequence) => sequence).filter(isTrained),
    );
    const few = ['pretrain', 'finetune'].map((name) => `phases.${name}.data.maxSequences=4`);
    assert.equal(trainingSequences(define(tinyStore(), ...few)).length, 4);
  });
});

describe('defineRun()', () => {
  it('gives the pretext head one output a symbol, the other head one a class', () => {
    const shapeOf = (name: string) =>
      define(tinyStore()).layout.parameters.find((slot) => slot.name === name)!.shape;
    assert.deepEqual(shapeOf('pretext.weight'), [5, 4]);
    assert.deepEqual(shapeOf('decoder.weight'), [2, 4]);
    assert.deepEqual(shapeOf('encoder.weight'), [4, 6, 1]);
  });

  it('gives all phases one layout, and the pretext head one output for regression', () => {
    const run = define(realStore(0, 9), 'model.input=value', REGRESSION);
    const layouts = run.phases.map(({ program }) => program.state);
    assert.deepEqual(layouts[0], layouts[1]);
    const head = run.layout.parameters.find(({ name }) => name === 'pretext.weight')!;
    assert.deepEqual(head.shape, [1, 4]);
  });

  it('gives phases one program that differ in sequences, start and duration only', () => {
    const { phases } = tinyRun();
    const finetune = phases[1]!;
    const isShared = (change: object) => {
      const again = { ...finetune, name: 'again', ...change };
      const run = defineRun({ ...tinyRun(), phases: [...phases, again] } as RunConfig, tinyStore());
      assert.notEqual(run.phases[0]!.program, run.phases[1]!.program);
      return run.phases[1]!.program === run.phases[2]!.program;
    };
    assert.ok(isShared({ start: 'fresh', duration: { steps: 2 } }));
    assert.ok(!isShared({ optimizer: { ...finetune.optimizer, momentum: 0.5 } }));
    assert.ok(!isShared({ objective: { ...finetune.objective, classWeights: 'balanced' } }));
    assert.ok(!isShared({ data: { ...finetune.data, labelsPerClass: 2 } }), 'other class counts');
  });

  it('refuses a sequence that exceeds the budget of a micro-batch: the budget is a bound', () => {
    const small = 'batch.tokensPerMicroBatch=30';
    assert.throws(() => define(tinyStore(), small), {
      code: 'CONFIG_INVALID',
      message:
        'Phase "pretrain": The longest sequence has 32 timesteps, but batch.tokensPerMicroBatch allows 30; 2 of 18 sequences are longer than that.',
      advice: 'Raise batch.tokensPerMicroBatch to 32 or more, or set data.crop to 30 or less.',
    });
    const crops = ['phases.pretrain.data.crop=30', 'phases.finetune.data.crop=30'];
    assert.throws(() => define(tinyStore(), small, ...crops), {
      message: /^The evaluation of phase "pretrain": The longest sequence has 33 timesteps/,
      advice: /or set evaluation\.data\.crop to 30 or less\.$/,
    });
    const evaluations = ['pretrain', 'finetune'].map(
      (name) => `phases.${name}.evaluation.data.crop=30`,
    );
    define(tinyStore(), small, ...crops, ...evaluations);
    const own = 'phases.finetune.batch={ microBatches: 1, tokensPerMicroBatch: 30 }';
    assert.throws(() => define(tinyStore(), own), {
      message: /^Phase "finetune": .* phases\.finetune\.batch\.tokensPerMicroBatch allows 30/,
    });
  });

  it('lets a step have fewer micro-batches than it may', () => {
    const { plan } = define(tinyStore(), 'batch.microBatches=1000').phases[0]!;
    assert.equal(plan.stepsPerEpoch, 1);
    assert.equal(plan.stepAt(3).microBatches.length, plan.microBatchesPerEpoch);
  });
});

describe('defineRun() refuses', () => {
  const refuses = (make: () => unknown, code: string, message: string) =>
    assert.throws(make, { code, message });

  it('labels that are too few, naming the phase', () => {
    refuses(
      () => define(tinyStore(), 'phases.finetune.data.labelsPerClass=50'),
      'DATA_INVALID',
      'Phase "finetune": Cannot draw 50 labelled sequences of class "even" from the train split: it has 12.',
    );
  });

  it('an evaluation of nothing, naming its phase', () => {
    refuses(
      () => define(tinyStore(), 'phases.pretrain.evaluation.data.split=test'),
      'DATA_INVALID',
      'The evaluation of phase "pretrain": The test split has no sequence; the store holds 24 sequences in all.',
    );
  });

  it('a supervised evaluation without labels, naming its phase', () => {
    const store = tinyStore();
    const validation = SPLITS.indexOf('validation');
    const labels = store.index.labels.map((label, i) =>
      store.index.splits[i] === validation ? -1 : label,
    );
    refuses(
      () => define({ ...store, index: { ...store.index, labels } }),
      'DATA_INVALID',
      'The evaluation of phase "finetune": The validation split has no labelled sequence; the store holds 24 sequences in all.',
    );
  });

  it('classification of real values, naming the phase', () => {
    refuses(
      () => define(realStore(-1, 1), 'model.input=value'),
      'CONFIG_INVALID',
      'Phase "pretrain": objective.target is "classification", but the dataset holds real values: they have no classes.',
    );
  });

  it('an embedding of real values', () => {
    refuses(
      () => define(realStore(-1, 1), REGRESSION),
      'CONFIG_INVALID',
      'model.input is "embedding", but the dataset holds real values: only integers have an embedding.',
    );
  });

  it('a mask value that visible steps may have, where there is no mask channel', () => {
    refuses(
      () => define(realStore(-2, 2), REFERENCE, REGRESSION, 'data.scaling=dataset'),
      'CONFIG_INVALID',
      'Phase "pretrain": Hidden timesteps hold model.maskValue -1, which is within the range of the data (-2…2): they would look like visible ones.',
    );
    define(realStore(-2, 2), REFERENCE, REGRESSION, 'data.scaling=none', 'model.maskValue=-3');
    define(realStore(-2, 2), REFERENCE, REGRESSION);
    define(tinyStore(), REFERENCE);
    define(realStore(-2, 2), 'model.input=value', REGRESSION);
  });

  it('phases that want different pretext heads', () => {
    const config = tinyRun();
    const [pretrain, finetune] = config.phases;
    const regression = { kind: 'masked', fraction: 0.1, span: 1, target: 'regression' } as const;
    const other = { ...pretrain!, name: 'other', objective: regression };
    refuses(
      () => defineRun({ ...config, phases: [pretrain!, other, finetune!] }, tinyStore()),
      'CONFIG_INVALID',
      'Phases "pretrain" and "other" share the parameter "pretext.weight", but want it as 5 × 4 and 1 × 4 numbers: a run has one.',
    );
  });
});
