import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import type { Store } from '../../../src/data/format/store.ts';
import { firstCells } from '../../../src/study/grid.ts';
import { loadStudyConfig } from '../../../src/study/load-study.ts';
import { gridOfStore } from '../../../src/study/own-grid.ts';

const template = loadStudyConfig('configs/study.yaml');

/** Two classes, four of five sequences in training, so many of the first class labelled. */
function storeOf(options: { valueType: 'uint8' | 'float32'; labelled: number }, validation = 40) {
  const count = 400;
  const sequences = Array.from({ length: count }, (_, i) => i);
  const trained = sequences.filter((i) => i % 5 !== 4);
  return {
    manifest: {
      channels: 1,
      valueType: options.valueType,
      target: { kind: 'class' },
      valueRange: { minimum: 0, maximum: 20 },
      classes: ['a', 'b'],
      splits: {
        train: {
          sequences: 320,
          perClass: [
            trained.filter((i) => i < options.labelled).length,
            trained.filter((i) => i >= options.labelled).length,
          ],
        },
        validation: { sequences: validation },
        test: { sequences: 80 },
      },
    },
    index: { lengths: Int32Array.from(sequences, (i) => 600 + 10 * i) },
  } as unknown as Pick<Store, 'manifest' | 'index'>;
}
const integers = storeOf({ valueType: 'uint8', labelled: 200 });
describe("the grid of one's own dataset", () => {
  it('asks everything about it, and nothing about the datasets of the template', () => {
    const grid = gridOfStore(template, '/somewhere/my data', integers);
    assert.equal(grid.name, 'study-my-data');
    assert.deepEqual(
      grid.datasets.map(({ name, data }) => [name, data]),
      [['my-data', { store: '/somewhere/my data' }]],
    );
    assert.deepEqual(Object.keys(grid.datasets[0]!.networks), ['causal', 'two-sided']);
  });

  it('counts labelled sequences where they have no class each', () => {
    const store = storeOf({ valueType: 'float32', labelled: 200 });
    const labels = Int32Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : -1));
    const regression = {
      manifest: { ...store.manifest, target: { kind: 'numbers', numbers: [] }, classes: [] },
      index: { ...store.index, labels, splits: new Uint8Array(400) },
    } as unknown as typeof store;
    const { networks } = gridOfStore(template, 'x', regression).datasets[0]!;
    assert.deepEqual(
      networks['two-sided']!.labels.map(({ perClass, sequences, all }) => [
        perClass,
        sequences,
        all,
      ]),
      [
        [undefined, 50, undefined],
        [undefined, 100, undefined],
        [undefined, undefined, true],
      ],
    );
  });

  it('takes no more labels than every class has', () => {
    const labels = (labelled: number) =>
      gridOfStore(
        template,
        'data',
        storeOf({ valueType: 'uint8', labelled }),
      ).datasets[0]!.networks['two-sided']!.labels.map(({ perClass, all }) => perClass ?? all);
    assert.deepEqual(labels(200), [5, 10, 50, true]);
    assert.deepEqual(labels(15), [5, 10, true]);
    assert.deepEqual(labels(3), [3, true], 'the most that there are, when that is fewer than five');
  });

  it('names all labels once, where the largest count takes them all', () => {
    const even = storeOf({ valueType: 'uint8', labelled: 200 });
    even.manifest.splits.train.perClass = [10, 10];
    const { labels } = gridOfStore(template, 'data', even).datasets[0]!.networks['two-sided']!;
    assert.deepEqual(
      labels.map(({ perClass, all }) => perClass ?? all),
      [5, 10],
    );
  });

  it('predicts real values by regression, each kind of pretext once, from the values themselves', () => {
    const real = gridOfStore(template, 'data', storeOf({ valueType: 'float32', labelled: 200 }));
    const { causal } = real.datasets[0]!.networks;
    assert.deepEqual(
      Object.entries(causal!.pretexts).map(([name, pretext]) => [
        name,
        pretext.kind,
        'target' in pretext && pretext.target,
      ]),
      [
        ['next-step', 'next-step', 'regression'],
        ['masked', 'masked', 'regression'],
        ['contrastive', 'contrastive', false],
      ],
    );
    assert.equal('input' in causal!.model && causal!.model.input, 'value');
    assert.ok(firstCells(real).length > 0);
  });

  it('chooses by training data where there are no validation data', () => {
    const splits = (validation: number) =>
      firstCells(
        gridOfStore(template, 'data', storeOf({ valueType: 'uint8', labelled: 200 }, validation)),
      ).flatMap(({ config }) =>
        config.phases.flatMap((phase) => phase.evaluation?.data.split ?? []),
      );
    assert.deepEqual([...new Set(splits(40))], ['validation']);
    assert.deepEqual([...new Set(splits(0))], ['train']);
  });

  it('is refused for a dataset without labels for two classes', () => {
    assert.throws(
      () => gridOfStore(template, 'data', storeOf({ valueType: 'uint8', labelled: 400 })),
      (error) => error instanceof LockstepError && error.code === 'DATA_INVALID',
    );
  });
});
