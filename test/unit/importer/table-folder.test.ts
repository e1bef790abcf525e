/** Tables in many files, as Spark, Dask, Hive and pyarrow leave them in a folder. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { ImportItem, RawRecord } from '../../../src/data/record.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES, type SourceOptions } from '../../../src/importer/source-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: root, release } = temporaryFolder();
after(release);

function folder(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [file, content] of Object.entries(files)) {
    const path = join(root, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return join(root, name);
}

const read = async (source: string, rules: Partial<SourceOptions> = {}): Promise<ImportItem[]> =>
  await collectItems(importSource({ ...DEFAULT_RULES, source, ...rules }).items);
const shown = (items: readonly ImportItem[]) =>
  (items as RawRecord[]).map(({ id, label, split, group, values }) => {
    const facts = { id, label, split, group };
    return { ...facts, values: Array.from(values) };
  });
/** A Parquet file with ids and two columns of values. */
const parquet = (ids: string[], first: number): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', type: 'STRING', data: ids },
        { name: 't0', type: 'DOUBLE', data: ids.map((_, i) => first + i) },
        { name: 't1', type: 'DOUBLE', data: ids.map((_, i) => first - i) },
      ],
    }),
  );
const WIDE = { id: 'id', values: 't0..t1' };
const plain = { label: undefined, split: undefined, group: undefined };

describe('a folder of the parts of one table', () => {
  it('of Spark is one table: its marks and checksums are no data', async () => {
    const source = folder('spark.parquet', {
      'part-00000-c000.snappy.parquet': parquet(['a', 'b'], 1),
      'part-00001-c000.snappy.parquet': parquet(['c'], 5),
      '.part-00000-c000.snappy.parquet.crc': 'crc',
      _SUCCESS: '',
      '._SUCCESS.crc': 'crc',
    });
    assert.deepEqual(shown(await read(source, WIDE)), [
      { id: 'a', ...plain, values: [1, 1] },
      { id: 'b', ...plain, values: [2, 0] },
      { id: 'c', ...plain, values: [5, 5] },
    ]);
    const [, , last] = shown(await read(source, { values: 't0..t1' }));
    assert.equal(last!.id, 'part-00001-c000.snappy.parquet:0');
  });

  it('of Dask and pyarrow is one table, whatever lies in _metadata', async () => {
    const source = folder('dask', {
      _metadata: 'PAR1',
      _common_metadata: 'PAR1',
      'f0-0.parquet': parquet(['a'], 1),
    });
    assert.deepEqual(
      shown(await read(source, WIDE)).map(({ id }) => id),
      ['a'],
    );
  });

  it('is of CSV or JSON where its parts are', async () => {
    const csv = folder('parts', {
      'part-00000.csv': 'id,values\na,1 2\n',
      'part-00001.csv': '',
      'part-00002.csv': 'id,values\nb,3 4\n',
    });
    const json = folder('table.json', {
      'part-00000': '',
      'part-00001.json': '{"id":"a","values":[1,2]}\n{"id":"b","values":[3,4]}\n',
    });
    const expected = [
      { id: 'a', ...plain, values: [1, 2] },
      { id: 'b', ...plain, values: [3, 4] },
    ];
    assert.deepEqual(shown(await read(csv, { id: 'id' })), expected);
    await assert.rejects(async () => await read(json, { id: 'id' }), {
      code: 'USAGE',
      message: /part-00000": no importer takes it/,
    });
  });

  it('has columns in the names of its folders: a class, a split, a group, an id', async () => {
    const source = folder('hive', {
      'split=test/label=b%2Fc/year=1/x-0.parquet': parquet(['a'], 1),
      'split=train/label=__HIVE_DEFAULT_PARTITION__/year=2/x-0.parquet': parquet(['b'], 2),
    });
    const expected = [
      { id: 'a', label: 'b/c', split: 'test', group: undefined, values: [1, 1] },
      { id: 'b', label: undefined, split: 'train', group: undefined, values: [2, 2] },
    ];
    assert.deepEqual(shown(await read(source, WIDE)), expected);
    assert.deepEqual(shown(await read(source, { ...WIDE, label: 'label' })), expected);
    const years = shown(await read(source, { ...WIDE, label: 'year', group: 'year' }));
    assert.deepEqual(
      years.map(({ label, group }) => [label, group]),
      [
        ['1', '1'],
        ['2', '2'],
      ],
    );
    const ids = shown(await read(source, { id: 'year', values: 't0..t1' }));
    assert.deepEqual(
      ids.map(({ id }) => id),
      ['1', '2'],
    );
  });

  it('whose log says which files count is refused', async () => {
    const part = { 'part-00000.parquet': parquet(['a'], 1) };
    const tables = [
      ['Delta Lake', folder('delta', { ...part, '_delta_log/0.json': '{}' })],
      ['Hudi', folder('hudi', { ...part, '.hoodie/hoodie.properties': '' })],
      ['Iceberg', folder('iceberg', { 'metadata/v1.metadata.json': '{}' })],
    ] as const;
    for (const [name, source] of tables) {
      await assert.rejects(async () => await read(source, WIDE), {
        code: 'DATA_INVALID',
        message: `Cannot import "${source}": it is a table of ${name}, of whose files not all count.`,
      });
    }
  });

  it('without any part is refused', async () => {
    const source = folder('empty.parquet', { _SUCCESS: '' });
    await assert.rejects(async () => await read(source), {
      code: 'DATA_INVALID',
      message: `Cannot import "${source}": it holds no files.`,
    });
  });
});

