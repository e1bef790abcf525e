import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { openParquetFile } from '../../../src/data/export/parquet-file.ts';
import type { RawRecord } from '../../../src/data/record.ts';
import { arrowMessages } from '../../../src/formats/columnar/arrow-messages.ts';
import { Moment } from '../../../src/formats/columnar/cell.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { importers } from '../../../src/importer/registry.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { ByteReader } from '../../../src/source/file/byte-reader.ts';
import { readBytes } from '../../../src/source/file/compressed.ts';
import { CLONE } from '../../helper/clone.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);
const FIXTURES = join(CLONE, 'test', 'fixture', 'import');
const fixture = (name: string) => join(FIXTURES, 'columnar', name);

const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const read = async (source: string, options: Readonly<Record<string, unknown>> = {}) =>
  (await collectItems(importSource({ ...DEFAULT_RULES, source, options }).items)) as RawRecord[];
const refuses = async (
  source: string,
  options: Readonly<Record<string, unknown>>,
  message: string | RegExp,
) => await assert.rejects(read(source, options), { code: 'DATA_INVALID', message });

for (const name of ['snappy.parquet', 'none.feather']) {
  const source = fixture(name);
  describe(`the columns of ${name}`, () => {
    it('are named', async () => {
      const message = `Cannot import "${source}": it has no column "flaot" for the values (columns: key, name, kind, fold, float, half, large, fixed, whole, bool, … and 5 more).`;
      await assert.rejects(read(source, { values: 'flaot' }), {
        code: 'DATA_INVALID',
        message,
        advice: 'Name one of its columns with --values. Did you mean "float"?',
      });
    });

    it('have cells of the kind that their role needs', async () => {
      const cases = [
        [{ values: 'aim' }, 'its values are no list'],
        [{ values: 'tags' }, 'values: "x" is not a number', 1],
        [{ values: 'whole', label: 'fixed' }, 'its label is a list'],
        [{ values: 'whole', labels: 'aim' }, 'its labels are no list'],
        [{ values: 'name..kind' }, 'values: "é0" is not a number'],
        [{ values: 'aim..aims' }, 'its column "aims" holds a list, not one value'],
        [
          { values: 'whole', id: 'fold', time: 'key' },
          'its column "whole" holds a list, not one value',
        ],
        [{ values: 'aim', id: 'fold', time: 'each' }, 'its time is a list'],
        [{ values: 'whole', split: 'kind' }, 'split "a" is none of train, validation, test'],
        [{ values: 'whole', target: 'name' }, 'target: "é0" is not a number'],
      ] as const;
      for (const [options, what, row = 0] of cases) {
        await refuses(
          source,
          options,
          `Cannot read "${source}": row ${row} (the first is 0): ${what}.`,
        );
      }
    });

    it('may hold lists of lists, of which the inner ones are said', async () => {
      const message = `Cannot import "${source}": row 0 has 2 lists of 3 values, which may be channels or timesteps.`;
      await assert.rejects(read(source, { values: 'nested' }), { code: 'USAGE', message });
    });

    it('are shown with what the options make of them', async () => {
      const importer = importers.accepting(source);
      const given = importer.options.parse({ values: 'float', id: 'key', group: 'key' });
      const uses = await importer.columns!(source, given);
      assert.deepEqual(
        uses.slice(0, 5).map(({ name, role }) => [name, role]),
        [
          ['key', 'id, group'],
          ['name', undefined],
          ['kind', undefined],
          ['fold', undefined],
          ['float', 'values'],
        ],
      );
    });

    it('may be in long form, a row for each timestep', async () => {
      const rows = await read(source, { values: 'whole', id: 'key', group: 'fold', target: 'aim' });
      const records = await read(source, { values: 'aim', id: 'fold', time: 'key' });
      assert.equal(records.length, new Set(rows.map(({ group }) => group)).size);
      for (const { id, values } of records) {
        const aims = rows.filter(({ group }) => group === id).map(({ targets }) => targets![0]!);
        assert.deepEqual(Array.from(values), aims, id);
      }
      await refuses(
        source,
        { values: 'aim', id: 'fold', time: 'aim', label: 'name' },
        /row 3: the label of "train" is "é3", and "é0" in row 0\.$/,
      );
    });

    it('may lie in an archive', async () => {
      const options = { values: 'float', id: 'key' };
      const packed = file(`${name}.gz`, gzipSync(readFileSync(source)));
      assert.deepEqual(await read(packed, options), await read(source, options));
    });
  });
}

