import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import { openStore } from '../../../src/data/format/open-store.ts';
import { importReportText } from '../../../src/data/info/import-report.ts';
import type { ImportItem } from '../../../src/data/record.ts';
import type { BuildOptions } from '../../../src/importer/build/build-options.ts';
import { buildStore } from '../../../src/importer/build/build-store.ts';
import { sampleRecords, temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

let made = 0;
function options(changes: Partial<BuildOptions> = {}): BuildOptions {
  const target = join(folder.path, `store-${made++}`);
  return { target, name: 'built', valueType: 'uint8', ...changes };
}

async function fails(items: ImportItem[], given: BuildOptions, code: string, message: string) {
  await assert.rejects(buildStore(items, given), (error) => {
    assert(error instanceof LockstepError);
    assert.deepEqual([error.code, error.message], [code, message]);
    return true;
  });
}

async function idsOf(path: string): Promise<string[]> {
  const store = await openStore(path);
  const ids = (await store.ids()).toSorted();
  await store.close();
  return ids;
}

describe('building a store', () => {
  it('has the same content whatever the order of import', async () => {
    const records = sampleRecords(60);
    const first = await buildStore(records, options());
    const second = await buildStore(records.toReversed(), options());
    assert.equal(first.contentHash, second.contentHash);
    assert.deepEqual(first, second);
  });

  it('finds no conflict between equal sequences of one class, however many there are', async () => {
    const items = Array.from({ length: 3000 }, (_, i) => ({
      id: `r${i}`,
      label: 'x',
      values: [(i % 1500) >> 8, (i % 1500) & 255],
    }));
    const report = await buildStore(items, options());
    assert.equal(report.skipped.duplicate!.count, 1500);
    assert.deepEqual(report.labelConflicts, { count: 0, examples: [] });
  });

  it('fills missing values in when asked, names the sequences, and skips those without any', async () => {
    const gap = Number.NaN;
    const items: ImportItem[] = [
      { id: 'inside', values: [1, gap, 3] },
      { id: 'ends', values: [gap, 2, gap, gap] },
      { id: 'all', values: [gap] },
      { id: 'text', skipped: 'not-a-number', detail: 'line 5, "x"' },
    ];
    const report = await buildStore(items, options({ missing: 'interpolate' }));
    assert.deepEqual([report.kept, report.keptTokens], [2, 7]);
    assert.deepEqual(report.filled, { count: 2, examples: ['ends', 'inside'] });
    assert.deepEqual(report.skipped['all-missing'], { count: 1, examples: ['all'] });
    const text = importReportText(report);
    assert.match(text, /^ {2}2 with missing values filled in: ends, inside$/m);
    assert.match(text, /skipped, contains text that is not a number: text \(line 5, "x"\)$/m);
  });

  it('cuts sequences before a tail of NaN when asked, and names them', async () => {
    const gap = Number.NaN;
    const items: ImportItem[] = [
      { id: 'tail', values: [1, 2, gap, gap] },
      { id: 'middle', values: [1, gap, 3] },
      { id: 'whole', values: [1, 2, 3] },
      { id: 'all', values: [gap, gap] },
    ];
    const skipping = await buildStore(items, options());
    assert.equal(skipping.skipped['not-finite']!.count, 3);
    const report = await buildStore(items, options({ missing: 'strip-tail' }));
    assert.deepEqual([report.kept, report.keptTokens], [2, 5]);
    assert.deepEqual(report.skipped['not-finite'], { count: 1, examples: ['middle'] });
    assert.deepEqual(report.skipped['all-missing'], { count: 1, examples: ['all'] });
    assert.match(importReportText(report), /^ {2}1 cut before a tail of NaN: tail$/m);
  });

  it('stores several channels, timestep by timestep, with lengths in timesteps', async () => {
    const items: ImportItem[] = [
      { id: 'long', channels: 2, values: [1, 10, 2, 20, 3, 30] },
      { id: 'short', channels: 2, values: [4, 40] },
    ];
    const one = options({ shares: { train: 1, validation: 0, test: 0 } });
    const report = await buildStore(items, { ...one, length: { maximum: 2, longer: 'truncate' } });
    assert.deepEqual([report.keptTokens, report.truncated.examples], [3, ['long']]);
    const store = await openStore(one.target);
    assert.deepEqual([...store.index.lengths], [1, 2]);
    assert.deepEqual([...(await store.read(1, 0, 2))], [1, 10, 2, 20]);
    assert.deepEqual([...(await store.read(1, 1, 1))], [2, 20]);
    const { channels, channelStatistics } = store.manifest;
    assert.equal(channels, 2);
    assert.deepEqual(
      channelStatistics.map(({ minimum, maximum }) => [minimum, maximum]),
      [
        [1, 4],
        [10, 40],
      ],
    );
    await store.close();
  });

  it('refuses sequences with different numbers of channels', async () => {
    const first: ImportItem = { id: 'a', channels: 2, values: [1, 2] };
    const message = (id: string, found: string) =>
      `Cannot import "${id}": it has ${found}, the first sequence has 2.`;
    const odd: ImportItem = { id: 'b', channels: 2, values: [1, 2, 3] };
    const other: ImportItem = { id: 'c', values: [1, 2] };
    await fails([first, odd], options(), 'DATA_INVALID', message('b', '3 values in 2 channels'));
    await fails([first, other], options(), 'DATA_INVALID', message('c', '2 values in 1 channel'));
  });

  it('keeps missing values when asked, of real values only', async () => {
    const items: ImportItem[] = [
      { id: 'gap', values: [1, Number.NaN, 3] },
      { id: 'whole', values: [1, 2, 3.5] },
    ];
    const given = options({ missing: 'mask', valueType: 'float32' });
    const report = await buildStore(items, given);
    assert.match(importReportText(report), /^ {2}1 with missing values: gap$/m);
    const store = await openStore(given.target);
    assert.deepEqual([...(await store.read(0, 0, 3))], [1, Number.NaN, 3]);
    assert.equal(store.manifest.channelStatistics[0]!.missing, 1);
    await store.close();
    await assert.rejects(buildStore(items, options({ missing: 'mask' })), {
      code: 'USAGE',
      message: 'Cannot keep missing values of type uint8: only real values can be missing.',
    });
  });

  it('takes another split with another seed', async () => {
    const records = sampleRecords(60);
    const hashes = new Set<string>();
    for (const seed of [0, 1, 2]) {
      hashes.add((await buildStore(records, options({ seed }))).contentHash);
    }
    assert.equal(hashes.size, 3);
  });

  it('skips, counts and names what cannot be stored', async () => {
    const items: ImportItem[] = [
      { id: 'good', values: [0, 255] },
      { id: 'empty', values: [] },
      { id: 'nan', values: [1, Number.NaN] },
      { id: 'infinite', values: [Number.POSITIVE_INFINITY, 1] },
      { id: 'fraction', values: [0.5, 1] },
      { id: 'negative', values: [-1, 1] },
      { id: 'large', values: [256, 1] },
      { id: 'picture', skipped: 'binary' },
    ];
    const report = await buildStore(items, options());
    assert.equal(report.read, 8);
    assert.equal(report.kept, 1);
    assert.deepEqual(report.skipped, {
      binary: { count: 1, examples: ['picture'] },
      empty: { count: 1, examples: ['empty'] },
      'not-finite': { count: 2, examples: ['infinite', 'nan'] },
      'not-integer': { count: 1, examples: ['fraction'] },
      'out-of-range': { count: 2, examples: ['large', 'negative'] },
    });
    const text = importReportText(report);
    assert.match(text, /^built: read 8, kept 1 sequence \(2 tokens\)$/m);
    assert.match(text, /^ {2}2 skipped, contains NaN or Infinity: infinite, nan$/m);
  });

  it('checks the range of the type that is asked for', async () => {
    const items: ImportItem[] = [
      { id: 'a', values: [65_535] },
      { id: 'b', values: [65_536] },
      { id: 'c', values: [1e39] },
    ];
    const wide = await buildStore(items, options({ valueType: 'uint16' }));
    assert.deepEqual(wide.skipped, { 'out-of-range': { count: 2, examples: ['b', 'c'] } });
    const real = await buildStore(items, options({ valueType: 'float32' }));
    assert.deepEqual(real.skipped, { 'out-of-range': { count: 1, examples: ['c'] } });
  });

  it('skips or cuts what is too long and skips what is too short', async () => {
    const items: ImportItem[] = [
      { id: 'short', values: [1] },
      { id: 'fits', values: [1, 2] },
      { id: 'long', values: [3, 4, 5, 999] },
    ];
    const length = { minimum: 2, maximum: 3 };
    const skipping = await buildStore(items, options({ length }));
    assert.deepEqual(skipping.skipped, {
      'too-short': { count: 1, examples: ['short'] },
      'too-long': { count: 1, examples: ['long'] },
    });
    const cutting = options({ length: { ...length, longer: 'truncate' } });
    const report = await buildStore(items, cutting);
    assert.deepEqual(report.truncated, { count: 1, examples: ['long'] });
    const store = await openStore(cutting.target);
    assert.deepEqual([...(await store.read(1, 0, 3))], [3, 4, 5]);
    await store.close();
  });

  it('keeps the first by id of equal sequences, and reports labels that disagree', async () => {
    const items: ImportItem[] = [
      { id: 'c', label: 'x', values: [1, 2] },
      { id: 'a', label: 'y', values: [1, 2] },
      { id: 'b', label: 'y', values: [1, 2] },
      { id: 'd', label: 'x', values: [1, 2, 0] },
    ];
    const given = options();
    const report = await buildStore(items, given);
    assert.deepEqual(await idsOf(given.target), ['a', 'd']);
    assert.deepEqual(report.skipped, { duplicate: { count: 2, examples: ['b', 'c'] } });
    assert.deepEqual(report.labelConflicts, {
      count: 1,
      examples: [{ kept: 'a', keptLabel: 'y', dropped: 'c', droppedLabel: 'x' }],
    });
    assert.match(importReportText(report), /^ {4}a \(y\) = c \(x\)$/m);
  });

  it('keeps sequences that only float32 makes equal', async () => {
    const items = [0.1, 0.1 + 1e-12, 0.1].map((value, i) => ({ id: `${i}`, values: [value, 2] }));
    const given = options({ valueType: 'float32' });
    await buildStore(items, given);
    assert.deepEqual(await idsOf(given.target), ['0', '1']);
  });

  it('caps a class within a group, then a class', async () => {
    const items = Array.from({ length: 40 }, (_, i) => ({
      id: `r${i}`,
      group: i < 30 ? 'huge' : `g${i}`,
      label: i % 2 === 0 ? 'x' : 'y',
      values: [i],
    }));
    const given = options({ caps: { perGroup: 4, perClass: 6 } });
    const report = await buildStore(items, given);
    assert.equal(report.skipped['group-cap']?.count, 30 - 2 * 4);
    assert.equal(report.skipped['class-cap']?.count, 2 * (4 + 5 - 6));
    assert.equal(report.kept, 12);
    const again = options({ caps: { perGroup: 4, perClass: 6 } });
    await buildStore(items.toReversed(), again);
    assert.deepEqual(await idsOf(again.target), await idsOf(given.target));
  });

  it('keeps the splits that the source gives, for the whole group', async () => {
    const items: ImportItem[] = [
      { id: 'a', group: 'g', split: 'test', values: [1] },
      { id: 'b', group: 'g', values: [2] },
      { id: 'c', group: 'h', split: 'validation', values: [3] },
    ];
    const given = options();
    await buildStore(items, given);
    const store = await openStore(given.target);
    assert.deepEqual([...store.index.splits], [2, 2, 1]);
    await store.close();
  });

  it('sorts class names by value where all are numbers', async () => {
    const items = ['10', '9', '2'].map((label, i) => ({ id: label, label, values: [i] }));
    const report = await buildStore(items, options());
    assert.deepEqual(
      report.classes.map(({ name }) => name),
      ['2', '9', '10'],
    );
  });

  it('warns of what looks wrong, in the report and its text', async () => {
    const items = Array.from({ length: 6 }, (_, i) => ({
      id: `${i}`,
      label: `${i}.5`,
      values: [i],
    }));
    const report = await buildStore(items, options());
    assert.equal(report.warnings.length, 2);
    const text = importReportText(report);
    assert.match(text, /^ {2}warning: there are as many classes as labelled sequences \(6\)/m);
    assert.match(text, /^ {2}warning: each sequence has one value/m);
  });

  it('lists the first hundred classes', async () => {
    const items = Array.from({ length: 103 }, (_, i) => ({
      id: `${i}`,
      label: `${i}`,
      values: [i],
    }));
    const text = importReportText(await buildStore(items, options()));
    assert.match(text, /^ {2}class 99: .*\n {2}… and 3 more classes\n {2}groups/m);
  });

  it('reports its progress', async () => {
    const stages: string[] = [];
    const onProgress = ({ stage, done }: { stage: string; done: number }) => {
      stages.push(`${stage} ${done}`);
    };
    await buildStore(sampleRecords(300), options({ onProgress }));
    assert.deepEqual(stages, ['reading 256', 'writing 300']);
  });

  it('leaves nothing behind when the source fails', async () => {
    const before = readdirSync(folder.path).sort();
    async function* source(): AsyncGenerator<ImportItem> {
      yield { id: 'a', values: [1] };
      throw new Error('the source is gone');
    }
    await assert.rejects(buildStore(source(), options()), /the source is gone/);
    assert.deepEqual(readdirSync(folder.path).sort(), before);
  });
});

describe('a build that cannot be done', () => {
  it('says so for an existing target before reading anything', async () => {
    const given = options();
    await buildStore(sampleRecords(3), given);
    const message = `Cannot write a dataset to "${given.target}": it exists already.`;
    await fails([], given, 'USAGE', message);
  });

  it('says so for two different sequences of one id', async () => {
    const items = [1, 2].map((value) => ({ id: 'same', values: [value, 3] }));
    const message = 'Cannot import: two different sequences have the id "same".';
    await fails(items, options(), 'DATA_INVALID', message);
  });

  it('says that a table is in long form where ids repeat and each row holds one value', async () => {
    const items = [1, 2].map((value) => ({ id: 's0', values: [value] }));
    const message =
      'Cannot import: several rows have the id "s0", and each row holds one value. This is the long form, a row for each timestep.';
    await fails(items, options(), 'DATA_INVALID', message);
  });

  it('says so for a label outside the classes', async () => {
    const message = 'Cannot import "a": its label "z" is not one of the classes (x, y).';
    const items = [{ id: 'a', label: 'z', values: [1] }];
    await fails(items, options({ classes: ['x', 'y'] }), 'DATA_INVALID', message);
  });

  it('says so for a group in two splits', async () => {
    const items: ImportItem[] = [
      { id: 'a', group: 'g', split: 'test', values: [1] },
      { id: 'b', group: 'g', split: 'train', values: [2] },
    ];
    const message = 'Cannot import: the source puts group "g" in the splits train and test.';
    await fails(items, options(), 'DATA_INVALID', message);
  });

  it('says so when nothing is left', async () => {
    const given = options();
    const message = `Cannot write a dataset to "${given.target}": none of 1 is left, skipped were 1 empty sequence (a).`;
    await fails([{ id: 'a', values: [] }], given, 'DATA_INVALID', message);
    const nothing = options();
    const found = `Cannot write a dataset to "${nothing.target}": nothing was found.`;
    await fails([], nothing, 'DATA_INVALID', found);
  });

  it('says so for shares that do not add up', async () => {
    const shares = { train: 0.5, validation: 0.1, test: 0.1 };
    const message = 'Cannot import: option shares: the three shares do not add up to 1.';
    await fails([], options({ shares }), 'USAGE', message);
  });
});
