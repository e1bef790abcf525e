/** Logistic regression that chooses by held-out rows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { randomStream } from '../../../src/core/random.ts';
import { FOLDS, fitLogisticHead, foldsOf } from '../../../src/rocket/logistic-head.ts';
import { probabilitiesOf, scoresOf } from '../../../src/solver/linear-model.ts';
import { fitLogisticRegression } from '../../../src/solver/logistic-regression.ts';
import { centred, columnMeans, gramOfRows, matrix } from '../../../src/solver/matrix.ts';

const draw = randomStream(2, 'synthetic');

/** Rows of classes whose features lie around different places. */
function problem(rows: number, classes: number, seen = classes) {
  const x = matrix(rows, 40);
  const y = matrix(rows, classes, new Float64Array(rows * classes).fill(-1));
  const labels = Int32Array.from({ length: rows }, (_, row) => row % seen);
  for (const [row, label] of labels.entries()) {
    y.values[row * classes + label] = 1;
    for (let j = 0; j < 40; j++) {
      x.values[row * 40 + j] = draw.uniform(row * 40 + j) - 0.5 + (j % seen === label ? 0.3 : 0);
    }
  }
  return { x: centred(x, columnMeans(x)), y, labels };
}

describe('a logistic head', () => {
  it('says of a held-out row what a fit without its fold says', () => {
    const { x, y, labels } = problem(25, 3);
    const { heldOut, l2 } = fitLogisticHead(gramOfRows(x), y);
    const [fold] = foldsOf(labels);
    const kept = Array.from(labels.keys()).filter((row) => !fold!.includes(row));
    const rows = (some: readonly number[]) =>
      matrix(
        some.length,
        40,
        Float64Array.from(some.flatMap((row) => [...x.values.subarray(row * 40, (row + 1) * 40)])),
      );
    const own = Int32Array.from(kept, (row) => labels[row]!);
    const fit = fitLogisticRegression(rows(kept), own, { classes: 3, l2 });
    const expected = probabilitiesOf(scoresOf(fit, rows(fold!))).values;
    const scores = fold!.flatMap((row) => [...heldOut.values.subarray(row * 3, (row + 1) * 3)]);
    const found = probabilitiesOf(matrix(fold!.length, 3, Float64Array.from(scores))).values;
    for (const [at, p] of found.entries()) assert.ok(Math.abs(p - expected[at]!) < 1e-3);
  });

  it('never names a class without a row, and does not rule it out', () => {
    const { x, y } = problem(20, 4, 3);
    const { coefficients, intercepts, heldOut } = fitLogisticHead(gramOfRows(x), y);
    assert.ok(coefficients.values.subarray(60).every((value) => value === 0));
    assert.ok(Number.isFinite(intercepts[3]));
    for (let row = 0; row < 20; row++) {
      const [a, b, c, absent] = heldOut.values.subarray(4 * row, 4 * row + 4);
      assert.ok(absent! < Math.max(a!, b!, c!));
    }
  });

  it('holds each row out once, and shares the rows of a class out evenly', () => {
    const labels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(labels, (given) => {
        const folds = foldsOf(Int32Array.from(given));
        const all = folds.flat().sort((a, b) => a - b);
        assert.deepEqual(all, [...given.keys()]);
        assert.equal(folds.length, Math.min(FOLDS, given.length));
        for (let label = 0; label < 5; label++) {
          const counts = folds.map((rows) => rows.filter((row) => given[row] === label).length);
          assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
        }
      }),
    );
  });
});
