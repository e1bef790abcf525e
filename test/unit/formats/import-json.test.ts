import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { RawRecord } from '../../../src/data/record.ts';
import { importJson, importJsonl } from '../../../src/formats/json/import-json.ts';
import type { TableColumns } from '../../../src/source/table/table-columns.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

let made = 0;
function read(
  text: string,
  columns: Partial<TableColumns> = {},
  ending: 'json' | 'jsonl' = 'json',
) {
  const path = join(folder.path, `${made++}.${ending}`);
  writeFileSync(path, text);
  const options = { path, columns: { values: 'v', ...columns } };
  return collectItems(ending === 'json' ? importJson(options) : importJsonl(options));
}

async function records(...given: Parameters<typeof read>) {
  const found = (await read(...given)) as RawRecord[];
  return found.map(({ id, channels = 1, values }) => [id, channels, ...Array.from(values)]);
}

const refused = (message: RegExp) => ({ code: 'DATA_INVALID', message });

describe('a JSON file', () => {
  it('is an array of objects, whatever its line ends and its strings hold', async () => {
    const text =
      '[\n {"id": "a ] , \\" [ {", "v": [1,\n 2]} ,\n\n{"id":12345678901234567890,"v":[3]}\n]\n';
    const expected = [
      ['a ] , " [ {', 1, 1, 2],
      ['12345678901234567890', 1, 3],
    ];
    assert.deepEqual(await records(text, { id: 'id' }), expected);
    assert.deepEqual(
      await records(text.replace('[\n', '[').replace(/\n\]/, ']'), { id: 'id' }),
      expected,
    );
  });

  it('is an array of lists of values, by their numbers', async () => {
    const found = await records('[[1, 2, null],[3]\n\n,[]]');
    assert.deepEqual(
      found.map(([, ...rest]) => rest),
      [[1, 1, 2, Number.NaN], [1, 3], [1]],
    );
    assert.deepEqual(
      found.map(([id]) => String(id).split(':')[1]),
      ['1', '2', '3'],
    );
  });

  it('of other forms is refused with the form to write', async () => {
    const byColumns = '{"id": {"0": "a", "1": "b"}, "v": {"0": [1], "1": [2]}}';
    const nested = '{"count": 2, "results": [{"v": [1]}, {"v": [2]}]}';
    await assert.rejects(read(byColumns, { id: 'id' }), {
      message: /line 1: this object is a whole table, as pandas writes it by default\.$/,
      advice: /table\.to_json\(FILE, orient="records"\)/,
    });
    await assert.rejects(read(nested), {
      message: /line 1: it has no field "v" \(fields: count, results\)\.$/,
      advice: /Its field "results" holds objects\..* jq '\.results'/,
    });
  });

  it('or holds objects one behind the other, on any number of lines', async () => {
    const found = await records('{"v":\n[1]}{"v":[2]}\n\n{"v":[3]}');
    assert.deepEqual(
      found.map(([, , value]) => value),
      [1, 2, 3],
    );
  });

  it('is read in chunks', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ id: `é${i}`, v: Array(100).fill(i) }));
    const found = (await read(JSON.stringify(rows), { id: 'id' })) as RawRecord[];
    assert.deepEqual(
      found.map(({ id }) => id),
      rows.map(({ id }) => id),
    );
    assert.equal(found[2999]!.values[99], 2999);
  });

  it('is refused when it is cut off, has a gap, or goes on behind its array', async () => {
    const cases: [string, RegExp][] = [
      ['[{"v":[1]}', /line 1: the file ends within its JSON\.$/],
      ['[{"v":[1]},\n{"v":[2', /line 2: the file ends within its JSON\.$/],
      ['[[1],\n,[2]]', /line 2: a record is missing beside a comma\.$/],
      ['[[1],]', /a record is missing beside a comma\.$/],
      ['[[1]]\n[2]', /line 2: something follows the end of its JSON array\.$/],
      ['[[1],\n 5]', /line 2: it is neither a JSON object nor a list of values\.$/],
      ['[{"v":[1]},{"v":[1,]}]', /it is not JSON/],
      ['{"data":[[1]]}', /line 1: it has no field "v" \(fields: data\)\.$/],
    ];
    for (const [text, message] of cases) await assert.rejects(read(text), refused(message), text);
  });

  it('without records has none', async () => {
    assert.deepEqual(await read('[]'), []);
    assert.deepEqual(await read(''), []);
  });
});

