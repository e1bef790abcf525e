import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type ImportItem, isSkip } from '../../../src/data/record.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { CLONE } from '../../helper/clone.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path, release } = temporaryFolder();
after(release);
const FIXTURES = join(CLONE, 'test', 'fixture', 'import');

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(path, 'files-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}
const read = async (source: string, rules = {}) =>
  await collectItems(importSource({ ...DEFAULT_RULES, ...rules, source }).items);
const plain = (items: readonly ImportItem[]) =>
  items.map((item) =>
    isSkip(item)
      ? [item.id, item.skipped]
      : [item.id, item.label, item.channels ?? 1, Array.from(item.values)],
  );

describe('a folder of tables', () => {
  it('has a sequence a file, its class by folder', async () => {
    const root = folderOf({
      'a/1.csv': 't,v\n0,0.5\n1,7\n',
      'a/2.csv.gz': gzipSync('t,v\n0,1\n'),
      'b/1.csv': 't,v\n',
    });
    const expected = [
      ['a/1.csv', 'a', 1, [0.5, 7]],
      ['a/2.csv.gz', 'a', 1, [1]],
      ['b/1.csv', 'b', 1, []],
    ];
    assert.deepEqual(plain(await read(root, { values: 'v' })), expected);
    assert.deepEqual(plain(await read(root, { time: 't' })), expected);
    assert.deepEqual(plain(await read(root, { values: 'v,t' }))[0], [
      'a/1.csv',
      'a',
      2,
      [0.5, 0, 7, 1],
    ]);
  });

  it('is asked which of several columns are the values', async () => {
    const root = folderOf({ 'a/1.csv': 't,v\n0,0.5\n' });
    await assert.rejects(read(root), {
      code: 'DATA_INVALID',
      message: `Cannot import "${join(root, 'a/1.csv')}" as one sequence: it has the columns t, v, and none is named as its values.`,
      advice: /^Name them with --values, as in --values v, and a column of times with --time\./,
    });
    await assert.rejects(read(root, { values: 'w' }), {
      message: /it has no column "w" for the values \(columns: t, v\)\.$/,
    });
  });

  it('may have no header, one column, or all values in a row', async () => {
    const cases: [string, string, number[]][] = [
      ['one.csv', 'x\n1\n2\n', [1, 2]],
      ['numbers.csv', '1\n-2.5\n3\n', [1, -2.5, 3]],
      ['row.csv', '5,1,1\n', [5, 1, 1]],
      ['spaces.txt', '5 1 2\n', [5, 1, 2]],
      ['lines.txt', '5\n1e3\n', [5, 1000]],
      ['tabs.tsv', '5\t1\t1\n', [5, 1, 1]],
    ];
    for (const [name, text, values] of cases) {
      assert.deepEqual(plain(await read(folderOf({ [`k/${name}`]: text }))), [
        [`k/${name}`, 'k', 1, values],
      ]);
    }
    for (const text of ['5,1,1\n6,1,1\n', '5 1 1\n6 1 1\n']) {
      const root = folderOf({ 'k/x.txt': text });
      await assert.rejects(read(root), {
        code: 'DATA_INVALID',
        message: /and none is named as its values\.$/,
      });
    }
    const two = folderOf({ 'k/x.csv': '5,1,1\n6,2,3\n' });
    assert.deepEqual(plain(await read(two, { values: '1..2' })), [
      ['k/x.csv', 'k', 2, [5, 1, 6, 2]],
    ]);
  });

  it('skips a file with text among its numbers, and refuses times that fall', async () => {
    const root = folderOf({ 'a/1.csv': 'v\n1\nx\n', 'a/2.csv': 'v\n?\n2\n' });
    assert.deepEqual(plain(await read(root)), [
      ['a/1.csv', 'not-a-number'],
      ['a/2.csv', 'a', 1, [Number.NaN, 2]],
    ]);
    const falls = folderOf({ 'a/1.csv': 't,v\n2,1\n1,1\n' });
    await assert.rejects(read(falls, { time: 't' }), {
      message: `Cannot read "${join(falls, 'a/1.csv')}", line 3: its time 1 does not follow that of the row before.`,
    });
  });

  it('may have a class for each timestep', async () => {
    const root = folderOf({ '1.csv': 'v,what\n1,on\n2,off\n' });
    const [only] = await read(root, { timestepLabels: 'what' });
    assert.ok(only && !isSkip(only));
    assert.deepEqual(
      [only.label, only.timestepLabels, Array.from(only.values)],
      [undefined, ['on', 'off'], [1, 2]],
    );
  });

  it('of .txt with prose is one of bytes, of those in an archive, too', async () => {
    const [text, archive] = [Buffer.from('Chapter 1'), gzipSync('Chapter 1')];
    const root = folderOf({ 'a/1.txt': text, 'a/2.txt.gz': archive });
    assert.deepEqual(plain(await read(root)), [
      ['a/1.txt', 'a', 1, [...text]],
      ['a/2.txt.gz', 'a', 1, [...text]],
    ]);
    assert.deepEqual(plain(await read(root, { as: 'bytes' }))[1], [
      'a/2.txt.gz',
      'a',
      1,
      [...archive],
    ]);
    const [, folded] = plain(await read(root, { symbolMap: 'text-41' }));
    assert.equal((folded![3] as number[]).length, text.length);
    assert.deepEqual(plain(await read(folderOf({ 'k/1.txt.gz': gzipSync('5,1,2') }))), [
      ['k/1.txt.gz', 'k', 1, [5, 1, 2]],
    ]);
  });
});

describe('a folder of files of another format', () => {
  const copied = (format: string, names: readonly string[]): string => {
    const root = folderOf({});
    for (const name of names) cpSync(join(FIXTURES, format, name), join(root, 'k', name));
    return root;
  };

  it('is read as what it is', async () => {
    const wav = await read(copied('wav', ['pcm_u8-wav.wav', 'float-wav.wav']));
    assert.deepEqual(
      wav.map((item) => !isSkip(item) && [item.id, item.label, item.channels]),
      [
        ['k/float-wav.wav', 'k', 2],
        ['k/pcm_u8-wav.wav', 'k', undefined],
      ],
    );
    const genes = await read(copied('biology', ['genes.fasta']), { groupBy: 'folder' });
    assert.deepEqual(genes.map((item) => !isSkip(item) && [item.id, item.label, item.group])[0], [
      'k/genes.fasta:one',
      'k',
      'k',
    ]);
    const ucr = await read(copied('ucr', ['numbers.arff.gz']));
    assert.deepEqual(ucr.map((item) => !isSkip(item) && item.id)[0], 'k/numbers.arff.gz:8');
    assert.deepEqual(
      ucr.map((item) => !isSkip(item) && item.label),
      ['up', 'down', 'up'],
    );
  });

  it('has arrays of one sequence each', async () => {
    const root = copied('numpy', ['little-f4.npy']);
    const message = `Cannot import "${join(root, 'k/little-f4.npy')}" as one sequence: its shape (5, 7) may mean 5 channels or 7.`;
    await assert.rejects(read(root), { code: 'USAGE', message });
    const [first] = await read(root, { channels: 'first' });
    assert.deepEqual(first && !isSkip(first) && [first.channels, first.values.length], [5, 35]);
    const [last] = await read(root, { channels: 'last' });
    assert.deepEqual(last && !isSkip(last) && [last.channels, last.values.length], [7, 35]);
    const [flat] = await read(copied('numpy', ['ragged.npz']), { values: 'starts' });
    assert.deepEqual(flat && !isSkip(flat) && Array.from(flat.values).slice(0, 1), [0]);
    await assert.rejects(read(copied('numpy', ['labels.npy'])), {
      code: 'DATA_INVALID',
      message: /labels\.npy": 9007199254740993 is an integer that no double holds/,
    });
  });

  it('refuses an option that means nothing to its files', async () => {
    const cases: [Record<string, string>, Record<string, unknown>, string, string][] = [
      [
        { 'a/1.bin': 'x' },
        { label: 'kind' },
        '--label means nothing to a folder of bytes or text.',
        'Leave it out.',
      ],
      [
        { 'a/1.csv': '1' },
        { kmer: 3 },
        '--kmer means nothing to a folder of CSV files.',
        'Leave it out; there are --values, --timestep-labels, --time, --delimiter, --decimal, --no-header.',
      ],
      [
        { 'a/1.fa': '' },
        { values: 'x' },
        '--values means nothing to a folder of FASTA files.',
        'Leave it out; there are --label-pattern, --alphabet, --kmer, --stride.',
      ],
    ];
    for (const [files, rules, message, advice] of cases) {
      await assert.rejects(read(folderOf(files), rules), { code: 'USAGE', message, advice });
    }
  });

  it('is refused where formats are mixed, or one is not read', async () => {
    const cases: [Record<string, string>, string][] = [
      [{ 'a/1.csv': 'v\n1', 'a/2.wav': '' }, '1 CSV file (a/1.csv), 1 WAV file (a/2.wav)'],
      [{ 'a/1.csv': 'v\n1', 'a/2.bin': 'x' }, '1 CSV file (a/1.csv)'],
      [{ 'a/1.h5': '', 'a/2.h5': '' }, '2 HDF5 files (a/1.h5)'],
      [{ 'a/1': 'PAR1' }, '1 Parquet file (a/1)'],
    ];
    for (const [files, parts] of cases) {
      const root = folderOf(files);
      const message = `Cannot import the files of "${root}" as bytes: among them are ${parts}, whose bytes are not their values.`;
      await assert.rejects(read(root), { code: 'USAGE', message });
      assert.equal((await read(root, { as: 'bytes' })).length, Object.keys(files).length);
    }
  });
});