describe('a folder that is no table', () => {
  it('may be called as a file is', async () => {
    const source = folder('sounds.wav', { 'a/1.csv': '1\n2\n', 'b/2.csv': '3\n4\n' });
    assert.deepEqual(
      shown(await read(source)).map(({ label, values }) => [label, values]),
      [
        ['a', [1, 2]],
        ['b', [3, 4]],
      ],
    );
  });

  it('has no class of a split', async () => {
    const source = folder('samples', {
      'split=test/kind=a/1.csv': '1\n2\n',
      'split=train/kind=b/2.csv': '3\n4\n',
    });
    assert.deepEqual(
      shown(await read(source)).map(({ label, split }) => [label, split]),
      [
        ['a', 'test'],
        ['b', 'train'],
      ],
    );
  });

  it('is refused where its files hold their values in a format that is not read', async () => {
    for (const name of ['x.edf', 'x.tfrecord', 'x.png', 'x.pkl', 'x.orc']) {
      const source = folder(`of-${name}`, { [`a/${name}`]: 'bytes', [`b/${name}`]: 'bytes' });
      await assert.rejects(read(source), { code: 'USAGE', message: /whose bytes are not their/ });
    }
  });

  it('is refused where one of its folders may not be read: its files would be missing without a word', () => {
    const source = folder('closed.parquet', {
      'a/part-0.parquet': parquet(['p'], 1),
      'b/part-0.parquet': parquet(['q'], 2),
    });
    chmodSync(root, 0o755);
    chmodSync(join(source, 'b'), 0);
    const isRoot = process.geteuid!() === 0;
    // Root sees through permissions.
    if (isRoot) process.seteuid!(65_534);
    try {
      assert.throws(() => importSource({ ...DEFAULT_RULES, source }), {
        code: 'DATA_INVALID',
        message: `Cannot import from "${join(source, 'b')}": the folder cannot be read (EACCES).`,
      });
    } finally {
      if (isRoot) process.seteuid!(0);
      chmodSync(join(source, 'b'), 0o700);
    }
  });

  it('is refused for a part that cannot be opened: a link to nothing, or a name that is no UTF-8', async () => {
    const linked = folder('linked.parquet', { 'part-0.parquet': parquet(['p'], 1) });
    symlinkSync('/nowhere', join(linked, 'part-1.parquet'));
    await assert.rejects(read(linked), {
      code: 'DATA_INVALID',
      message: /part-1\.parquet": it is a link to nothing/,
    });
    const named = folder('named.parquet', { 'part-0.parquet': parquet(['p'], 1) });
    writeFileSync(Buffer.concat([Buffer.from(`${named}/part-1`), Buffer.from([0xe9])]), 'x');
    await assert.rejects(read(named), {
      code: 'DATA_INVALID',
      message: /part-1\uFFFD": its name is not UTF-8/,
    });
  });
});