describe('the values of a JSON record', () => {
  it('are none where they are nested deeper than anything could walk through', async () => {
    const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`;
    for (const ending of ['json', 'jsonl'] as const) {
      const [item] = await read(`{"id": "a", "v": ${deep}}`, { id: 'id' }, ending);
      assert.deepEqual(item, {
        id: 'a',
        skipped: 'not-a-number',
        detail: 'line 1, field "v": a list at 0 is not a number',
      });
    }
  });

  it('are a list; one number is a timestep of the long form', async () => {
    await assert.rejects(read('{"id":"a","t":1,"v":5}', {}, 'jsonl'), {
      message: /field "v" is not an array\.$/,
      advice: /--id ID --time TIME --values v\.$/,
    });
    await assert.rejects(read('{"v":"1 2"}', {}, 'jsonl'), {
      advice: /^Write the values as an array of numbers/,
    });
  });

  it('have channels: a list for each timestep, a field for each channel, or interleaved', async () => {
    const expected = [['a', 2, 1, 3, 2, 4]];
    const nested = '{"id":"a","v":[[1,3],[2,4]]}';
    assert.deepEqual(await records(nested, { id: 'id' }, 'jsonl'), expected);
    const fields = '{"id":"a","x":[1,2],"y":[3,4]}';
    assert.deepEqual(await records(fields, { id: 'id', values: 'x,y' }, 'jsonl'), expected);
    const flat = '{"id":"a","v":[1,3,2,4]}';
    assert.deepEqual(await records(flat, { id: 'id', channels: 2 }, 'jsonl'), expected);
  });

  it('may be a range of fields', async () => {
    const lines = '{"id":"a","t0":1,"t1":null,"c":"x"}\n{"t1":4,"t0":3,"id":"b"}';
    const expected = [
      ['a', 1, 1, Number.NaN],
      ['b', 1, 3, 4],
    ];
    for (const values of ['t0..t1', 'all-others']) {
      const columns = { id: 'id', values, label: 'c' };
      assert.deepEqual(await records(lines, columns, 'jsonl'), expected);
    }
    await assert.rejects(
      read(lines, { values: 't0..t9' }),
      refused(/no field "t9" for the values/),
    );
  });

  it('have several classes, numbers, or a class for each timestep beside them', async () => {
    const line = '{"v":[1,2],"many":["a","b"],"y":0.5,"z":[1,2],"s":["on",null]}';
    const [one] = (await read(line, {
      labels: 'many',
      target: 'y,z',
      timestepLabels: 's',
    })) as RawRecord[];
    assert.deepEqual(
      [one!.labels, one!.targets, one!.timestepLabels],
      [
        ['a', 'b'],
        [0.5, 1, 2],
        ['on', ''],
      ],
    );
  });
});

describe('a JSON lines file', () => {
  it('that holds an array of records is refused with the name that reads it', async () => {
    await assert.rejects(read('[{"v":[1]},{"v":[2]}]', {}, 'jsonl'), {
      code: 'DATA_INVALID',
      message: /line 1: it is an array of objects\.$/,
      advice: /^Name the file \.json/,
    });
    assert.deepEqual(
      (await records('[1,2]\n[3]', {}, 'jsonl')).map(([, , ...values]) => values),
      [[1, 2], [3]],
    );
  });

  it('whose values are text or an object is refused with the form to write', async () => {
    for (const value of ['"1,2"', '{"0":1}']) {
      await assert.rejects(read(`{"v":${value},"x":1}`, {}, 'jsonl'), {
        message: /field "v" is not an array\.$/,
        advice: /^Write the values as an array of numbers/,
      });
    }
  });
});

describe('a table of pandas in one object', () => {
  it('is refused with the option that writes an object a row', async () => {
    const tables = {
      split: '{"columns":["v"],"index":[0],"data":[[[1,2]]]}',
      table: '{"schema":{"fields":[]},"data":[{"v":[1,2]}]}',
      columns: '{"v":{"0":[1,2]},"label":{"0":"x"}}',
      index: '{"0":{"v":[1,2],"label":"x"}}',
    };
    for (const text of Object.values(tables)) {
      await assert.rejects(read(text), {
        code: 'DATA_INVALID',
        message: /line 1: this object is a whole table, as pandas writes it by default\.$/,
        advice: 'Write an object for each row: table.to_json(FILE, orient="records").',
      });
    }
    const [[, ...record] = []] = await records('{"v":[1],"data":[2],"about":{}}');
    assert.deepEqual(record, [1, 1]);
  });
});
