/** The linear head: weights for features as they are, and probabilities that fit the scores of held-out rows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import { fitHead, headOutputs } from '../../../src/rocket/head.ts';
import { matrix } from '../../../src/solver/matrix.ts';

const draw = randomStream(1, 'synthetic');
const noise = (at: number) => draw.uniform(at) - 0.5;

/** Two classes that features of very different scales tell apart, with noise of this size. */
function twoClasses(rows: number, size: number) {
  const x = matrix(rows, 30);
  const y = matrix(rows, 2);
  for (let row = 0; row < rows; row++) {
    const sign = row % 2 === 0 ? 1 : -1;
    for (let j = 0; j < 29; j++)
      x.values[row * 30 + j] = 10 ** (j % 3) * (sign + size * noise(row * 30 + j));
    y.values.set([sign, -sign], 2 * row);
  }
  return { x, y };
}

/** Two classes on both sides of 0, of which one has rows far away: squared errors draw the line into it. */
function farOff(rows: number) {
  const x = matrix(rows, 2);
  const y = matrix(rows, 2);
  for (let row = 0; row < rows; row++) {
    const sign = row % 2 === 0 ? 1 : -1;
    const far = row % 10 === 0 ? 40 : 0;
    x.values.set([sign * (1 + noise(row)) + far, noise(500 + row)], 2 * row);
    y.values.set([sign, -sign], 2 * row);
  }
  return { x, y };
}

const probabilities = (logits: Float32Array) => {
  const odds = Array.from(logits, Math.exp);
  return odds.map((one) => one / odds.reduce((a, b) => a + b));
};

describe('a head', () => {
  it('takes features as they are, a constant one included', () => {
    const { x, y } = twoClasses(20, 1);
    const before = x.values.slice();
    const head = fitHead(x, y, 'class');
    for (let row = 0; row < 20; row++) {
      const [first, second] = headOutputs(head, before.slice(row * 30, (row + 1) * 30));
      assert.equal(first! > second!, row % 2 === 0);
    }
  });

  it('is sure where rows are told by the others, and unsure where they are not', () => {
    const sure = twoClasses(60, 1);
    const [p] = probabilities(
      headOutputs(
        fitHead({ ...sure.x, values: sure.x.values.slice() }, sure.y, 'class'),
        sure.x.values.slice(0, 30),
      ),
    );
    assert.ok(p! > 0.95 && p! < 1, String(p));
    const unsure = twoClasses(60, 500);
    const head = fitHead({ ...unsure.x, values: unsure.x.values.slice() }, unsure.y, 'class');
    const [q] = probabilities(headOutputs(head, unsure.x.values.slice(0, 30)));
    assert.ok(q! > 0.2 && q! < 0.8, String(q));
  });

  it('is the mean of a regression for each kind of features, with one penalty', () => {
    const { x, y } = twoClasses(40, 1);
    const told = matrix(40, 60);
    for (let row = 0; row < 40; row++) {
      const own = x.values.subarray(row * 30, (row + 1) * 30);
      told.values.set([...own, ...own], row * 60);
    }
    const one = fitHead(x, y, 'class');
    const twice = fitHead(told, y, 'class', { kinds: [30, 30] });
    assert.equal(twice.alpha, one.alpha);
    for (const [at, score] of one.heldOut.values.entries()) {
      assert.ok(Math.abs(twice.heldOut.values[at]! - score) < 1e-9);
    }
    const halves = twice.weights.values.subarray(0, 30);
    assert.deepEqual(
      [...halves],
      [...one.weights.values.subarray(0, 30)].map((w) => w / 2),
    );
  });

  it('says numbers as they were given', () => {
    const x = matrix(
      12,
      20,
      Float64Array.from({ length: 240 }, (_, at) => noise(1000 + at)),
    );
    const y = matrix(
      12,
      1,
      Float64Array.from({ length: 12 }, (_, row) => 3 + x.values[20 * row]!),
    );
    const before = x.values.slice();
    const head = fitHead(x, y, 'numbers');
    assert.equal(head.sharpness, 1);
    for (let row = 0; row < 12; row++) {
      const [number] = headOutputs(head, before.slice(20 * row, 20 * (row + 1)));
      assert.ok(Math.abs(number! - y.values[row]!) < 0.3);
    }
  });

  it('is a logistic regression where that is clearly better, a ridge regression elsewhere', () => {
    const even = twoClasses(40, 1);
    assert.equal(fitHead(even.x, even.y, 'class', { head: 'auto' }).kind, 'ridge');
    const { x, y } = farOff(60);
    const before = x.values.slice();
    const head = fitHead(x, y, 'class', { head: 'auto' });
    assert.equal(head.kind, 'logistic');
    for (let row = 0; row < 60; row++) {
      const [first, second] = headOutputs(head, before.slice(2 * row, 2 * row + 2));
      assert.equal(first! > second!, row % 2 === 0);
    }
  });

  it('is one logistic regression on all kinds of features', () => {
    const { x, y } = twoClasses(30, 1);
    const [one, two] = [x.values.slice(), x.values.slice()];
    const whole = fitHead(matrix(30, 30, one), y, 'class', { head: 'logistic' });
    const parts = fitHead(matrix(30, 30, two), y, 'class', { head: 'logistic', kinds: [12, 18] });
    for (const [at, weight] of whole.weights.values.entries()) {
      assert.ok(Math.abs(parts.weights.values[at]! - weight) < 1e-6);
    }
    assert.ok(Math.abs(parts.sharpness - whole.sharpness) < 1e-3 * whole.sharpness);
  });
});
