/** Which scaling a run takes for the numbers of its data. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoreManifest } from '../../../src/data/format/store.ts';
import { scalingOf } from '../../../src/run/scaling.ts';
import { tinyRun, tinyStore } from '../worker/tiny-run.ts';

const VALUES = 'model.input=value';
const CAUSAL = [
  'model={family: causal, input: value, dilations: [1]}',
  'phases.pretrain.objective={kind: next-step, target: regression}',
];

const real: Partial<StoreManifest> = { valueType: 'float32', symbolCounts: [] };

function of(overrides: readonly string[], manifest: Partial<StoreManifest> = {}) {
  const store = tinyStore();
  return scalingOf(tinyRun(...overrides), { manifest: { ...store.manifest, ...manifest } });
}

describe('data.scaling by default', () => {
  it('is sequence for real values', () => {
    assert.equal(of([VALUES], real), 'sequence');
  });

  it('is dataset for real values of a causal model, whatever its objectives', () => {
    assert.equal(of(CAUSAL, real), 'dataset');
    assert.equal(of(CAUSAL.slice(0, 1), real), 'dataset');
  });

  it('is dataset for integers that a model reads as numbers', () => {
    assert.equal(of([VALUES]), 'dataset');
    assert.equal(of(['model={family: reference}']), 'dataset');
  });

  it('is none for symbols', () => {
    assert.equal(of([]), 'none');
  });
});

describe('data.scaling', () => {
  it('is what the configuration says', () => {
    for (const kind of ['sequence', 'dataset', 'robust', 'none'] as const) {
      assert.equal(of([VALUES, `data.scaling=${kind}`], real), kind);
      assert.equal(of([VALUES, `data.scaling=${kind}`]), kind);
    }
  });

  it('refuses to show the future to an objective that may not see it', () => {
    assert.throws(() => of([...CAUSAL, 'data.scaling=sequence'], real), {
      code: 'CONFIG_INVALID',
      message:
        'data.scaling is "sequence", but phase "pretrain" may not see the future: the mean of a sequence tells of timesteps that are still to come.',
    });
  });

  it('refuses to scale symbols', () => {
    assert.throws(() => of(['data.scaling=dataset']), {
      code: 'CONFIG_INVALID',
      message:
        'data.scaling is "dataset", but model.family "dilated" reads the integers of this dataset as symbols, which have no scale.',
    });
    assert.equal(of(['data.scaling=none']), 'none');
  });

  it('needs a dataset that knows its statistics, unless nothing is scaled', () => {
    const old = { ...real, channelStatistics: [] };
    assert.throws(() => of([VALUES], old), { code: 'DATA_INVALID' });
    assert.equal(of([VALUES, 'data.scaling=none'], old), 'none');
    assert.equal(of([], { channelStatistics: [] }), 'none');
  });
});
