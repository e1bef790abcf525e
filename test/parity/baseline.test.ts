/** The baselines against scikit-learn and NumPy: make-baselines.py has computed what they are compared with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Examples } from '../../src/baseline/examples.ts';
import { linearFits } from '../../src/baseline/linear.ts';
import { NGramInputs, NGrams } from '../../src/baseline/n-grams.ts';
import { nearestBaseline } from '../../src/baseline/nearest.ts';
import { seriesOf } from '../../src/baseline/series.ts';
import { euclidean, warped } from '../../src/baseline/series-distance.ts';
import { summaryOf } from '../../src/baseline/summary.ts';
import { targetOf } from '../../src/baseline/target.ts';
import { centredGram } from '../../src/solver/gram-factor.ts';
import { matrix } from '../../src/solver/matrix.ts';
import { fitRidgeOnGram } from '../../src/solver/ridge.ts';
import { assertClose } from './close.ts';

type Rows = number[][];

interface Fixtures {
  nGrams: {
    train: Rows;
    labels: number[];
    test: Rows;
    logistic: { orders: number[]; C: number; probabilities: Rows; answers: number[] }[];
    ridge: { orders: number[]; alpha: number; scores: Rows }[];
    nearest: number[];
  };
  series: {
    values: (number | null)[][];
    channels: number;
    length: number;
    band: number;
    summaries: Rows;
    euclidean: Rows;
    warped: Rows;
  };
}

const FILE = new URL('../fixture/parity/baselines.json', import.meta.url);
const { nGrams, series } = JSON.parse(readFileSync(FILE, 'utf8')) as Fixtures;
const TOLERANCE = 1e-6;
const CLASSES = 3;

const { train, labels, test: fresh } = nGrams;
const count = train.length;
const tables = [1, 2, 3, 4].map((order) => new NGrams(order, 4, 1));
for (const table of tables) {
  for (const [place, values] of [...train, ...fresh].entries()) table.add(values, place < count);
}
const inputs = new NGramInputs(tables, count);
const training = Int32Array.from({ length: count }, (_, place) => place);
const tested = Int32Array.from(fresh, (_, i) => count + i);
const target = targetOf({ kind: 'class' }, CLASSES);
const examples: Examples = {
  sequences: Int32Array.from([...training, ...tested]),
  trainable: count,
  validation: new Int32Array(0),
  test: tested,
  truths: labels.map((label) => [label]),
  placesOf: (some) => some,
};

describe('n-grams', () => {
  for (const { orders, C, probabilities, answers } of nGrams.logistic) {
    test(`of order ${orders.join(', ')}: the probabilities of logistic regression`, () => {
      const problem = { examples, target, loss: 'logistic' } as const;
      const fits = linearFits(problem, inputs.of(orders, 'root'), training);
      const outputs = fits(C, 'exact')(tested);
      const found = outputs.flatMap(({ confidence }) =>
        Array.from({ length: CLASSES }, (_, label) => Math.exp(confidence!([label]))),
      );
      assertClose(found, probabilities.flat(), TOLERANCE, 'probabilities');
      assert.deepEqual(
        outputs.map(({ answer }) => answer[0]),
        answers,
      );
    });
  }

  for (const { orders, alpha, scores } of nGrams.ridge) {
    test(`of order ${orders.join(', ')}: the scores of a ridge classifier`, () => {
      const of = inputs.of(orders, 'log');
      const signs = labels.flatMap((label) => [0, 1, 2].map((k) => (k === label ? 1 : -1)));
      const y = matrix(count, CLASSES, Float64Array.from(signs));
      const model = fitRidgeOnGram(centredGram(of.gram(training)), y, alpha);
      const { values } = of.scores(model, training, tested);
      assertClose(values, scores.flat(), TOLERANCE, 'scores');
    });
  }

  test('of order 2: the nearest neighbour', () => {
    const value = (from: number, to: Int32Array) =>
      tables[1]!.similarities('root', from, to).map((similarity) => 2 - 2 * similarity);
    const options = { name: '1-NN', about: '', distances: [{ value, words: '' }] };
    const { fit } = nearestBaseline(examples, options).choose(() => {
      throw new Error('there is nothing to choose');
    });
    const answers = fit(training)(tested).map(({ answer }) => answer[0]);
    assert.deepEqual(answers, nGrams.nearest);
  });
});

describe('series of two channels, unequal lengths and missing values', () => {
  const all = series.values.map((values) => values.map((value) => value ?? Number.NaN));
  const { channels, length, band } = series;
  const scaled = all.map((values) => seriesOf(values, channels, length, 'sequence'));
  const places = Int32Array.from(all.keys());

  test('have the statistics of NumPy', () => {
    for (const [i, values] of all.entries()) {
      const found = summaryOf(values, channels);
      assertClose(found, series.summaries[i]!, TOLERANCE, `statistics of sequence ${i}`);
    }
  });

  test('have the Euclidean distances of NumPy', () => {
    const found = all.flatMap((_, i) => Array.from(euclidean(scaled)(i, places)));
    assertClose(found, series.euclidean.flat(), TOLERANCE, 'distances');
  });

  test('have the warped distances of a plain program', () => {
    const found = all.flatMap((_, i) => Array.from(warped(scaled, length, band)(i, places)));
    assertClose(found, series.warped.flat(), TOLERANCE, 'distances');
  });
});
