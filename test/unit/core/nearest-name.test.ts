import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { didYouMean, editDistance, nearestName } from '../../../src/core/nearest-name.ts';

const KEYS = ['learningRate', 'optimizer', 'objective', 'duration', 'data', 'name', 'batch'];

for (const [typo, meant] of [
  ['learning_rate', 'learningRate'],
  ['learnigRate', 'learningRate'],
  ['lr', 'learningRate'],
  ['optimiser', 'optimizer'],
  ['Objective', 'objective'],
  ['naem', 'name'],
  ['dta', 'data'],
  ['bach', 'batch'],
  ['learn', 'learningRate'],
  ['zzz', undefined],
  ['', undefined],
] as const) {
  it(`takes "${typo}" for ${meant ?? 'nothing'}`, () => {
    assert.equal(nearestName(typo, KEYS), meant);
  });
}

it('writes the suggestion as a sentence', () => {
  assert.equal(didYouMean('naem', KEYS), ' Did you mean "name"?');
  assert.equal(didYouMean('zzz', KEYS), '');
});

it('measures a symmetric distance that is zero only between equal names', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});
