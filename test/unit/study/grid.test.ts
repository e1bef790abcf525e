import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cellName } from '../../../src/study/cell.ts';
import { bestPretext, firstCells, shareCells } from '../../../src/study/grid.ts';
import { loadStudyConfig } from '../../../src/study/load-study.ts';
import { resultOf } from './made-results.ts';

const config = loadStudyConfig('configs/study.yaml');
const [files] = config.datasets as [(typeof config.datasets)[number]];
const cells = firstCells(config);
const cell = (name: string) => cells.find(({ key }) => cellName(key) === name)!;

describe('the grid of configs/study.yaml', () => {
  it('has a run for each recipe of each network, pretexts first', () => {
    assert.deepEqual(
      cells.map(({ key }) => cellName(key)),
      [
        'files.causal.next-step',
        'files.causal.next-value',
        'files.causal.masked',
        'files.causal.contrastive',
        'files.two-sided.masked',
        'files.two-sided.contrastive',
        'order-only.causal.next-step',
        'order-only.causal.masked',
        'order-only.causal.contrastive',
        'order-only.five-timesteps.masked',
        'files.causal.scratch',
        'files.two-sided.scratch',
        'order-only.causal.scratch',
        'order-only.five-timesteps.scratch',
        'files.grouping.sorted',
        'files.grouping.shuffled',
      ],
    );
  });

  it('gives every recipe of a network the same scaling, which networks may vary', () => {
    const [causal, twoSided] = Object.entries(files.networks) as [
      [string, (typeof files.networks)[string]],
      [string, (typeof files.networks)[string]],
    ];
    const networks = {
      [causal[0]]: { ...causal[1], scaling: 'robust' },
      [twoSided[0]]: twoSided[1],
    };
    const varied = firstCells({ ...config, datasets: [{ ...files, networks } as typeof files] });
    for (const { key, config } of varied) {
      assert.equal(config.data.scaling, key.network === causal[0] ? 'robust' : undefined);
    }
  });

  it('gives every recipe of a network the same fine-tunings but for where they start', () => {
    const finetunings = (name: string) =>
      cell(name)
        .config.phases.filter(({ objective }) => objective.kind === 'supervised')
        .map(({ start: _, ...phase }) => phase);
    assert.equal(finetunings('files.causal.scratch').length, 7);
    for (const recipe of ['next-step', 'next-value', 'masked', 'contrastive']) {
      assert.deepEqual(finetunings(`files.causal.${recipe}`), finetunings('files.causal.scratch'));
    }
  });

  it('repeats everything that varies by chance: labels, initial weights and pretraining', () => {
    const phases = (name: string) =>
      cell(name).config.phases.map(({ name, start, data }) => [name, start, data.draw]);
    assert.deepEqual(phases('files.causal.masked').slice(0, 6), [
      ['pretrain-0', { fresh: 0 }, 0],
      ['labels-5-draw-0', { phase: 'pretrain-0' }, 0],
      ['labels-50-draw-0', { phase: 'pretrain-0' }, 0],
      ['pretrain-1', { fresh: 1 }, 0],
      ['labels-5-draw-1', { phase: 'pretrain-1' }, 1],
      ['labels-50-draw-1', { phase: 'pretrain-1' }, 1],
    ]);
    assert.deepEqual(phases('files.causal.scratch').slice(0, 3), [
      ['labels-5-draw-0', { fresh: 0 }, 0],
      ['labels-50-draw-0', { fresh: 0 }, 0],
      ['labels-5-draw-1', { fresh: 1 }, 1],
    ]);
  });

  it('makes choices on validation data only: no phase looks at the test split', () => {
    const splits = cells.flatMap(({ config: { phases } }) =>
      phases.flatMap(({ data, evaluation }) => [data.split, evaluation?.data.split]),
    );
    assert.deepEqual([...new Set(splits)].sort(), ['train', 'validation']);
  });

  it('sorts and shuffles batches of the same rows a step', () => {
    const batchOf = (name: string) => cell(name).config.phases[0]!.batch!;
    const { grouping: sorted, ...same } = batchOf('files.grouping.sorted');
    const { grouping: shuffled, ...others } = batchOf('files.grouping.shuffled');
    assert.deepEqual([sorted, shuffled], ['length', 'random']);
    assert.deepEqual(same, others);
    assert.ok(same.maxRows * 2048 <= same.tokensPerMicroBatch);
  });

  it('pretrains the best pretext with nested shares, at few labels', () => {
    const shares = shareCells(config, files, { network: 'causal', recipe: 'masked' }, 1000);
    assert.deepEqual(
      shares.map(({ key, config: { phases } }) => [
        cellName(key),
        phases[0]!.data.maxSequences,
        phases[0]!.duration,
      ]),
      [['files.causal.masked.10-percent', 100, { steps: 150 }]],
    );
    assert.ok(
      shares.every(({ measured }) =>
        measured.every((one) => one.labels === 5 || one.labels === 10),
      ),
    );
  });
});

describe('the best pretext', () => {
  const result = (recipe: string, validation: number, test: number) =>
    resultOf({ dataset: 'files', network: 'causal', recipe }, { 5: [[validation, test]] });

  it('is chosen by validation accuracy, once all are done', () => {
    const some = [result('next-step', 0.6, 0.1), result('masked', 0.5, 0.9)];
    assert.equal(bestPretext(files, 'causal', some), undefined);
    assert.equal(
      bestPretext(files, 'causal', [
        ...some,
        result('next-value', 0.4, 1),
        result('contrastive', 0.3, 1),
      ]),
      'next-step',
    );
  });
});
