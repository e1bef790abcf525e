/** Columns of types that hold no numbers, no text and no lists of them: unused they block nothing, used they are named. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  type Data,
  type DataType,
  Field,
  Int32,
  List,
  Map_,
  makeData,
  Null,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { RawRecord } from '../../../src/data/record.ts';
import { importSource } from '../../../src/importer/import-source.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const { path: folder, release } = temporaryFolder();
after(release);

type Options = Readonly<Record<string, unknown>>;

const file = (name: string, content: Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const read = async (source: string, options: Options = {}) => {
  const items = await collectItems(importSource({ ...DEFAULT_RULES, source, options }).items);
  return (items as RawRecord[]).map(({ label, values }) => ({ label, values: Array.from(values) }));
};
const refuses = async (source: string, options: Options, type: string) =>
  await assert.rejects(read(source, options), {
    code: 'DATA_INVALID',
    message: `Cannot read "${source}": its column "odd" is of the type ${type}, which holds neither numbers nor text nor lists of them.`,
    advice:
      'Name another column; or write what counts of it into columns of their own, such as a list of numbers for each row.',
  });

/** A stream with the column `odd` beside values. */
function stream(name: string, odd: Vector): string {
  const values = vectorFromArray([[1], [2, 3]], new List(new Field('item', new Int32(), true)));
  return file(`${name}.arrow`, tableToIPC(new Table({ values, odd }), 'stream'));
}

describe('a column of another type', () => {
  const all = [
    { label: undefined, values: [1] },
    { label: undefined, values: [2, 3] },
  ];

  it('of Arrow is named where it is used', async () => {
    const struct = new Struct([new Field('x', new Int32(), true)]);
    const map = new Map_(
      new Field(
        'entries',
        new Struct([new Field('key', new Utf8()), new Field('value', new Int32())]),
      ) as never,
    );
    const cases = [
      ['struct', vectorFromArray([{ x: 1 }, { x: 2 }], struct), 'Struct<{x:Int32}>'],
      [
        'structs',
        vectorFromArray([[{ x: 1 }], []], new List(new Field('item', struct))),
        'List<Struct<{x:Int32}>>',
      ],
      [
        'map',
        vectorFromArray([{ a: 1 }, { a: 2 }], map as DataType),
        'Map<{key:Utf8, value:Int32}>',
      ],
    ] as const;
    for (const [name, odd, type] of cases) {
      const source = stream(name, odd as Vector);
      assert.deepEqual(await read(source), all, name);
      for (const options of [{ values: 'odd' }, { label: 'odd' }, { target: 'odd' }]) {
        await refuses(source, options, type);
      }
    }
  });

  it('of Arrow that holds nothing is missing everywhere', async () => {
    const nothing = makeData({ type: new Null(), length: 2 }) as Data;
    assert.deepEqual(await read(stream('null', new Vector([nothing])), { label: 'odd' }), all);
  });

  it('of Parquet is named where it is used', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'v', data: [1, 2] },
        {
          name: 'odd',
          data: [
            { x: 1, y: 'a' },
            { x: 2, y: 'b' },
          ],
        },
        { name: 'fixed', data: [new Uint8Array(4), new Uint8Array(4)] },
      ],
      schema: [
        { name: 'root', num_children: 3 },
        { name: 'v', type: 'DOUBLE', repetition_type: 'REQUIRED' },
        { name: 'odd', num_children: 2, repetition_type: 'REQUIRED' },
        { name: 'x', type: 'INT32', repetition_type: 'REQUIRED' },
        { name: 'y', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        {
          name: 'fixed',
          type: 'FIXED_LEN_BYTE_ARRAY',
          type_length: 4,
          repetition_type: 'REQUIRED',
        },
      ],
    });
    const source = file('struct.parquet', new Uint8Array(bytes));
    const wide = { values: 'v..v' };
    assert.deepEqual(await read(source, wide), [
      { label: undefined, values: [1] },
      { label: undefined, values: [2] },
    ]);
    await refuses(source, { ...wide, label: 'odd' }, 'struct<x, y>');
    await assert.rejects(read(source, { ...wide, label: 'fixed' }), {
      message: /its column "fixed" is of the type fixed_size_binary\[4\], which holds/,
    });
  });

  it('of JSON in Parquet is text: a class keeps its name, a list its numbers', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'odd', type: 'JSON', data: [{ a: 1 }, { a: 2 }] },
        { name: 'list', type: 'JSON', data: [[1, 2.5], [3]] },
        { name: 'text', type: 'STRING', data: ['4 5', '6'] },
        { name: 'bad', type: 'STRING', data: ['4 5', 'x'] },
      ],
    });
    const source = file('json.parquet', new Uint8Array(bytes));
    assert.deepEqual(await read(source, { values: 'list', label: 'odd' }), [
      { label: '{"a":1}', values: [1, 2.5] },
      { label: '{"a":2}', values: [3] },
    ]);
    const [text] = await read(source, { values: 'text' });
    assert.deepEqual(text!.values, [4, 5]);
    await assert.rejects(read(source, { values: 'bad' }), {
      message: `Cannot read "${source}": row 1 (the first is 0): column "bad": "x" is not a number.`,
    });
  });
});
