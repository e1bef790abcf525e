import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoreFacts } from '../../../src/data/facts.ts';
import { runConcerns } from '../../../src/run/concerns.ts';
import { defineRun } from '../../../src/run/definition.ts';
import { tinyRun, tinyStore } from '../worker/tiny-run.ts';

const concerns = (store: StoreFacts, ...overrides: string[]) =>
  runConcerns(defineRun(tinyRun(...overrides), store));

/** The tiny store with another class of each sequence. */
function labelled(classes: readonly string[], labelOf: (sequence: number) => number): StoreFacts {
  const store = tinyStore();
  const labels = store.index.labels.map((_, sequence) => labelOf(sequence));
  return {
    manifest: { ...store.manifest, classes },
    index: { ...store.index, labels },
  };
}

const CONTRASTIVE = 'phases.pretrain.objective={kind: contrastive}';

describe('runConcerns()', () => {
  it('has nothing to say of a run that is well', () => {
    assert.deepEqual(concerns(tinyStore()), []);
    assert.deepEqual(concerns(tinyStore(), CONTRASTIVE, 'batch.tokensPerMicroBatch=70'), []);
  });

  it('warns of real values far from order 1 that are not scaled', () => {
    const { manifest, index } = tinyStore();
    const real = (change: object): StoreFacts => {
      const channelStatistics = [{ ...manifest.channelStatistics[0]!, ...change }];
      return { index, manifest: { ...manifest, valueType: 'float32', channelStatistics } };
    };
    const numbers = ['model.input=value', 'phases.pretrain.objective.target=regression'];
    const far = real({ mean: 1000, deviation: 0.7 });
    assert.deepEqual(concerns(far, ...numbers, 'data.scaling=none'), [
      'data.scaling is "none", but the values have a mean of 1000 and a deviation of 0.7: a network learns little from numbers far from order 1. Leave data.scaling out to scale them.',
    ]);
    const tiny = real({ mean: 0, deviation: 1e-5 });
    assert.equal(concerns(tiny, ...numbers, 'data.scaling=none').length, 1);
    assert.deepEqual(concerns(far, ...numbers), []);
    const near = real({ mean: 0.5, deviation: 2 });
    assert.deepEqual(concerns(near, ...numbers, 'data.scaling=none'), []);
  });

  it('names classes of which a supervised phase sees no sequence', () => {
    const rare = labelled(['a', 'b', 'rare'], (sequence) => sequence % 2);
    const weighted = 'phases.finetune.objective.classWeights=balanced';
    assert.deepEqual(concerns(rare, weighted), [
      'Phase "finetune": class "rare" has no training sequence; the model cannot learn it.',
    ]);
    const two = labelled(['a', 'x', 'b', 'y'], (sequence) => 2 * (sequence % 2));
    assert.deepEqual(concerns(two), [
      'Phase "finetune": 2 classes have no training sequence ("x", "y"); the model cannot learn them.',
    ]);
  });

  it('says which share of the sequences is alone in a micro-batch', () => {
    assert.deepEqual(concerns(tinyStore(), CONTRASTIVE, 'batch.tokensPerMicroBatch=60'), [
      'Phase "pretrain": 17 % of the sequences are alone in their micro-batch, where objective "contrastive" has nothing to compare them with.',
      'The evaluation of phase "pretrain": 33 % of the sequences are alone in their micro-batch, where objective "contrastive" has nothing to compare them with.',
    ]);
  });
});

describe('defineRun()', () => {
  it('refuses micro-batches that leave more than half of the sequences alone', () => {
    const define = (...overrides: string[]) =>
      defineRun(tinyRun(CONTRASTIVE, ...overrides), tinyStore());
    assert.throws(() => define('batch.tokensPerMicroBatch=33'), {
      code: 'CONFIG_INVALID',
      message:
        'Phase "pretrain": 67 % of the sequences are alone in their micro-batch, where objective "contrastive" has nothing to compare them with; at most 50 % may be.',
    });
    const wide = 'phases.pretrain.data.crop=10';
    assert.throws(() => define(wide, 'batch.tokensPerMicroBatch=33'), {
      message: /^The evaluation of phase "pretrain": 100 % of the sequences are alone/,
    });
  });

  it('refuses a supervised phase whose training sequences are all of one class', () => {
    const store = labelled(['a', 'b'], (sequence) => (sequence % 4 === 3 ? 1 : 0));
    assert.throws(() => defineRun(tinyRun(), store), {
      code: 'DATA_INVALID',
      message:
        'Phase "finetune": All training sequences of a supervised phase are of one class: there is nothing to tell apart.',
    });
  });

  it('refuses to balance classes for an objective that takes sequences without one', () => {
    assert.throws(() => defineRun(tinyRun('phases.pretrain.data.sampling=sqrt'), tinyStore()), {
      code: 'CONFIG_INVALID',
      message:
        'Phase "pretrain": data.sampling is "sqrt", but objective "masked" takes sequences without a class, too: there are no classes to balance.',
    });
  });

  it('refuses draws and balances of classes where sequences have no class each', () => {
    const store = tinyStore();
    const numbers = [{ name: 'x', mean: 0, deviation: 1 }];
    const target = { kind: 'numbers', numbers } as const;
    const regression = { ...store, manifest: { ...store.manifest, target, classes: [] } };
    assert.throws(() => defineRun(tinyRun('phases.finetune.data.sampling=balanced'), regression), {
      code: 'CONFIG_INVALID',
      message:
        'Phase "finetune": data.sampling is "balanced", but the dataset has numbers for each sequence: only sequences of one class each can be balanced.',
    });
    assert.throws(() => defineRun(tinyRun('phases.finetune.data.labelsPerClass=3'), regression), {
      code: 'CONFIG_INVALID',
      message:
        'Phase "finetune": data.labelsPerClass draws sequences of each class, but the dataset has numbers for each sequence.',
    });
  });

  it('gives balanced weights the classes as they are sampled, so none is balanced twice', () => {
    const store = labelled(['a', 'b'], (sequence) => (sequence < 4 ? 1 : 0));
    const countsOf = (sampling: string) =>
      defineRun(tinyRun(`phases.finetune.data.sampling=${sampling}`), store).phases[1]!.facts
        .classCounts;
    assert.deepEqual(countsOf('natural'), [15, 3]);
    assert.deepEqual(countsOf('balanced'), [9, 9]);
  });
});
