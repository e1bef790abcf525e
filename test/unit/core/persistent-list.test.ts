import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PersistentList } from '../../../src/core/persistent-list.ts';

test('a persistent list is an array whose versions stay as they were', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer()), { maxLength: 12 });
  // Around the sizes at which its tree grows by a level.
  const lengths = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1020, max: 1030 }));
  fc.assert(
    fc.property(lengths, changes, (length, edits) => {
      const versions = [
        {
          list: PersistentList.from(Array<number>(length).fill(0)),
          array: Array<number>(length).fill(0),
        },
      ];
      for (const [place, item] of edits) {
        const { list, array } = versions.at(-1)!;
        versions.push({
          list: list.with(place % length, item),
          array: array.with(place % length, item),
        });
      }
      for (const { list, array } of versions) {
        assert.deepEqual(list.toArray(), array);
        assert.deepEqual(
          array.map((_, at) => list.at(at)),
          array,
        );
        assert.deepEqual(
          list.map((item) => item + 1).toArray(),
          array.map((item) => item + 1),
        );
      }
    }),
  );
});

test('many places are changed as one after the other, also one place twice', () => {
  const lengths = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1020, max: 1030 }));
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(), { maxLength: 50 }), (length, numbers) => {
      const places = numbers.map((number) => number % length);
      const before = PersistentList.from([...Array(length).keys()]);
      const after = before.mapAt(places, (item, nth) => 3 * item + nth);
      const expected = [...Array(length).keys()];
      for (const [nth, place] of places.entries()) expected[place] = 3 * expected[place]! + nth;
      assert.deepEqual(after.toArray(), expected);
      assert.deepEqual(before.toArray(), [...Array(length).keys()]);
    }),
  );
});

test('a persistent list has no place beyond its end', () => {
  const list = PersistentList.from([1, 2]);
  assert.equal(list.at(2), undefined);
  assert.throws(() => list.with(2, 0), RangeError);
  assert.throws(() => list.mapAt([0, 2], () => 0), RangeError);
});
