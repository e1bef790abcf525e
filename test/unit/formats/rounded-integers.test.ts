/** Integers beyond 2^53 among values: as doubles, two different ones become equal. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Field, Int64, List, Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { isRoundedInteger } from '../../../src/core/exact-integer.ts';
import type { RawRecord } from '../../../src/data/record.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);

type Options = Readonly<Record<string, unknown>>;

const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const read = async (source: string, options: Options = {}) => {
  const items = await collectItems(importSource({ ...DEFAULT_RULES, source, options }).items);
  return (items as RawRecord[]).map(({ values }) => Array.from(values));
};
const WORDS =
  'is an integer that no double holds: it would become 9007199254740992. If it is an id,';
const refuses = async (source: string, options: Options, where: string) =>
  await assert.rejects(read(source, options), ({ code, message, advice }) => {
    assert.equal(code, 'DATA_INVALID');
    const sign = where.includes('-9') ? '' : '9007199254740993 ';
    assert.ok(`${message} ${advice}`.includes(`${where}${sign}`), message);
    assert.ok(`${message} ${advice}`.replace(/-(?=9)/g, '').includes(WORDS), message);
    return true;
  });

const npy = (descr: string, items: Uint8Array): Buffer => {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (1, ${items.length / 8}), }\n`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\0\0${text}`, 'latin1');
  start.writeUInt16LE(text.length, 8);
  return Buffer.concat([start, items]);
};

describe('an integer that no double holds is refused among values', () => {
  it('of CSV, in a cell, a list, a column a timestep and in long form', async () => {
    const lists = ['1 9007199254740993', '[9007199254740993, 1]', '1,2,-9007199254740993'];
    for (const list of lists) {
      const where = `line 2: column "values": ${list.includes('-') ? '-9' : ''}`;
      await refuses(file('cell.csv', `values\n"${list}"\n`), {}, where);
    }
    const long = Array.from({ length: 40 }, (_, i) => i).join(' ');
    const source = file('long-list.csv', `values\n${long} 9007199254740993\n`);
    await refuses(source, {}, 'line 2: column "values": ');
    const wide = file('wide.csv', 'a,b\n1,2\n3,9007199254740993\n');
    await refuses(wide, { values: 'a..b' }, 'line 3: column "b": ');
    const steps = file('steps.csv', 'id,t,v\na,0,1\na,1,9007199254740993\n');
    await refuses(steps, { id: 'id', time: 't', values: 'v' }, 'line 3: column "v": ');
  });

  it('of JSON, whose parser rounds without a word', async () => {
    for (const list of ['[1, 9007199254740993]', '[[9007199254740993]]']) {
      const source = file('list.jsonl', `{"id": "9007199254740993", "values": ${list}}\n`);
      await refuses(source, {}, 'line 1: field "values": ');
    }
    const target = file('target.json', '[{"values": [1], "y": 9007199254740993}]');
    await refuses(target, { target: 'y' }, 'line 1: field "y": ');
    const names = file('names.jsonl', '{"values": [1], "of": [9007199254740993]}\n');
    await refuses(names, { labels: 'of' }, 'line 1: field "of": ');
    const steps = file('steps.jsonl', '{"id": 1, "t": 0, "v": 9007199254740993}\n');
    await refuses(steps, { id: 'id', time: 't', values: 'v' }, 'line 1: field "v": ');
  });

  it('of NumPy, in both types of 64 bits', async () => {
    const signed = new Uint8Array(BigInt64Array.of(1n, -9007199254740993n).buffer);
    const unsigned = new Uint8Array(BigUint64Array.of(9007199254740993n).buffer);
    await refuses(file('i8.npy', npy('<i8', signed)), {}, 'i8.npy": -9');
    await refuses(file('u8.npy', npy('<u8', unsigned)), {}, 'u8.npy": ');
  });

  it('of Parquet and Arrow, in a list and in a column a timestep', async () => {
    const data = [1n, 9007199254740993n];
    const wide = parquetWriteBuffer({
      columnData: [
        { name: 'a', type: 'INT64', data },
        { name: 'b', type: 'INT64', data: [1n, 2n] },
      ],
    });
    const where = 'row 1 (the first is 0): values: ';
    await refuses(file('wide.parquet', new Uint8Array(wide)), { values: 'a..b' }, where);
    const lists = vectorFromArray([[1n], data], new List(new Field('item', new Int64(), true)));
    const table = new Table({ values: lists });
    await refuses(file('list.arrow', tableToIPC(table, 'stream')), {}, where);
  });

  it('of UCR and UEA archives', async () => {
    const ts = '@univariate true\n@classLabel true a\n@data\n1,9007199254740993:a\n';
    await refuses(file('x.ts', ts), {}, 'line 4: ');
    const arff = '@relation r\n@attribute t numeric\n@data\n9007199254740993\n';
    await refuses(file('x.arff', arff), {}, 'line 4: ');
  });
});

describe('a large number that a double holds is read', () => {
  it('from text and from integers of 64 bits', async () => {
    const numbers = [2 ** 53, -(2 ** 60), 1.5e20, 1.2345678e19];
    const texts = [9007199254740992n, -1152921504606846976n, '1.5e20', '12345678000000000000'];
    assert.deepEqual(await read(file('large.csv', `values\n${texts.join(' ')}\n`)), [numbers]);
    assert.deepEqual(await read(file('large.jsonl', `{"values": [${texts}]}\n`)), [numbers]);
    const items = new Uint8Array(BigInt64Array.of(2n ** 53n, -(2n ** 60n)).buffer);
    assert.deepEqual(await read(file('large.npy', npy('<i8', items))), [numbers.slice(0, 2)]);
  });

  it('as is an id, digit by digit', async () => {
    const source = file('id.csv', 'id,values\n9007199254740993,1 2\n');
    assert.deepEqual(await read(source, { id: 'id' }), [[1, 2]]);
  });
});

describe('isRoundedInteger', () => {
  it('compares all digits', () => {
    const cases = [
      ['9007199254740993', true],
      ['-9007199254740993.00', true],
      ['+9007199254740992', false],
      ['00000000000000000001', false],
      ['100000000000000000000000', true],
      ['12345678000000000001', true],
      ['9007199254740993.5', false],
      ['9'.repeat(400), false],
      ['9007199254740993e1', false],
    ] as const;
    for (const [text, expected] of cases) assert.equal(isRoundedInteger(text), expected, text);
  });
});
