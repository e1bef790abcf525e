import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { foldsMarkdown, foldsSummary, foldsText } from '../../../../src/study/folds/folds-table.ts';
import { DatasetResults } from '../../../../src/study/results.ts';
import type { StudyDataset } from '../../../../src/study/study-config.ts';
import { TestGroups } from '../../../../src/study/test-groups.ts';
import { resultOf } from '../made-results.ts';

const network = { pretexts: {} } as unknown as StudyDataset['networks'][string];
const dataset = {
  name: 'files',
  data: { store: 'data/files' },
  networks: { causal: network },
} as unknown as StudyDataset;

/** Validation and test accuracy in three repeats. */
const all = (validation: number, test: number) => ({
  all: Array.from({ length: 3 }, () => [validation, test] as const),
});

/** Each of majority, `n-grams`, `lockstep ngram`, and a network if there is one, on validation and test data. */
type Figures = readonly [validation: number, test: number];

function fold(majority: Figures, grams: Figures, ngram: Figures, scratch?: Figures) {
  const baseline = (recipe: string, figures: Figures) =>
    resultOf({ dataset: 'files', network: 'baseline', recipe }, all(...figures));
  const trained = scratch && [
    resultOf({ dataset: 'files', network: 'causal', recipe: 'scratch' }, all(...scratch)),
  ];
  return new DatasetResults(dataset, trained ?? [], {
    baselines: [baseline('majority', majority), baseline('n-grams', grams)],
    closedForms: [
      resultOf({ dataset: 'files', network: 'ngram', recipe: 'closed-form' }, all(...ngram)),
    ],
    testGroups: new TestGroups(new Map([[0, 0]]), 1),
  });
}

const TESTED = { sequences: 40, groups: 40 };
const rounded = (figures: readonly number[]) => figures.map((one) => Number(one.toFixed(9)));
const modelOf = (folds: readonly DatasetResults[], name: string) =>
  foldsSummary(folds, TESTED).models.find((model) => model.name === name)!;

describe('what the folds say together', () => {
  const folds = [
    fold([0.5, 0.5], [0.7, 0.6], [0.8, 0.9]),
    fold([0.8, 0.5], [0.6, 0.8], [0.7, 0.7]),
    fold([0.5, 0.5], [0.7, 0.7], [0.9, 0.8]),
    fold([0.5, 0.5], [0.7, 0.7], [0.9, 0.8]),
  ];

  it('gives the mean of each model over the folds, and an interval for folds that share their training data', () => {
    const { mean, low, high, byFold } = modelOf(folds, 'lockstep ngram');
    assert.deepEqual(rounded(byFold), [0.9, 0.7, 0.8, 0.8]);
    assert.ok(Math.abs(mean - 0.8) < 1e-12);
    // s² = 0.02 / 3; times 1/4 + 1/2; t of 3 degrees of freedom
    const half = 3.1824 * Math.sqrt((0.02 / 3) * 0.75);
    assert.ok(Math.abs(low - (0.8 - half)) < 1e-4, String(low));
    assert.ok(Math.abs(high - Math.min(1, 0.8 + half)) < 1e-4, String(high));
  });

  it('chooses in each fold by its validation data alone', () => {
    const baseline = modelOf(folds, 'best baseline, chosen on validation');
    assert.deepEqual(baseline.chosen, ['n-grams', 'majority', 'n-grams', 'n-grams']);
    assert.deepEqual(rounded(baseline.byFold), [0.6, 0.5, 0.7, 0.7]);
    const chosen = modelOf(folds, 'whatever validation chose');
    assert.deepEqual(rounded(chosen.byFold), [0.9, 0.5, 0.8, 0.8], 'the second fold was deceived');
  });

  it('pairs the gain with the baseline of the same fold', () => {
    const { gain } = modelOf(folds, 'lockstep ngram');
    assert.ok(Math.abs(gain!.mean - (30 + 20 + 10 + 10) / 4) < 1e-9);
    assert.equal(modelOf(folds, 'best baseline, chosen on validation').gain, undefined);
  });

  it('knows no accuracy better than from so many groups, also where all folds agree', () => {
    const same = folds.map(() => fold([0.5, 0.5], [0.7, 0.9], [0.8, 1]));
    const { low, high } = modelOf(same, 'n-grams');
    const half = 2.023 * Math.sqrt((0.9 * 0.1) / 40);
    assert.ok(Math.abs(low - (0.9 - half)) < 1e-3, String(low));
    assert.ok(Math.abs(high - (0.9 + half)) < 1e-3, String(high));
    const perfect = modelOf(same, 'lockstep ngram');
    assert.ok(perfect.low < 0.95 && perfect.high === 1, String(perfect.low));
  });

  it('has a row of networks where each fold trained one, and fits what validation likes best', () => {
    const some = [...folds.slice(1), fold([0.5, 0.5], [0.7, 0.6], [0.8, 0.9], [0.95, 0.9])];
    const names = foldsSummary(some, TESTED).models.map(({ name }) => name);
    assert.ok(!names.includes('best network, chosen on validation'));
    assert.equal(foldsSummary(some, TESTED).fit, 'ngram');
    const each = folds.map(() => fold([0.5, 0.5], [0.7, 0.6], [0.8, 0.9], [0.95, 0.9]));
    assert.deepEqual(modelOf(each, 'best network, chosen on validation').chosen, [
      ...Array.from({ length: 4 }, () => 'the causal network, scratch'),
    ]);
    assert.equal(foldsSummary(each, TESTED).fit, undefined);
  });

  it('shows every fold', () => {
    const summary = foldsSummary(folds, TESTED);
    assert.match(foldsText(summary), /^accuracy over 4 folds, in which each of 40 sequences is /);
    const markdown = foldsMarkdown(summary, 'files', 'Measured here.');
    assert.match(markdown, /^\| lockstep ngram \| 90\.0 % \| 70\.0 % \| 80\.0 % \| 80\.0 % \|$/m);
  });
});
