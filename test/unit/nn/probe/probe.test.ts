import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearestClasses } from '../../../../src/nn/probe/nearest.ts';
import { type ProbeRule, probe } from '../../../../src/nn/probe/probe.ts';
import { matrix } from '../../../../src/solver/matrix.ts';

const NEAREST: ProbeRule = { kind: 'nearest', neighbours: 1 };
const LINEAR: ProbeRule = { kind: 'linear', neighbours: 1 };

/** Four known rows of two classes, three asked ones; the second feature is the same everywhere. */
const ROWS = {
  features: Float32Array.of(0, 7, 1, 7, 10, 7, 11, 7, 2, 7, 9, 7, 12, 7),
  width: 2,
  labels: Int32Array.of(0, 0, 1, 1, 0, 1, 1),
  known: 4,
  classes: 2,
};

describe('probe()', () => {
  for (const rule of [NEAREST, LINEAR]) {
    it(`says how many of the asked rows the rule "${rule.kind}" names`, () => {
      assert.deepEqual(probe(rule, ROWS), { accuracy: 1, mostFrequent: 2 / 3 });
      const labels = Int32Array.of(0, 0, 1, 1, 1, 1, 1);
      assert.deepEqual(probe(rule, { ...ROWS, labels }), { accuracy: 2 / 3, mostFrequent: 1 });
    });

    it(`does not depend on the units of a feature: "${rule.kind}"`, () => {
      const noise = [3, 1, 2, 4, 1, 3, 2];
      const scaledBy = (unit: number) =>
        ROWS.features.map((value, at) => (at % 2 === 0 ? value : noise[(at - 1) / 2]! * unit));
      const of = (unit: number) => probe(rule, { ...ROWS, features: scaledBy(unit) });
      assert.deepEqual(of(1), of(1024));
    });
  }

  it('has no answer where a feature is not finite', () => {
    const features = ROWS.features.with(0, Number.NaN);
    assert.equal(probe(NEAREST, { ...ROWS, features }).accuracy, Number.NaN);
  });
});

describe('nearestClasses()', () => {
  const examples = {
    x: matrix(4, 1, Float64Array.of(0, 2, 3, 9)),
    labels: Int32Array.of(0, 1, 1, 2),
    classes: 3,
  };
  const classOf = (at: number, neighbours: number) =>
    nearestClasses(examples, matrix(1, 1, Float64Array.of(at)), neighbours)[0];

  it('goes by the majority of the nearest', () => {
    assert.equal(classOf(0.5, 1), 0);
    assert.equal(classOf(0.5, 3), 1);
  });

  it('goes by the nearest of equally many votes, and by the first of equally far ones', () => {
    assert.equal(classOf(0.5, 2), 0);
    assert.equal(classOf(1, 1), 0);
    assert.equal(classOf(8, 9), 1, 'as many votes as there are examples');
  });
});
