import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import type { PhaseFacts } from '../../../../src/data/facts.ts';
import { UNSCALED } from '../../../../src/data/scaling/scaling.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import { tinyRun, tinyStore } from '../../worker/tiny-run.ts';

/** 0 is the most frequent; 1 follows 0, 2 follows 1, 0 follows 2, mostly. */
const FACTS: PhaseFacts = {
  classes: 0,
  channels: 1,
  scaling: UNSCALED,
  symbols: 3,
  target: { kind: 'none' },
  labelledSequences: 0,
  classCounts: [],
  symbolCounts: [5, 3, 2],
  transitionCounts: [1, 4, 0, 0, 0, 3, 2, 0, 0],
  meanValue: 1,
  valueRange: { minimum: 0, maximum: 4 },
};

const ROWS: PaddedRows = {
  rows: 3,
  paddedLength: 4,
  channels: 1,
  lengths: Int32Array.of(1, 3, 4),
  values: Int32Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0),
  labels: Int32Array.of(-1, -1, -1),
  sequences: Int32Array.of(0, 1, 2),
  starts: Int32Array.of(0, 0, 0),
  epoch: 0,
};

describe('the next-step objective', () => {
  const classification = registry.makeObjective(
    { kind: 'next-step', target: 'classification' },
    FACTS,
    1,
  );
  const regression = registry.makeObjective({ kind: 'next-step', target: 'regression' }, FACTS, 1);

  it('predicts at every valid step that has a next one, across no row', () => {
    const { feeds, sums } = classification.prepare(ROWS);
    assert.deepEqual([...feeds.positions!.data], [4, 5, 8, 9, 10]);
    assert.deepEqual([...feeds.targets!.data], [1, 2, 0, 1, 0]);
    assert.equal(sums.weight, 5);
  });

  it('counts what unigram, bigram and the present value would have got right', () => {
    const { sums } = classification.prepare(ROWS);
    assert.equal(sums.unigramCorrect, 2);
    // After 0 comes 1, after 1 comes 2: right at 0→1, 1→2 and 0→1, wrong at 0→0 and 1→0.
    assert.equal(sums.bigramCorrect, 3);
    assert.equal(sums.previousCorrect, 1);
  });

  it('measures their perplexities by counts plus one', () => {
    const { sums } = classification.prepare(ROWS);
    const unigram = [6 / 13, 4 / 13, 3 / 13];
    const expected = [1, 2, 0, 1, 0].reduce((sum, truth) => sum - Math.log(unigram[truth]!), 0);
    assert.ok(Math.abs(sums.unigramLoss! - expected) < 1e-9);
    const bigram = [5 / 8, 4 / 6, 2 / 8, 5 / 8, 1 / 6];
    const bigramLoss = bigram.reduce((sum, p) => sum - Math.log(p), 0);
    assert.ok(Math.abs(sums.bigramLoss! - bigramLoss) < 1e-9);
    const all = { ...sums, loss: 5 * Math.log(2), correct: 1 };
    assert.ok(Math.abs(classification.metrics(all).perplexity!.value - 2) < 1e-9);
  });

  it('as regression has the errors of the mean, the present value and the mean of what follows', () => {
    const { feeds, sums } = regression.prepare(ROWS);
    assert.deepEqual([...feeds.targets!.data], [0, 1, -1, 0, -1]);
    assert.equal(sums.meanSquares, 3);
    assert.equal(sums.previousSquares, 1 + 1 + 0 + 1 + 1);
    // After 0: 4/5, after 1: 2.
    const errors = [1 - 0.8, 2 - 2, 0 - 0.8, 1 - 0.8, 0 - 2];
    const squares = errors.reduce((sum, error) => sum + error * error, 0);
    assert.ok(Math.abs(sums.bigramSquares! - squares) < 1e-9);
  });

  it('has no bigram baseline where transitions were not counted', () => {
    const objective = registry.makeObjective(
      { kind: 'next-step', target: 'classification' },
      { ...FACTS, transitionCounts: [] },
      1,
    );
    assert.ok(!objective.sums.includes('bigramCorrect'));
    assert.ok(!('bigramCorrect' in objective.prepare(ROWS).sums));
  });
});

describe('a next-step phase', () => {
  const define = (family: string, ...overrides: string[]) =>
    defineRun(
      tinyRun(
        'phases.pretrain.objective={kind: next-step}',
        `model.family=${family}`,
        ...overrides,
      ),
      tinyStore(),
    );

  it('runs on a causal model, whose supervised and masked phases share its pretext head', () => {
    const { model, phases } = define('causal', 'phases.finetune.objective={kind: masked}');
    assert.equal(model.isCausal, true);
    const shapes = phases.map(({ objective }) => objective.head(4).map(({ shape }) => shape));
    assert.deepEqual(shapes, [
      [[5, 4], [5]],
      [[5, 4], [5]],
    ]);
  });

  it('is refused on any other, with the reason', () => {
    for (const family of ['dilated', 'reference']) {
      const more = family === 'reference' ? ['model={family: reference}'] : [];
      assert.throws(() => define(family, ...more), {
        code: 'CONFIG_INVALID',
        message: `Phase "pretrain": Objective "next-step" needs a causal model, but model.family "${family}" sees the future: through its layers, or through statistics over whole sequences while training, such as BatchNorm's.`,
        advice: 'Set model.family to "causal".',
      });
    }
  });

  it('is refused where it would see one step of each sequence', () => {
    const refusal =
      'Objective "next-step" needs sequences of 2 timesteps or more, but the longest seen here has 1.';
    assert.throws(() => define('causal', 'phases.pretrain.data.crop=1'), {
      code: 'DATA_INVALID',
      message: `Phase "pretrain": ${refusal}`,
    });
    assert.throws(() => define('causal', 'phases.pretrain.evaluation.data.crop=1'), {
      code: 'DATA_INVALID',
      message: `The evaluation of phase "pretrain": ${refusal}`,
    });
    define('causal', 'phases.pretrain.data.crop=2');
  });
});
