import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { openStore } from '../../src/data/format/open-store.ts';
import { SPLITS } from '../../src/data/format/store.ts';
import {
  assignFold,
  assignSplits,
  type SplitShares,
} from '../../src/importer/build/assign-splits.ts';
import { buildStore } from '../../src/importer/build/build-store.ts';
import { countKeys, type Groups } from '../../src/importer/build/groups.ts';
import { temporaryFolder } from '../unit/data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

let made = 0;

/** Most often a byte, now and then a number that needs a wider type. */
const value = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 0, max: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(300, 0.5, -1) },
);

/** Records whose values, groups and labels collide often; ids differ. */
const records = fc
  .array(
    fc.record({
      group: fc.constantFrom('g1', 'g2', 'g3', 'g4', 'g5'),
      label: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
      values: fc.array(value, { minLength: 1, maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((all) => all.map((record, i) => ({ ...record, id: `r${i}` })));

describe('any import', () => {
  it('keeps one of each equal sequence in the narrowest type, in length order, no group in two splits, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 0, max: 99 }), async (items, seed) => {
        const target = join(folder.path, `store-${made++}`);
        const options = { target, name: 'any', valueType: 'auto', seed } as const;
        const report = await buildStore(items, options);
        const again = { ...options, target: `${target}-reversed` };
        assert.deepEqual(await buildStore(items.toReversed(), again), report);

        const store = await openStore(target);
        const contents: string[] = [];
        const splitOf = new Map<string, number>();
        for (const [sequence, group] of (await store.groups()).entries()) {
          const length = store.index.lengths[sequence]!;
          contents.push((await store.read(sequence, 0, length)).join());
          const split = store.index.splits[sequence]!;
          assert.equal(splitOf.get(group) ?? split, split, `group ${group}`);
          splitOf.set(group, split);
        }
        const distinct = new Set(items.map(({ values }) => values.join()));
        assert.deepEqual(contents.toSorted(), [...distinct].toSorted());
        const all = items.flatMap(({ values }) => values);
        const isInteger = all.every((one) => Number.isInteger(one) && one >= 0);
        const integers = all.some((one) => one > 255) ? 'uint16' : 'uint8';
        assert.equal(store.manifest.valueType, isInteger ? integers : 'float32');
        assert.deepEqual(store.index.lengths, store.index.lengths.toSorted());
        await store.close();
      }),
      { numRuns: 40 },
    );
  });
});

interface NamedGroup {
  readonly name: string;
  readonly perClass: readonly number[];
}

function groupsOf(all: readonly NamedGroup[]): Groups {
  const classes = all[0]?.perClass.length ?? 0;
  const keys = all.flatMap(({ perClass }, group) =>
    perClass.flatMap((count, label) => Array<number>(count).fill(group * classes + label)),
  );
  return {
    ...countKeys(Float64Array.from(keys), classes, all.length),
    nameOf: (group) => all[group]!.name,
    given: new Int8Array(all.length).fill(-1),
  };
}

/** The split of each group, by its name. */
function splitsOf(
  all: readonly NamedGroup[],
  shares: SplitShares,
  seed: number,
): Map<string, string> {
  const splits = assignSplits(groupsOf(all), shares, seed);
  return new Map(all.map(({ name }, group) => [name, SPLITS[splits[group]!]!]));
}

describe('the split of any groups', () => {
  const groups = fc
    .array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 3 }), {
      minLength: 1,
      maxLength: 60,
    })
    .map((all) => all.map((perClass, i) => ({ name: `g${i}`, perClass })))
    .map((all) => all.filter(({ perClass }) => perClass.some((count) => count > 0)));
  const shares = { train: 0.7, validation: 0.15, test: 0.15 };

  it('does not depend on their order, and leaves a split with share 0 empty', () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 99 }), (all, seed) => {
        const split = splitsOf(all, shares, seed);
        assert.equal(split.size, all.length);
        const reversed = splitsOf(all.toReversed(), shares, seed);
        for (const { name } of all) assert.equal(reversed.get(name), split.get(name));
        const two = splitsOf(all, { train: 0.5, validation: 0.5, test: 0 }, seed);
        assert(![...two.values()].includes('test'));
      }),
    );
  });

  it('by folds has each group once in the test split, and the same folds for each of them', () => {
    const counted = fc.integer({ min: 3, max: 6 });
    fc.assert(
      fc.property(groups, counted, fc.integer({ min: 0, max: 9 }), (all, folds, seed) => {
        fc.pre(all.length >= folds);
        const splitsBy = Array.from({ length: folds }, (_, number) =>
          assignFold(groupsOf(all), { folds, fold: number + 1 }, seed),
        );
        all.forEach((_, group) => {
          const test = splitsBy.flatMap((splits, number) => (splits[group] === 2 ? [number] : []));
          assert.equal(test.length, 1);
          const before = (test[0]! + folds - 1) % folds;
          const validation = splitsBy.findIndex((splits) => splits[group] === 1);
          assert.equal(validation, before);
        });
      }),
    );
  });

  it('by folds spreads each class evenly, and keeps the splits that the source gives', () => {
    const all = Array.from({ length: 103 }, (_, i) => ({
      name: `g${i}`,
      perClass: [i % 2, 1 - (i % 2)],
    }));
    const given = groupsOf(all);
    given.given.fill(2, 100);
    const splits = assignFold(given, { folds: 5, fold: 1 }, 0);
    assert.deepEqual([...splits.subarray(100)], [2, 2, 2]);
    for (const label of [0, 1]) {
      const inTest = all.filter(
        ({ perClass }, i) => i < 100 && perClass[label] === 1 && splits[i] === 2,
      );
      assert.equal(inTest.length, 10);
    }
    given.given.fill(0);
    assert.throws(() => assignFold(given, { folds: 5, fold: 1 }, 0), { code: 'USAGE' });
  });

  it('meets the shares class by class to within the largest group', () => {
    const many = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 60, maxLength: 200 });
    fc.assert(
      fc.property(many, fc.integer({ min: 0, max: 99 }), (sizes, seed) => {
        const all = sizes.map((size, i) => ({
          name: `g${i}`,
          perClass: i % 2 === 0 ? [size, 0] : [0, size],
        }));
        const split = splitsOf(all, shares, seed);
        for (const label of [0, 1]) {
          const countIn = (name: string) =>
            all
              .filter((group) => split.get(group.name) === name)
              .reduce((sum, { perClass }) => sum + perClass[label]!, 0);
          const total = SPLITS.reduce((sum, name) => sum + countIn(name), 0);
          for (const name of SPLITS) {
            const missed = Math.abs(countIn(name) - total * shares[name]);
            assert(missed <= 8, `${name}: ${countIn(name)} of ${total}`);
          }
        }
      }),
    );
  });
});