describe('a table in wide form', () => {
  it('is read from Parquet as from CSV', async () => {
    const [kinds, grid] = [
      ['x', 'y', 'x'],
      [
        [1, 2.5, 3],
        [4, 5, null],
        [-1, 0, 7],
      ],
    ];
    const numbers = [0, 1, 2].map((column) => ({
      ...({ name: `t${column}`, type: 'DOUBLE', data: grid.map((row) => row[column]!) } as const),
    }));
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'kind', type: 'STRING', data: kinds },
        ...numbers,
        { name: '__index_level_0__', type: 'INT32', data: [5, 6, 7] },
      ],
    });
    const lines = grid.map((row, i) => [kinds[i], ...row.map((cell) => cell ?? '')].join());
    const table = file('wide.csv', ['kind,t0,t1,t2', ...lines].join('\n'));
    const [parquet, csv] = [file('wide.parquet', new Uint8Array(bytes)), table];
    for (const values of ['t0..t2', 'all-others', 't0..t1,t1..t2']) {
      const fields = (records: readonly RawRecord[]) =>
        records.map((record) => ({ ...record, id: '', values: Array.from(record.values) }));
      const options = { values, label: 'kind' };
      assert.deepEqual(fields(await read(parquet, options)), fields(await read(csv, options)));
    }
  });

  it('has several targets, and a column of 1 and 0 for each class', async () => {
    const column = (name: string, data: number[]) => ({ name, type: 'INT32', data }) as const;
    const bytes = parquetWriteBuffer({
      columnData: [
        column('a', [1, 0]),
        column('b', [1, 1]),
        column('t0', [3, 4]),
        column('t1', [5, 6]),
      ],
    });
    const source = file('targets.parquet', new Uint8Array(bytes));
    const labelled = await read(source, { values: 't0..t1', labels: 'a,b' });
    assert.deepEqual(
      labelled.map(({ labels }) => labels),
      [['a', 'b'], ['b']],
    );
    const [first] = await read(source, { values: 'all-others', target: 'a,b', channels: 2 });
    assert.deepEqual([first!.targets, first!.channels, first!.values.length], [[1, 1], 2, 2]);
  });
});

describe('an absent list', () => {
  it('is no label at all, and an empty one is no class', async () => {
    const source = join(folder, 'absent.parquet');
    const columns = [
      { name: 'v', type: 'integer', depth: 1 },
      { name: 'classes', type: 'text', depth: 1 },
    ] as const;
    const made = openParquetFile(source, columns);
    made.write([
      [[1], [2], [3]],
      [['x'], [], null],
    ]);
    made.finish();
    const found = await read(source, { values: 'v', labels: 'classes' });
    assert.deepEqual(
      found.map(({ labels }) => labels),
      [['x'], [], undefined],
    );
  });
});

describe('a time stamp', () => {
  it('keeps its nanoseconds', () => {
    const text = (nanoseconds: bigint) => new Moment(nanoseconds).toISOString();
    assert.equal(text(1_700_000_000_000_000_001n), '2023-11-14T22:13:20.000000001Z');
    assert.equal(text(-1n), '1969-12-31T23:59:59.999999999Z');
    assert.equal(text(5_000_000n), '1970-01-01T00:00:00.005Z');
  });
});

describe('an Arrow file without the size of its schema, as polars writes it,', () => {
  it('is read', async () => {
    const whole = readFileSync(fixture('none.feather'));
    const bare = Buffer.concat([whole.subarray(0, 8), whole.subarray(16)]);
    const options = { values: 'whole', id: 'key' };
    assert.deepEqual(
      await read(file('bare.arrow', bare), options),
      await read(fixture('none.feather'), options),
    );
    await refuses(file('cut.arrow', bare.subarray(0, 64)), options, /no start mark/);
  });
});

describe('a Parquet file', () => {
  it('is refused where it is none, or damaged', async () => {
    const whole = readFileSync(fixture('zstd.parquet'));
    const kind = 'the Parquet file is damaged or of a kind that is not read';
    const cases = [
      ['text.parquet', 'values\n1 2\n', 'it is no Parquet file.'],
      ['cut.parquet', whole.subarray(0, -3), 'the Parquet file is cut off.'],
      ['wide.parquet', Buffer.concat([whole.subarray(0, 900), whole.subarray(-9)]), kind],
    ] as const;
    for (const [name, content, what] of cases) {
      const source = file(name, content);
      const start = `Cannot read "${source}": ${what}`;
      await assert.rejects(
        read(source, { values: 'float', id: 'key', label: 'kind' }),
        (thrown: Error) => {
          assert.equal(thrown.message.slice(0, start.length), start);
          return true;
        },
      );
    }
  });

  it('with checksums is read as it is or refused, whatever byte is changed', async () => {
    const whole = readFileSync(fixture('zstd.parquet'));
    const options = { values: 'float', id: 'key', label: 'kind', group: 'name', split: 'fold' };
    const right = await read(file('whole.parquet', whole), options);
    let refused = 0;
    for (let at = 4; at < whole.length - 8; at += 211) {
      const source = file('whole.parquet', Buffer.from(whole).fill(whole[at]! ^ 1, at, at + 1));
      const found = await read(source, options).catch((thrown: { code: string }) => thrown.code);
      if (found === 'DATA_INVALID') refused++;
      else assert.deepEqual(found, right, `byte ${at}`);
    }
    assert.ok(refused > 5, `${refused} were refused`);
  });
});

