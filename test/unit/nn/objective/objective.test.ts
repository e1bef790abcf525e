import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import type { PhaseFacts } from '../../../../src/data/facts.ts';
import { UNSCALED } from '../../../../src/data/scaling/scaling.ts';
import { microBatchOf } from '../../../../src/nn/objective/objective.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import { preparedBy } from '../../../helper/nn.ts';
import { tinyRun, tinyStore } from '../../worker/tiny-run.ts';

const FACTS: PhaseFacts = {
  classes: 3,
  channels: 1,
  scaling: UNSCALED,
  symbols: 5,
  target: { kind: 'class' },
  labelledSequences: 6,
  classCounts: [1, 2, 3],
  symbolCounts: [1, 1, 9, 1, 1],
  transitionCounts: [],
  meanValue: 2,
  valueRange: { minimum: 0, maximum: 4 },
};
const MASKED = { kind: 'masked', fraction: 0.4, span: 2, target: 'classification' } as const;

/** Two rows, the first one padded. */
const ROWS: PaddedRows = {
  rows: 2,
  paddedLength: 12,
  channels: 1,
  lengths: Int32Array.of(9, 12),
  values: Int32Array.of(2, 1, 2, 3, 4, 0, 2, 2, 1, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 0, 2, 1),
  labels: Int32Array.of(2, 0),
  sequences: Int32Array.of(4, 9),
  starts: Int32Array.of(0, 0),
  epoch: 0,
};

describe('the masked objective prepares', () => {
  const { feeds, sums } = preparedBy(registry.makeObjective(MASKED, FACTS, 1), ROWS);
  const mask = feeds.mask!.data;
  const positions = feeds.positions!.data;

  it('the mask apart from the values, which are fed as they are', () => {
    const objective = registry.makeObjective(MASKED, FACTS, 1);
    assert.equal(microBatchOf(objective, ROWS).feeds.values!.data, ROWS.values);
    assert.deepEqual(Object.keys(feeds), ['mask', 'positions', 'targets']);
  });

  it('the hidden valid positions, ascending, with what was there', () => {
    const hidden = [...mask.keys()].filter((position) => mask[position] === 1);
    assert.deepEqual([...positions], hidden);
    assert.ok(hidden.length > 2);
    assert.ok(
      hidden.every((position) => position < 9 || position >= 12),
      'no padding',
    );
    assert.deepEqual(
      [...feeds.targets!.data],
      hidden.map((position) => ROWS.values[position]),
    );
    assert.equal(sums.weight, hidden.length);
  });

  it('its baselines: the most frequent symbol, and the last visible value of the row', () => {
    const truths = [...positions].map((position) => ROWS.values[position]);
    assert.equal(sums.frequentCorrect, truths.filter((truth) => truth === 2).length);
    let previousCorrect = 0;
    for (const position of positions) {
      const rowStart = position < 12 ? 0 : 12;
      let before = position - 1;
      while (before >= rowStart && mask[before] === 1) before--;
      if (before >= rowStart && ROWS.values[before] === ROWS.values[position]) previousCorrect++;
    }
    assert.equal(sums.previousCorrect, previousCorrect);
  });

  it('regression targets of order one, and the errors of mean and previous value', () => {
    const prepared = preparedBy(
      registry.makeObjective({ ...MASKED, target: 'regression' }, FACTS, 1),
      ROWS,
    );
    const targets = prepared.feeds.targets!.data;
    assert.deepEqual(
      [...targets],
      [...positions].map((position) => ROWS.values[position]! - 2),
    );
    const squares = Array.from(targets).reduce((sum, target) => sum + target * target, 0);
    assert.equal(prepared.sums.meanSquares, squares);
    assert.ok(prepared.sums.previousSquares! > 0);
  });
});

describe('the supervised objective', () => {
  const weightsOf = (classWeights: 'none' | 'balanced' | number[]) =>
    registry.makeObjective({ kind: 'supervised', classWeights }, FACTS, 1).prepare(ROWS);

  it('weighs a row by its class', () => {
    assert.deepEqual([...weightsOf('none').feeds.weights!.data], [1, 1]);
    assert.deepEqual([...weightsOf([0.5, 1, 4]).feeds.weights!.data], [4, 0.5]);
    assert.equal(weightsOf([0.5, 1, 4]).sums.weight, 4.5);
  });

  it('balances by total / (classes · count)', () => {
    const { data } = weightsOf('balanced').feeds.weights!;
    assert.deepEqual([...data], [Math.fround(6 / (3 * 3)), 6 / (3 * 1)]);
  });

  it('gives a class that the training subset lacks no weight, and does not divide by zero', () => {
    const facts = { ...FACTS, classCounts: [2, 0, 4] };
    const objective = registry.makeObjective(
      { kind: 'supervised', classWeights: 'balanced' },
      facts,
      1,
    );
    const { feeds, sums } = objective.prepare({ ...ROWS, labels: Int32Array.of(1, 2) });
    assert.deepEqual([...feeds.weights!.data], [0, 6 / (3 * 4)]);
    assert.deepEqual(sums, { weight: 0.5, sequences: 2 });
  });

  it('measures the weighted mean loss, and the share of sequences that are right', () => {
    const { metrics } = registry.makeObjective(
      { kind: 'supervised', classWeights: 'none' },
      FACTS,
      1,
    );
    assert.deepEqual(metrics({ loss: 6, weight: 4, correct: 3, sequences: 12 }), {
      loss: { value: 1.5 },
      accuracy: { value: 0.25 },
    });
  });

  it('leaves the pretext head alone, as the masked one leaves the classification head', () => {
    const { phases } = defineRun(tinyRun(), tinyStore());
    const slot = (name: string) => ({ name, shape: [1], offset: 0, size: 1 });
    const [masked, supervised] = phases.map(({ program }) => program);
    for (const [name, bySupervised, byMasked] of [
      ['encoder.weight', true, true],
      ['decoder.weight', true, false],
      ['pretext.bias', false, true],
    ] as const) {
      assert.equal(supervised!.trains(slot(name)), bySupervised, name);
      assert.equal(masked!.trains(slot(name)), byMasked, name);
    }
  });
});

describe('an objective refuses', () => {
  const refusal = (make: () => unknown, message: RegExp) => assert.throws(make, { message });

  it('class weights of another number than the classes', () => {
    refusal(
      () => registry.makeObjective({ kind: 'supervised', classWeights: [1, 2] }, FACTS, 1),
      /^objective\.classWeights has 2 weights, the dataset has 3 classes\.$/,
    );
  });

  it('classes where there are none', () => {
    refusal(
      () =>
        registry.makeObjective(
          { kind: 'supervised', classWeights: 'none' },
          { ...FACTS, classes: 1 },
          1,
        ),
      /^A supervised phase needs at least 2 classes, the dataset has 1\.$/,
    );
  });

  it('classification of real values', () => {
    refusal(
      () => registry.makeObjective(MASKED, { ...FACTS, symbols: 0 }, 1),
      /^objective\.target is "classification", but the dataset holds real values: they have no classes\.$/,
    );
  });
});

describe('the head of a pretext', () => {
  it('has an output for each symbol, and one for regression', () => {
    const shapeOf = (target: string) =>
      registry.makeObjective({ ...MASKED, target }, FACTS, 1).head(4)[0]!.shape;
    assert.deepEqual(shapeOf('classification'), [5, 4]);
    assert.deepEqual(shapeOf('regression'), [1, 4]);
  });
});
