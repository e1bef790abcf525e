import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubsetConfig } from '../../../../src/config/phase-section.ts';
import { subsetSection } from '../../../../src/config/phase-section.ts';
import { LockstepError } from '../../../../src/core/errors.ts';
import type { StoreIndex } from '../../../../src/data/format/store.ts';
import { UNLABELLED } from '../../../../src/data/format/store.ts';
import { type Subset, selectSubset } from '../../../../src/data/plan/subset.ts';

const CLASSES = ['markdown', 'python', 'json'];
const COUNT = 300;

/** Lengths 10, 11, …; every fifth sequence is for validation; every fourth has no label. */
const index: StoreIndex = {
  lengths: Int32Array.from({ length: COUNT }, (_, i) => 10 + i),
  labels: Int32Array.from({ length: COUNT }, (_, i) => (i % 4 === 3 ? UNLABELLED : i % 3)),
  splits: Uint8Array.from({ length: COUNT }, (_, i) => (i % 5 === 0 ? 1 : 0)),
};

const select = (subset: Partial<SubsetConfig>, { seed = 1, labelled = false, of = index } = {}) =>
  selectSubset({
    index: of,
    classes: CLASSES,
    subset: subsetSection.parse(subset),
    seed,
    labelled,
  });

const lengthsOf = ({ effectiveLengths }: Subset) =>
  Int32Array.from({ length: effectiveLengths.length }, (_, at) => effectiveLengths.at(at)!);
const isSubset = (few: Int32Array, many: Int32Array) => few.every((one) => many.includes(one));
const isAscending = (list: Int32Array) => list.every((x, i) => i === 0 || list[i - 1]! < x);

test('a subset holds the whole split, shortest first', () => {
  const train = select({});
  assert.equal(train.sequences.length, 240);
  assert.ok(isAscending(train.sequences));
  assert.ok(train.sequences.every((sequence) => sequence % 5 !== 0));
  assert.deepEqual(
    lengthsOf(train),
    train.sequences.map((s) => 10 + s),
  );
  assert.equal(select({ split: 'validation' }).sequences.length, 60);
});

test('a subset that needs labels leaves the others out', () => {
  const { sequences } = select({}, { labelled: true });
  assert.equal(sequences.length, 180);
  assert.ok(sequences.every((sequence) => index.labels[sequence] !== UNLABELLED));
});

test('crop bounds the effective length and keeps the whole one', () => {
  const subset = select({ crop: 50 });
  assert.deepEqual(
    lengthsOf(subset),
    subset.sequences.map((s) => Math.min(50, 10 + s)),
  );
  assert.equal(subset.storeLengths, index.lengths);
});

test('labelsPerClass draws so many labelled training sequences of each class', () => {
  const { sequences } = select({ labelsPerClass: 5 });
  assert.ok(isAscending(sequences));
  for (let label = 0; label < CLASSES.length; label++) {
    assert.equal(sequences.filter((s) => index.labels[s] === label).length, 5);
  }
  assert.ok(sequences.every((sequence) => index.splits[sequence] === 0));
});

test('draws are repeatable, differ by seed and by number, and are nested', () => {
  const drawn = (labelsPerClass: number, draw = 0, seed = 1) =>
    select({ labelsPerClass, draw }, { seed }).sequences;
  assert.deepEqual(drawn(5), drawn(5));
  assert.notDeepEqual(drawn(5), drawn(5, 1));
  assert.notDeepEqual(drawn(5), drawn(5, 0, 2));
  assert.ok(isSubset(drawn(5, 2), drawn(10, 2)));
  assert.ok(!isSubset(drawn(5, 2), drawn(10, 3)));
});

test('maxSequences is a nested seeded subset; more than there are means all', () => {
  const some = (maxSequences: number, seed = 1) => select({ maxSequences }, { seed }).sequences;
  assert.equal(some(20).length, 20);
  assert.ok(isSubset(some(20), some(100)));
  assert.notDeepEqual(some(20), some(20, 2));
  assert.ok(isAscending(some(20)));
  assert.deepEqual(some(100000), select({}).sequences);
  assert.equal(select({ labelsPerClass: 5, maxSequences: 7 }).sequences.length, 7);
});

test('a class with too few labels is named with what was found and what was wanted', () => {
  assert.throws(
    () => select({ labelsPerClass: 61 }),
    (error) =>
      error instanceof LockstepError &&
      error.code === 'DATA_INVALID' &&
      /61 labelled sequences of class "markdown" from the train split: it has 60/.test(
        error.message,
      ),
  );
});

test('an empty subset is an error that says what was looked for', () => {
  const refusal = (message: RegExp) => (error: unknown) =>
    error instanceof LockstepError && error.code === 'DATA_INVALID' && message.test(error.message);
  assert.throws(() => select({ split: 'test' }), refusal(/test split has no sequence;.* 300 seq/));
  const unlabelled = { ...index, labels: new Int32Array(COUNT).fill(UNLABELLED) };
  assert.throws(
    () => select({}, { labelled: true, of: unlabelled }),
    refusal(/train split has no labelled sequence/),
  );
  assert.throws(
    () => select({ labelsPerClass: 1 }, { of: unlabelled }),
    refusal(/train split has no labelled sequence/),
  );
});

test('labelled sequences are drawn whatever their class: nested, each draw others, all with a label', () => {
  const [few, many] = [20, 60].map((labelledSequences) => select({ labelledSequences }).sequences);
  assert.deepEqual([few!.length, many!.length], [20, 60]);
  assert.ok(isSubset(few!, many!) && isAscending(many!));
  assert.ok(many!.every((sequence) => index.labels[sequence] !== UNLABELLED));
  assert.notDeepEqual(select({ labelledSequences: 20, draw: 1 }).sequences, few);
  assert.deepEqual(select({ labelledSequences: 20 }).sequences, few);
});

test('more labelled sequences than there are, and two draws at once, are refused', () => {
  assert.throws(() => select({ labelledSequences: 181 }), {
    code: 'DATA_INVALID',
    message: 'Cannot draw 181 labelled sequences from the train split: it has 180.',
  });
  assert.throws(() => select({ labelledSequences: 3, labelsPerClass: 1 }), {
    code: 'CONFIG_INVALID',
    message:
      'data.labelsPerClass and data.labelledSequences exclude each other: both draw the labelled sequences.',
  });
});
