import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import type { ImportItem, RawRecord } from '../../../src/data/record.ts';
import { importCsv } from '../../../src/formats/csv/import-csv.ts';
import { importJsonl } from '../../../src/formats/json/import-json.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

function file(name: string, lines: readonly string[]): string {
  const path = join(folder.path, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

async function collect(items: AsyncIterable<ImportItem>) {
  const all = (await collectItems(items)) as RawRecord[];
  return all.map((record) => ({ ...record, values: Array.from(record.values) }));
}

async function fails(records: AsyncIterable<ImportItem>, code: string, message: string) {
  await assert.rejects(collect(records), (error) => {
    assert(error instanceof LockstepError);
    assert.deepEqual([error.code, error.message], [code, message]);
    return true;
  });
}

const COLUMNS = { id: 'name', label: 'class', group: 'patient', split: 'part', values: 'signal' };

describe('CSV', () => {
  it('gives rows with values as a JSON array or separated within the cell', async () => {
    const path = file('good.csv', [
      '\uFEFFname,class,patient,part,signal',
      'a,x,p1,train,"[1, 2.5, -3e2]"',
      'b,,p2,,4 5 6',
      '',
    ]);
    assert.deepEqual(await collect(importCsv({ path, columns: COLUMNS })), [
      { id: 'a', label: 'x', group: 'p1', split: 'train', values: [1, 2.5, -300] },
      { id: 'b', label: undefined, group: 'p2', split: undefined, values: [4, 5, 6] },
    ]);
  });

  it('names rows by file and line where there is no id column', async () => {
    const path = file('nameless.csv', ['v;w', '1;2', '3;4']);
    const records = await collect(importCsv({ path, delimiter: ';', columns: { values: 'v' } }));
    assert.deepEqual(
      records.map(({ id }) => id),
      ['nameless.csv:2', 'nameless.csv:3'],
    );
  });

  it('names the columns when one is unknown', async () => {
    const path = file('column.csv', ['id,label,values', 'a,x,1']);
    const columns = { values: 'values', label: 'lable' };
    const message = `Cannot import "${path}": it has no column "lable" for the label (columns: id, label, values).`;
    await assert.rejects(collect(importCsv({ path, columns })), (error) => {
      assert(error instanceof LockstepError);
      assert.equal(error.message, message);
      assert.equal(error.advice, 'Name one of its columns. Did you mean "label"?');
      return true;
    });
  });

  it('lists few of many columns', async () => {
    const names = Array.from({ length: 30_000 }, (_, i) => `t${i}`);
    const path = file('wide.csv', [`id,${names}`]);
    const message = `Cannot import "${path}": it has no column "values" for the values (columns: id, t0, t1, t2, t3, t4, t5, t6, t7, t8, … and 29991 more).`;
    await fails(importCsv({ path, columns: { values: 'values' } }), 'DATA_INVALID', message);
  });

  it('has a header without the spaces around its names', async () => {
    const path = file('spaces.csv', ['id , v', 'a,1']);
    const [record] = await collect(importCsv({ path, columns: { id: 'id', values: 'v' } }));
    assert.equal(record?.id, 'a');
  });

  it('says what to do about quotes between spaces, row names and a comma in a number', async () => {
    const cases: [string, string[], RegExp][] = [
      ['spaces', ['"id" "v"', '"a" 1'], /write\.table\(quote = FALSE\)/],
      ['spaces', ['id v', '1 a 1'], /row\.names = FALSE/],
      [',', ['id,v', 'a,1,'], /a separator at the end of a line/],
      [',', ['"id" "v"', '"a" 1'], /say with --delimiter/],
      [',', ['id,v,w', 'a,"1,234",2'], /separate thousands, write/],
    ];
    for (const [delimiter, lines, advice] of cases) {
      const path = file('advice.csv', lines);
      const columns = { id: 'id', values: lines[0] === 'id,v,w' ? 'v..w' : 'v' };
      await assert.rejects(collect(importCsv({ path, columns, delimiter })), { advice });
    }
  });

  it('says in which line the header stands, below titles', async () => {
    const titles = [
      ['Report of station 7', ''],
      ['"Report, 7",,', ',,'],
      ['# a', '# b'],
    ];
    for (const lines of titles) {
      const path = file('title.csv', [...lines, 'id,t0,t1', 'a,1,2']);
      const records = collect(importCsv({ path, columns: { id: 'id', values: 't0..t1' } }));
      await assert.rejects(records, {
        code: 'DATA_INVALID',
        message: /it has no column "id"/,
        advice: 'Line 3 names it: if that is the header, remove lines 1 to 2.',
      });
    }
  });

  it('has no last row of sums', async () => {
    const columns = { id: 'id', values: 't0..t1' };
    for (const name of ['Total', 'Grand total', 'Mittelwert', 'Mean:']) {
      const path = file('sums.csv', ['id,t0,t1', 'a,1,2', 'b,3,4', `${name},4,6`]);
      const message = `Cannot read "${path}", line 4: the last row is called "${name}", as one of sums is.`;
      await fails(importCsv({ path, columns }), 'DATA_INVALID', message);
    }
    const path = file('no-sums.csv', ['id,t0,t1', 'total,1,2', 'b,3,4']);
    assert.equal((await collect(importCsv({ path, columns }))).length, 2);
  });

  it('says when the header has other separators, is none, or repeats a column', async () => {
    const cases: [string, RegExp][] = [
      ['id;label;values', /looks separated by semicolons: say --delimiter ';'\.$/],
      ['id\tlabel\tvalues', /looks separated by tabs: say --delimiter '\\t'\.$/],
      ['a|b|c', /looks separated by bars/],
      ['1,0.5,0.7,-1', /looks like data.+ --no-header --label 1 --values 2\.\.$/],
      ['# made by a logger', /looks like a comment: remove such lines\.$/],
      ['id,value', /^Name one of its columns\. Did you mean "value"\?$/],
    ];
    for (const [header, advice] of cases) {
      const path = file('header.csv', [header, '']);
      const records = collect(importCsv({ path, columns: { values: 'values' } }));
      await assert.rejects(records, { code: 'DATA_INVALID', advice });
    }
    const path = file('twice.csv', ['v,v', '1,2']);
    const message = `Cannot import "${path}": it has 2 columns "v".`;
    await fails(importCsv({ path, columns: { values: 'v' } }), 'DATA_INVALID', message);
  });

  it('has cells between tabs in a .tsv file, or where asked', async () => {
    const lines = ['name\tv', 'a\t1,2'];
    const columns = { id: 'name', values: 'v' };
    const expected = [{ id: 'a', values: [1, 2] }];
    for (const [name, delimiter] of [['A.TSV'], ['a.csv', '\\t'], ['a.txt', '\t']] as const) {
      const records = await collect(importCsv({ path: file(name, lines), columns, delimiter }));
      assert.deepEqual(
        records.map(({ id, values }) => ({ id, values })),
        expected,
      );
    }
  });

  it('may begin with the line by which Excel knows the separator', async () => {
    for (const line of ['sep=;', '"sep=;"']) {
      const path = file('excel.csv', [line, 'values;label', '1 2;x']);
      const columns = { values: 'values', label: 'label' };
      const [record] = (await collect(importCsv({ path, columns }))) as RawRecord[];
      assert.deepEqual([record!.label, ...Array.from(record!.values)], ['x', 1, 2]);
      assert.equal(record!.id, 'excel.csv:3');
    }
  });

  it('names the line of a row that cannot be read', async () => {
    const cells = file('cells.csv', ['values,label', '1,x', '1,x,more']);
    const columns = { values: 'values' };
    await fails(
      importCsv({ path: cells, columns }),
      'DATA_INVALID',
      `Cannot read "${cells}", line 3: it has 3 cells, and the first line has 2.`,
    );
    const split = file('split.csv', ['values,part', '1,other']);
    await fails(
      importCsv({ path: split, columns: { values: 'values', split: 'part' } }),
      'DATA_INVALID',
      `Cannot read "${split}", line 2: split "other" is none of train, validation, test.`,
    );
  });

  it('skips a record that holds text in place of a number, and says where', async () => {
    const path = file('number.csv', ['v,id', '1 2,a', '1 0x10 3,b', '4 Infinity,c']);
    const items = await collectItems(importCsv({ path, columns: { id: 'id', values: 'v' } }));
    assert.deepEqual(items[1], {
      id: 'b',
      skipped: 'not-a-number',
      detail: 'line 3, column "v": "0x10" is not a number',
      advice: 'Write it in decimal.',
    });
    assert.deepEqual(
      items.map(({ id }) => id),
      ['a', 'b', 'c'],
    );
  });

  it('names line and column of a cell with two kinds of separators, and the option for decimal commas', async () => {
    const path = file('comma.csv', ['id;v', 'a;0,0685 0,4121']);
    const options = { path, delimiter: ';', columns: { values: 'v' } };
    await assert.rejects(collect(importCsv(options)), {
      code: 'DATA_INVALID',
      message: `Cannot read "${path}", line 2: column "v": two kinds of separators in one cell ("0,0685 0,4121").`,
      advice: /If the comma is a decimal mark, add --decimal , to the command\.$/,
    });
    const [record] = await collect(importCsv({ ...options, decimal: ',' }));
    assert.deepEqual(record!.values, [0.0685, 0.4121]);
  });

  it('says when there is no such file', async () => {
    const path = join(folder.path, 'absent.csv');
    const message = `Cannot import from "${path}": there is no such file.`;
    await fails(importCsv({ path, columns: { values: 'v' } }), 'DATA_NOT_FOUND', message);
  });
});

describe('JSONL', () => {
  it('gives one record a line; labels may be numbers or null', async () => {
    const path = file('good.jsonl', [
      '{"name": "a", "class": 3, "patient": "p", "part": "test", "signal": [1, 2]}',
      '',
      '{"name": "b", "class": null, "signal": [0.5, null]}',
    ]);
    assert.deepEqual(await collect(importJsonl({ path, columns: COLUMNS })), [
      { id: 'a', label: '3', group: 'p', split: 'test', values: [1, 2] },
      { id: 'b', label: undefined, group: undefined, split: undefined, values: [0.5, Number.NaN] },
    ]);
  });

  it('names the line that cannot be read', async () => {
    const columns = { values: 'v' };
    const cases: [string, string][] = [
      ['"x"', 'it is neither a JSON object nor a list of values'],
      ['{"w": [1]}', 'it has no field "v" (fields: w)'],
      ['{"v": "1 2"}', 'field "v" is not an array'],
    ];
    for (const [text, what] of cases) {
      const path = file('bad.jsonl', ['{"v": [1]}', text]);
      const message = `Cannot read "${path}", line 2: ${what}.`;
      await fails(importJsonl({ path, columns }), 'DATA_INVALID', message);
    }
  });

  it('skips a record that holds text in place of a number, or channels of different lengths', async () => {
    const path = file('skipped.jsonl', [
      '{"id": "text", "v": [1, "2"]}',
      '{"id": "uneven", "v": [[2], [3, 4]]}',
      '{"id": "deep", "v": [[1, [2]]]}',
    ]);
    const items = await collectItems(importJsonl({ path, columns: { id: 'id', values: 'v' } }));
    assert.deepEqual(items, [
      {
        id: 'text',
        skipped: 'not-a-number',
        detail: 'line 1, field "v": "2" at 1 is not a number',
        advice: 'Write the number without quotes.',
      },
      { id: 'uneven', skipped: 'uneven-channels' },
      {
        id: 'deep',
        skipped: 'not-a-number',
        detail: 'line 3, field "v": [2] at 1 is not a number',
      },
    ]);
  });

  it('refuses a record that has one of its fields twice, and half of a character', async () => {
    const columns = { id: 'id', label: 'kind', values: 'v' };
    const cases = [
      ['{"id": "a", "v": [1], "kind": "x", "kind": "y"}', 'it has two fields "kind"'],
      ['{"id": "a", "v": [1], "v": [[2], [3]]}', 'it has two fields "v"'],
      [
        '{"id": "a", "v": [1], "kind": "\\ud800"}',
        'field "kind" has half of a character, as "\\ud800" is',
      ],
    ] as const;
    for (const [text, what] of cases) {
      const path = file('twice.jsonl', ['{"id": "b", "v": [1]}', text]);
      await fails(
        importJsonl({ path, columns }),
        'DATA_INVALID',
        `Cannot read "${path}", line 2: ${what}.`,
      );
    }
    const others =
      '{"id": "kind", "v": [1], "deep": {"kind": 1, "v": 2}, "w": 1, "w": 2, "kind": "\\"kind\\":"}';
    const [record] = await collect(importJsonl({ path: file('once.jsonl', [others]), columns }));
    assert.deepEqual([record?.id, record?.label], ['kind', '"kind":']);
  });

  it('says where a line is no JSON', async () => {
    const path = file('no-json.jsonl', ['{"v": [1]}', '{"v": [1']);
    const message = /no-json\.jsonl", line 2: it is not JSON \(.+\)\.$/;
    await assert.rejects(collect(importJsonl({ path, columns: { values: 'v' } })), { message });
  });

  it('reads what Python and others write for missing values', async () => {
    const path = file('missing.jsonl', [
      '{"name": "NaN \\" NaN", "class": NaN, "signal": [1, NaN, -Infinity, Infinity]}',
      '{"name": "words", "signal": [None, "NaN", "", null]}',
      '{"name": "none", "signal": null}',
    ]);
    const records = await collect(importJsonl({ path, columns: { id: 'name', values: 'signal' } }));
    assert.deepEqual(
      records.map(({ id, values }) => [id, values]),
      [
        ['NaN " NaN', [1, Number.NaN, -Infinity, Infinity]],
        ['words', [Number.NaN, Number.NaN, Number.NaN, Number.NaN]],
        ['none', []],
      ],
    );
  });

  it('keeps ids, labels and groups that are numbers digit by digit', async () => {
    const path = file('digits.jsonl', [
      '{"signal": [1], "name": 1234567890123456789, "class": 1.0, "patient": 9007199254740993}',
      '{"deep": {"name": 7, "l": [{"name": 8}]}, "name": -12345678901234567890, "s": "\\"name\\": 5", "signal": [2]}',
    ]);
    const rows = await collect(importJsonl({ path, columns: { ...COLUMNS, split: undefined } }));
    assert.deepEqual(
      rows.map(({ id, label, group }) => [id, label, group]),
      [
        ['1234567890123456789', '1.0', '9007199254740993'],
        ['-12345678901234567890', undefined, undefined],
      ],
    );
  });

  it('names a field that no line has, and the nearest that there is', async () => {
    const path = file('field.jsonl', ['{"lable": "x", "v": [1]}', '{"id": 1, "v": [2]}']);
    await assert.rejects(collect(importJsonl({ path, columns: { values: 'v', label: 'label' } })), {
      code: 'DATA_INVALID',
      message: `Cannot import "${path}": it has no field "label" for the label (fields: lable, v, id).`,
      advice: 'Name one of its fields. Did you mean "lable"?',
    });
    const columns = { values: 'v', label: 'lable', id: 'id' };
    assert.equal((await collect(importJsonl({ path, columns }))).length, 2);
    const empty = file('empty.jsonl', ['']);
    assert.deepEqual(await collect(importJsonl({ path: empty, columns })), []);
  });

  it('takes no property that every object has for a field', async () => {
    const path = file('own.jsonl', ['{"constructor": "x", "v": [1]}', '{"v": [2]}']);
    const columns = { values: 'v', label: 'constructor' };
    const rows = await collect(importJsonl({ path, columns }));
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['x', undefined],
    );
  });

  it('says when there is no such file', async () => {
    const path = join(folder.path, 'absent.jsonl');
    const message = `Cannot import from "${path}": there is no such file.`;
    await fails(importJsonl({ path, columns: { values: 'v' } }), 'DATA_NOT_FOUND', message);
  });
});
