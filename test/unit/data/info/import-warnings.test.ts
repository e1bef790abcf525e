import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { importWarnings } from '../../../../src/data/info/import-warnings.ts';
import type { ImportItem } from '../../../../src/data/record.ts';
import { buildStore } from '../../../../src/importer/build/build-store.ts';
import { coarseRounding } from '../../../../src/importer/build/record-signs.ts';
import { temporaryFolder } from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

/** The warnings for classes of so many training sequences, all of them of two steps. */
function warningsOf(train: Readonly<Record<string, number>>, length = 2): string[] {
  const classes = Object.entries(train).map(([name, count]) => ({
    name,
    bySplit: { train: count, validation: count === 0 ? 2 : 0, test: 0 },
  }));
  return importWarnings({
    target: 'class',
    classes,
    lengths: [length, length, length],
    hasTraining: true,
  });
}

describe('an import warns of', () => {
  it('nothing in sound data', () => {
    assert.deepEqual(warningsOf({ a: 5, b: 3, 'class 1': 2, 'class 10': 2 }), []);
    assert.deepEqual(warningsOf({ a: 1, b: 1 }), [], 'too few to tell');
  });

  it('classes of which every sequence was left out', async () => {
    const records: ImportItem[] = [
      { id: 'a', label: 'x', values: [1, 2] },
      { id: 'b', label: 'y', values: [Number.NaN] },
      { id: 'c', label: 'z', skipped: 'not-a-number', detail: '"$3"', advice: 'Write 3.' },
      { id: 'd', label: 'x', skipped: 'not-a-number', detail: '"4%"', advice: 'Write 4.' },
    ];
    const target = join(folder.path, 'lost');
    const { warnings } = await buildStore(records, { target, name: 'lost' });
    assert.ok(
      warnings.includes('2 classes are lost, since all of their sequences were left out: y, z'),
      warnings.join('\n'),
    );
    assert.ok(warnings.includes('text that is not a number: Write 3.'), warnings.join('\n'));
    const none = buildStore(records.slice(2), { target: join(folder.path, 'none'), name: 'none' });
    await assert.rejects(none, { code: 'DATA_INVALID', advice: 'Write 3.' });
  });

  it('classes that are times, and one that is a row of sums', () => {
    const times = [
      ['2024-01-01', '2024-01-02 10:00'],
      ['10:30', '1:30 PM'],
      ['1/15/2024', '2/15/24'],
      ['1700000000', '1700086400'],
    ];
    for (const [a, b] of times) {
      const [warning] = warningsOf({ [a!]: 3, [b!]: 2 });
      assert.match(warning!, /^the classes look like dates or times \(/);
    }
    assert.deepEqual(warningsOf({ '2019': 3, '2020': 2, '2024-01-01': 2 }), []);
    assert.deepEqual(warningsOf({ a: 3, b: 3, Total: 1 }), [
      'class Total has one sequence and the name of a row of sums: if it is one, remove it',
    ]);
    assert.deepEqual(warningsOf({ a: 3, b: 3, total: 2 }), []);
  });

  it('values and numbers that are all the same', async () => {
    const records = [1, 2, 3].map((i) => ({
      ...{ id: `s${i}`, values: new Array(i).fill(7.5) as number[], targets: [3] },
    }));
    const target = join(folder.path, 'same');
    const { warnings } = await buildStore(records, { target, name: 'same', targetNames: ['y'] });
    assert.deepEqual(warnings, [
      'all values are 7.5: are they of another column?',
      'the number y is 3 for all training sequences',
    ]);
  });

  it('one class only', () => {
    assert.deepEqual(warningsOf({ a: 5 }), [
      'all labelled sequences are of the class a: a classifier needs two classes or more',
    ]);
  });

  it('shapes that float32 is too coarse for, times with gaps, and several sampling rates', async () => {
    const wave = (level: number, length = 9) =>
      Float64Array.from({ length }, (_, i) => level + Math.sin(i));
    const values = {
      far: wave(1e6),
      near: wave(1000),
      exact: [2 ** 30, 2 ** 30 + 2 ** 10],
      flat: wave(1e9),
    };
    const records = Object.entries(values).map(([id, own], i) => ({
      ...{ id, values: own, hasUnevenTimes: id === 'near', sampleRate: 8000 * (1 + (i % 2)) },
    }));
    const target = join(folder.path, 'signs');
    const { warnings, skipped } = await buildStore(records, { target, name: 'signs' });
    assert.match(
      skipped.flattened!.examples[0]!,
      /^flat \(values near 1\.0\S* span 1\.9\d+, in steps of 64\)/,
    );
    const subnormal = coarseRounding([1e-46, 2e-46], Float32Array.of(0, 0), 1)?.detail;
    assert.match(subnormal!, /^values near 2\S* span 1\S*, in steps of 1\.40/);
    const [coarse, gaps, rates] = warnings;
    assert.match(
      coarse!,
      /^float32 is too coarse for the shape of 1 sequence, such as far \(values near \S+ span 1\.9\d+, in steps of 0\.06/,
    );
    assert.match(gaps!, /^1 sequence has unevenly spaced times; .+: near$/);
    assert.match(
      rates!,
      /^sounds have several sampling rates: 8000 Hz \(2, such as exact\), 16000 Hz \(1, such as near\)/,
    );
  });

  it('integers that float32 rounds, with what one of them becomes', async () => {
    const values = {
      near: [20000001, 1],
      far: [2 ** 60 + 512, 5],
      exact: [2 ** 60, 2 ** 24],
      reals: [1.5e20, 0.5],
    };
    const records = Object.entries(values).map(([id, own]) => ({ id, values: own }));
    const target = join(folder.path, 'rounded');
    const { warnings } = await buildStore(records, { target, name: 'rounded' });
    assert.equal(
      warnings[0],
      '2 sequences have integers beyond 2^24, which float32 rounds: far (1152921504606847488 becomes 1152921504606846976), near (20000001 becomes 20000000)',
    );
  });

  it('as many classes as sequences, or most classes with one', () => {
    const [numbers] = warningsOf({ '0.51': 1, '0.14': 1, '0.7': 1 });
    assert.match(numbers!, /^there are as many classes as labelled sequences \(3\): is the label/);
    const [most] = warningsOf({ x: 4, y: 1, z: 1 });
    assert.equal(most, '2 of 3 classes have one sequence: is the label a category?');
    assert.deepEqual(warningsOf({ x: 4, y: 4, z: 1 }), []);
  });

  it('classes that are lists of classes, or of one for each timestep', () => {
    const [several] = warningsOf({ AFIB: 3, 'AFIB|MI': 3, MI: 3 });
    assert.match(several!, /^classes that join others \(AFIB\|MI\): --labels reads several/);
    assert.deepEqual(warningsOf({ 'a|b': 3, 'c, d': 3 }), [], 'no part is a class');
    const [steps] = warningsOf({ ['0 1 '.repeat(8)]: 3, ['1 0 '.repeat(9)]: 3 });
    assert.match(steps!, /--timestep-labels reads a class for each timestep$/);
  });

  it('names that differ by case, spaces, number format or Unicode form only', () => {
    const names = ['1', '01', '1.0', 'Cat', 'cat', 'a b', 'a  b', 'B\u00e4r', 'Ba\u0308r', 'dog'];
    const [warning] = warningsOf(Object.fromEntries(names.map((name) => [name, 2])));
    assert.equal(
      warning,
      'classes differ only by case, spaces, number format or Unicode form: "1" = "01" = "1.0", "Cat" = "cat", "a b" = "a  b", "B\u00e4r" = "Ba\u0308r"',
    );
  });

  it('names that differ by characters that nobody sees, but not long numbers', () => {
    const [warning] = warningsOf({ y: 2, 'y\u200b': 2 });
    assert.match(warning!, /^classes differ only by/);
    assert.deepEqual(warningsOf({ '12345678901234567890': 2, '12345678901234567891': 2 }), []);
  });

  it('names that stand for no label', () => {
    const [warning] = warningsOf({ nan: 2, '?': 2, 'N/A': 2, None: 2, null: 2, x: 2 });
    assert.match(warning!, /^classes nan, \?, N\/A, None, null look like missing labels: leave/);
    assert.match(warningsOf({ NA: 2, x: 2 })[0]!, /^class NA looks like missing labels/);
    assert.deepEqual(warningsOf({ inf: 2, constructor: 2 }), []);
  });

  it('classes without a training sequence, where there is training', () => {
    assert.deepEqual(warningsOf({ a: 3, rare: 0 }), ['class rare has no training sequence']);
    assert.deepEqual(warningsOf({ a: 3, b: 0, c: 0 }), [
      '2 classes have no training sequence: b, c',
    ]);
    const bySplit = { train: 0, validation: 0, test: 4 };
    const classes = ['a', 'b'].map((name) => ({ name, bySplit }));
    assert.deepEqual(
      importWarnings({ target: 'class', classes, lengths: [2, 2], hasTraining: false }),
      ['no sequence is for training: this dataset serves evaluation only'],
    );
  });

  it('sequences of one value each: the long form', () => {
    assert.match(
      warningsOf({ a: 3, b: 3 }, 1)[0]!,
      /^each sequence has one value: .* \(long form\)/,
    );
  });

  it('data without labels, and options that would have kept sequences', () => {
    const skipped = new Set(['not-integer', 'not-finite'] as const);
    const warnings = importWarnings({
      target: 'none',
      classes: [],
      lengths: [1, 7],
      hasTraining: true,
      skipped,
    });
    assert.match(warnings[0]!, /^--value-type float32 keeps values that are not integers/);
    assert.match(warnings[1]!, /--missing interpolate fills missing values in/);
    assert.match(warnings[2]!, /^no sequence has a label, .* --label names/);
  });

  it('groups of several classes, and equal sequences in two given splits', async () => {
    const target = join(folder.path, 'store');
    const items: ImportItem[] = [
      { id: 'a', group: 'g', label: 'x', values: [1, 2] },
      { id: 'b', group: 'g', label: 'y', values: [3, 4] },
      { id: 'c', label: 'y', split: 'train', values: [5, 6] },
      { id: 'd', label: 'y', split: 'test', values: [5, 6] },
    ];
    const { warnings } = await buildStore(items, { target, name: 'n', valueType: 'uint8' });
    assert.deepEqual(warnings.slice(-3), [
      '1 group has sequences of several classes: g',
      '1 sequence stands in two of the given splits; the first by name was kept: c (train) = d (test)',
      '2 sequences have no given split, unlike others, so their groups were dealt out: a, b',
    ]);
  });

  it('fewer timesteps than channels, extremes that stand for missing values, and integers that are rounded', async () => {
    const target = join(folder.path, 'odd');
    const channels = 3;
    const rows = [
      [1, 2, 3],
      [4, -9999, 6, 7, 8, 9.5],
      [2 ** 24 + 1, 3, 5],
    ];
    const items = rows.map((values, i) => ({ id: `s${i}`, label: `c${i % 2}`, values, channels }));
    const { warnings } = await buildStore(items, { target, name: 'odd' });
    assert.match(warnings.join('\n'), /more channels \(3\) than timesteps/);
    assert.match(
      warnings.join('\n'),
      /the smallest value is -9999, which often stands for a missing/,
    );
    assert.match(
      warnings.join('\n'),
      /^1 sequence has integers .* float32 rounds: s2 \(16777217 becomes 16777216\)$/m,
    );
  });
});
