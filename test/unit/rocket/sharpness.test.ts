/** How sure a model may be, by the scores of rows that it was not fitted to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { logLosses, sharpnessOf } from '../../../src/rocket/sharpness.ts';
import { type Matrix, matrix } from '../../../src/solver/matrix.ts';

/** Rows of so many classes in turn, whose own score is `margin` above all others; the last ones are mistaken. */
function scoresOf(rows: number, classes: number, { wrong = 0, margin = 1 } = {}) {
  const [scores, y] = [matrix(rows, classes), matrix(rows, classes)];
  for (let row = 0; row < rows; row++) {
    const own = row % classes;
    y.values.fill(-1, row * classes, (row + 1) * classes);
    y.values[row * classes + own] = 1;
    const told = row < rows - wrong ? own : (own + 1) % classes;
    scores.values[row * classes + told] = margin;
  }
  return { scores, y };
}

/** The probability of a row's class, a row. */
const truths = ({ scores, y }: { readonly scores: Matrix; readonly y: Matrix }): number[] =>
  Array.from(logLosses(scores, y, sharpnessOf(scores, y, 'class')), (loss) => Math.exp(-loss));

const rows = fc.integer({ min: 2, max: 60 });
const classes = fc.integer({ min: 2, max: 12 });

describe('the sharpness of scores', () => {
  it('expects half a row in all and one more to be told wrong, whatever the number of classes', () => {
    fc.assert(
      fc.property(rows, classes, (n, k) => {
        for (const p of truths(scoresOf(n, k))) {
          assert.ok(Math.abs(p - (n + 0.5) / (n + 1)) < 1e-6, `${p} of ${n} rows, ${k} classes`);
        }
      }),
    );
  });

  it('makes a model as sure as it is right', () => {
    const [p] = truths(scoresOf(100, 5, { wrong: 20 }));
    assert.ok(Math.abs(p! - 0.8) < 0.01, String(p));
  });

  it('does not depend on the unit of the scores', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 10, noNaN: true }), (margin) => {
        const [one] = truths(scoresOf(30, 3, { wrong: 5 }));
        const [other] = truths(scoresOf(30, 3, { wrong: 5, margin }));
        assert.ok(Math.abs(one! - other!) < 1e-6);
      }),
    );
  });

  it('serves classes by themselves, too', () => {
    const { scores, y } = scoresOf(40, 4);
    for (let at = 0; at < 160; at++) scores.values[at] = y.values[at]!;
    const p = 1 / (1 + Math.exp(-sharpnessOf(scores, y, 'classes')));
    assert.ok(Math.abs(p - 40.5 / 41) < 1e-6, String(p));
  });
});