describe('an Arrow file', () => {
  const kind = 'the Arrow file is damaged or of a kind that is not read';

  it('is refused wherever it is cut off', async () => {
    for (const name of ['stream.arrow', 'none.feather']) {
      const whole = readFileSync(fixture(name));
      for (let end = 1; end < whole.length; end += name === 'stream.arrow' ? 40 : 640) {
        const source = file(name, whole.subarray(0, end));
        await assert.rejects(
          read(source, { values: 'whole' }),
          { code: 'DATA_INVALID' },
          `${end} bytes`,
        );
      }
    }
  });

  it('is refused where it is of another kind', async () => {
    const cases = [
      ['a.feather', 'FEA1....', 'it is of version 1 of Feather'],
      ['b.arrow', 'values\n1 2\n', 'a message has no start mark'],
      ['c.arrow', '', 'it is cut off: it has no end mark'],
    ] as const;
    for (const [name, content, what] of cases) {
      const source = file(name, content);
      await refuses(source, {}, `Cannot read "${source}": ${kind} (${what}).`);
    }
  });

  it('has as many record batches as its footer says', async () => {
    const whole = readFileSync(fixture('none.feather'));
    const end = whole.indexOf(Buffer.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0));
    const source = file(
      'early.feather',
      Buffer.concat([whole.subarray(0, 8), whole.subarray(8), whole.subarray(end)]),
    );
    await refuses(
      source,
      { values: 'whole' },
      `Cannot read "${source}": ${kind} (it is cut off: it has no footer).`,
    );
  });
});

describe('a dataset of Hugging Face', () => {
  const copy = (name: string): string => {
    const target = join(folder, name);
    cpSync(join(FIXTURES, 'hugging-face'), target, { recursive: true });
    return target;
  };

  it('may be a repository of Parquet files, whose names begin with their splits', async () => {
    const repository = join(folder, 'repository');
    mkdirSync(join(repository, 'data'), { recursive: true });
    writeFileSync(join(repository, 'README.md'), '---\n---\n');
    const names = ['train-00000-of-00001.parquet', 'valid-00000-of-00001-0a1b.parquet'];
    for (const name of names) cpSync(fixture('gzip.parquet'), join(repository, 'data', name));
    for (const source of [repository, join(repository, 'data')]) {
      const records = await read(source, { values: 'float' });
      const splits = [...new Set(records.map(({ id, split }) => `${id.split(':')[0]} ${split}`))];
      assert.deepEqual(splits, [`${names[0]} train`, `${names[1]} validation`]);
    }
    cpSync(fixture('gzip.parquet'), join(repository, 'data', 'other-00000-of-00001.parquet'));
    await assert.rejects(read(repository, { values: 'float' }), {
      code: 'USAGE',
      message: /its split "other" is none of/,
      advice: /--train '.+\/data\/other-\*'/,
    });
  });

  it('has classes by name', async () => {
    const labels = (await read(copy('names'), { label: 'label', id: 'key' })).map(
      ({ label }) => label,
    );
    assert.deepEqual(labels, [
      'cat',
      'dog',
      undefined,
      'cat',
      'dog',
      undefined,
      'cat',
      'dog',
      undefined,
    ]);
  });

  it('has ids behind the name of the split where no column has them', async () => {
    const [first] = await read(copy('ids'));
    assert.deepEqual([first!.id, first!.split], ['train/data-00000-of-00002.arrow:0', 'train']);
  });

  it('is refused where a split has another name or a file lies elsewhere', async () => {
    const source = copy('splits');
    writeFileSync(join(source, 'dataset_dict.json'), '{"splits": ["train", "unsupervised"]}');
    await assert.rejects(read(source), {
      code: 'USAGE',
      message: `Cannot import "${source}": its split "unsupervised" is none of train, validation, test.`,
    });
    const state = join(folder, 'elsewhere', 'state.json');
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(state, '{"_data_files": [{"filename": "../secret.arrow"}]}');
    await refuses(
      join(folder, 'elsewhere'),
      {},
      `Cannot read "${state}": it names the file "../secret.arrow", which lies elsewhere.`,
    );
  });
});

describe('an Arrow file', () => {
  /** How often the messages ask for dictionaries that stand behind the batches: a compressed file is unpacked for them. */
  async function asked(name: string): Promise<number> {
    let count = 0;
    const messages = arrowMessages(new ByteReader(readBytes(fixture(name))), async () => {
      count++;
      return [];
    });
    for await (const _ of messages);
    return count;
  }

  it('without dictionaries is read once, from front to back', async () => {
    assert.equal(await asked('blocks.feather'), 0);
    assert.equal(await asked('none.feather'), 0);
    assert.equal(await asked('polars.arrow'), 1);
  });

  it('of JavaScript, whose schema stands in its footer alone, is refused with what to write', async () => {
    const table = new Table({ values: vectorFromArray([1, 2]) });
    await refuses(
      file('footer.arrow', tableToIPC(table, 'file')),
      {},
      /it does not begin with its schema; .* tableToIPC\(table, 'stream'\)/,
    );
  });
});
