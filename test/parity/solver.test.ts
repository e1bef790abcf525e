/** The solvers against scikit-learn: make-baselines.py has computed what they are compared with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { probabilitiesOf, scoresOf } from '../../src/solver/linear-model.ts';
import { fitLogisticRegression } from '../../src/solver/logistic-regression.ts';
import { type Matrix, matrix } from '../../src/solver/matrix.ts';
import { fitRidge, fitRidgeClassifier, type RidgeModel } from '../../src/solver/ridge.ts';
import { assertClose } from './close.ts';

type Rows = number[][];

interface Fitted {
  x: Rows;
  weights: Rows;
  intercepts: number[];
}

interface RidgeFixture extends Fitted {
  alphas: number[];
  alpha: number;
  error: number;
}

interface Fixtures {
  logistic: (Fitted & {
    l2: number;
    classes: number;
    labels: number[];
    new: Rows;
    probabilities: Rows;
  })[];
  ridge: (RidgeFixture & { y: Rows })[];
  ridgeClassifier: (RidgeFixture & { labels: number[]; classes: number })[];
}

const FILE = new URL('../fixture/parity/baselines.json', import.meta.url);
const fixtures = JSON.parse(readFileSync(FILE, 'utf8')) as Fixtures;
const TOLERANCE = 1e-6;

const matrixOf = (rows: Rows): Matrix =>
  matrix(rows.length, rows[0]!.length, Float64Array.from(rows.flat()));

function assertRidge(model: RidgeModel, expected: RidgeFixture): void {
  assertClose([model.alpha], [expected.alpha], TOLERANCE, 'alpha');
  assertClose([model.leaveOneOutError], [expected.error], TOLERANCE, 'leave-one-out error');
  assertClose(model.weights.values, expected.weights.flat(), TOLERANCE, 'weights');
  assertClose(model.intercepts, expected.intercepts, TOLERANCE, 'intercepts');
}

describe('logistic regression has the coefficients of scikit-learn', () => {
  for (const { x, labels, classes, l2, ...expected } of fixtures.logistic) {
    test(`${x.length} rows, ${x[0]!.length} columns, ${classes} classes`, () => {
      const model = fitLogisticRegression(matrixOf(x), labels, { classes, l2 });
      assertClose(model.weights.values, expected.weights.flat(), TOLERANCE, 'weights');
      assertClose(model.intercepts, expected.intercepts, TOLERANCE, 'intercepts');
      const { values } = probabilitiesOf(scoresOf(model, matrixOf(expected.new)));
      assertClose(values, expected.probabilities.flat(), TOLERANCE, 'probabilities');
    });
  }
});

describe('ridge regression has the alpha and the coefficients of scikit-learn', () => {
  for (const expected of fixtures.ridge) {
    const { x, y, alphas } = expected;
    test(`${x.length} rows, ${x[0]!.length} columns`, () =>
      assertRidge(fitRidge(matrixOf(x), matrixOf(y), alphas), expected));
  }
  for (const expected of fixtures.ridgeClassifier) {
    const { x, labels, classes, alphas } = expected;
    test(`a classifier, ${x.length} rows, ${x[0]!.length} columns`, () =>
      assertRidge(fitRidgeClassifier(matrixOf(x), labels, classes, alphas), expected));
  }
});

test('the same fit twice has the same bits', () => {
  const { x, labels, classes, l2 } = fixtures.logistic[1]!;
  const fit = () => fitLogisticRegression(matrixOf(x), labels, { classes, l2 });
  assert.deepEqual(fit(), fit());
});

test('a class without a training row has the probability 0', () => {
  const x = matrixOf([[0], [1], [2], [3]]);
  const model = fitLogisticRegression(x, [0, 0, 2, 2], { classes: 3, l2: 1 });
  const { values } = probabilitiesOf(scoresOf(model, x));
  assert.deepEqual([values[1], values[4], values[7], values[10]], [0, 0, 0, 0]);
});
