/** Numbers are read as they are written, or refused: none is cut in two, lost, moved or made up. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { COLUMNS, REAL } from './input.ts';
import { Room, valuesOf } from './room.ts';

const TABLE = [...COLUMNS, ...REAL];

describe('numbers', () => {
  const room = new Room();
  after(() => room.remove());
  /** Imports a table with the columns id, class and values. */
  const table = async (rows: readonly string[], ...options: string[]) => {
    room.write({ 'in.csv': ['id,class,values', ...rows, ''].join('\n') });
    return await room.imports('in.csv', ...TABLE, ...options);
  };
  const refusedTable = async (rows: readonly string[], ...options: string[]) => {
    room.write({ 'in.csv': ['id,class,values', ...rows, ''].join('\n') });
    return await room.refuses('in.csv', ...TABLE, ...options);
  };

  describe('with a decimal comma', () => {
    const rows = ['id;class;values', 'a;x;0,0685 0,4121 -1,5', 'b;y;2,25 3,5 4', ''].join('\r\n');
    const expected = { a: [0.0685, 0.4121, -1.5].map(Math.fround), b: [2.25, 3.5, 4] };

    it('are refused with the option that reads them; with --decimal , they are read', async () => {
      room.write({ 'german.csv': rows });
      const options = [...TABLE, '--delimiter', ';'];
      assert.match(
        await room.refuses('german.csv', ...options),
        /line 2: column "values": two kinds of separators in one cell .* --decimal ,/,
      );
      const read = await room.imports('german.csv', ...options, '--decimal', ',');
      assert.deepEqual(valuesOf(read), expected);
    });

    it('are refused and read in the same way where each value has a column', async () => {
      room.write({ 'wide.csv': 'id;class;t0;t1;t2\na;x;0,5;1,25;-3,0\nb;y;1;2;3\n' });
      const options = [...TABLE, '--delimiter', ';', '--values', 't0..t2'];
      assert.match(
        await room.refuses('wide.csv', ...options),
        /line 2: column "t0": "0,5" has a .*comma.* --decimal ,/,
      );
      const read = await room.imports('wide.csv', ...options, '--decimal', ',');
      assert.deepEqual(valuesOf(read), { a: [0.5, 1.25, -3], b: [1, 2, 3] });
    });

    it('are refused between commas that separate, with and without a space', async () => {
      for (const list of ['0,5, 0,7', '0,5; 0,7', '0,5\t0,7']) {
        assert.match(await refusedTable([`a,x,"${list}"`]), /two kinds of separators in one cell/);
      }
    });

    it('and with points for thousands are refused', async () => {
      room.write({ 'thousands.csv': 'id;class;t0;t1\na;x;1.234,5;2\nb;y;1,5;2\n' });
      const options = ['--delimiter', ';', '--decimal', ',', '--values', 't0..t1'];
      const line = await room.refuses('thousands.csv', ...TABLE, ...options);
      assert.match(line, /line 2: column "t0": "1\.234,5" has a point, and --decimal says/);
    });
  });

  it('with commas for thousands are refused; the advice does not take the comma for a decimal mark', async () => {
    room.write({ 'thousands.csv': 'id,class,t0,t1\na,x,"1,234","2,345"\nb,y,5,6\n' });
    const line = await room.refuses('thousands.csv', ...TABLE, '--values', 't0..t1');
    assert.match(line, /line 2: column "t0": "1,234"/);
    assert.match(line, /If the comma is a decimal mark, add --decimal ,/);
    assert.match(await refusedTable(['a,x,"1,234 5,678"']), /two kinds of separators in one cell/);
  });

  it('between any one separator, with and without brackets, are the same list', async () => {
    const lists = ['1 -2.5 3e1', '1,-2.5,3e1', '1;-2.5;3e1', '1\t-2.5\t3e1', '1  -2.5 3e1'];
    const bracketed = lists.map((list) => `[${list}]`);
    const numpy = '[  1.  -2.5\n 30. ]';
    const rows = [...lists, ...bracketed, numpy].map((list, i) => `s${i},x,"${list}"`);
    const { sequences } = await table([...rows, 'other,y,7 8'], '--shares', '1,0,0');
    assert.deepEqual(
      [...sequences.values()].map(({ values }) => values),
      [
        [7, 8],
        [1, -2.5, 30],
      ],
    );
  });

  it('keep their kinds: signs, exponents, a point at either end, minus zero', async () => {
    const { sequences } = await table([
      'a,x,+3 -4 .5 5. 1e5 1E-5',
      'b,y,-0 0 1e-400',
      'c,x,16777216 0.1 3.4e38',
    ]);
    assert.deepEqual(sequences.get('a')?.values, [3, -4, 0.5, 5, 1e5, Math.fround(1e-5)]);
    assert.deepEqual(sequences.get('b')?.values, [-0, 0, 0]);
    assert.deepEqual(sequences.get('c')?.values, [2 ** 24, Math.fround(0.1), Math.fround(3.4e38)]);
  });

  describe('that are missing', () => {
    it('spoil their sequence, not its length: empty places between any separators', async () => {
      const gaps = ['"1;;3"', '"1,,3"', '"1, ,5"', '",2,3"', '"1,2,"', '"[1, , 3]"', '"1\t\t3"'];
      const { sequences, report } = await table([
        ...gaps.map((gap, i) => `s${i},x,${gap}`),
        'ok,y,1 2 3',
      ]);
      assert.deepEqual([...sequences.keys()], ['ok']);
      assert.match(report, /7 skipped, contains NaN or Infinity: s0, s1, s2, s3, s4, …/);
    });

    it('stay where they are: two sequences that differ by the place of a gap are not equal', async () => {
      const rows = ['a,x,"1,,3,4"', 'b,y,"1,3,,4"'];
      assert.match(await refusedTable(rows), /none of 2 is left.*--missing interpolate/);
      const { sequences, report } = await table(rows, '--missing', 'interpolate');
      assert.deepEqual(
        [...sequences.values()].map(({ values }) => values),
        [
          [1, 2, 3, 4],
          [1, 3, 3.5, 4],
        ],
      );
      assert.match(report, /2 with missing values filled in: a, b/);
    });

    it('are known by each of their names, in CSV and in the JSON of Python', async () => {
      const names = ['nan', 'NaN', 'NAN', 'NA', 'N/A', 'null', 'NULL', 'None', '<NA>', '?'];
      const odd = ['inf', '-inf', 'Infinity', '1e400', '-1e400'];
      const all = [...names, ...odd];
      const { sequences, report } = await table([
        ...all.map((name, i) => `s${i},x,1 ${name} 3`),
        'ok,y,1 2 3',
      ]);
      assert.deepEqual([...sequences.keys()], ['ok']);
      assert.match(report, new RegExp(`${all.length} skipped, contains NaN or Infinity`));

      const words = ['NaN', 'Infinity', '-Infinity', 'null', '1e400'];
      const lines = words.map((word, i) => `{"id":"s${i}","values":[1.0, ${word}, 2.0]}`);
      room.write({ 'python.jsonl': `${lines.join('\n')}\n{"id":"ok","values":[1.0, 2.0]}\n` });
      const json = await room.imports('python.jsonl', '--id', 'id', ...REAL);
      assert.deepEqual(valuesOf(json), { ok: [1, 2] });
      assert.match(json.report, /5 skipped, contains NaN or Infinity: s0, s1, s2, s3, s4/);
    });

    it('at the end are padding where --missing strip-tail says so', async () => {
      const rows = ['a,x,1 2 3 nan nan', 'b,y,3 4 nan 6 nan', 'c,x,1 2 3 4 5'];
      const kept = await table(rows);
      assert.deepEqual(valuesOf(kept), { c: [1, 2, 3, 4, 5] });
      assert.match(kept.report, /--missing strip-tail keeps sequences that end in missing values/);
      const stripped = await table(rows, '--missing', 'strip-tail');
      assert.deepEqual(valuesOf(stripped), { a: [1, 2, 3], c: [1, 2, 3, 4, 5] });
      assert.match(stripped.report, /1 skipped, contains NaN or Infinity: b/);
    });

    it('are kept as missing by --missing mask', async () => {
      const { sequences } = await table(['a,x,1 nan 3', 'b,y,4 5 6'], '--missing', 'mask');
      assert.deepEqual(sequences.get('a')?.values, [1, Number.NaN, 3]);
    });
  });

  it('that are none spoil one sequence, which is named with its line and the text', async () => {
    const texts = [
      ...[
        '0x10',
        '10%',
        '10ms',
        '$5',
        "1'234",
        '1_000',
        '1d5',
        '1.2.3',
        '1e',
        '-',
        '−5',
        '½',
        '１２',
      ],
      ...['true', '2024-01-01', '12:30', '...', 'array([1', '1/2', '∞'],
    ];
    const { sequences, report } = await table([
      ...texts.map((text, i) => `s${String(i).padStart(2, '0')},x,1 ${text} 3`),
      'ok,y,1 2 3',
    ]);
    assert.deepEqual([...sequences.keys()], ['ok']);
    assert.match(report, new RegExp(`${texts.length} skipped, contains text that is not a number`));
    assert.match(report, /s00 \(line 2, column "values": "0x10" is not a number\)/);
  });

  it('with a unit behind a space are no longer sequence', async () => {
    const { sequences, report } = await table(['a,x,10 ms 20 ms', 'ok,y,1 2 3']);
    assert.deepEqual([...sequences.keys()], ['ok']);
    assert.match(report, /a \(line 2, column "values": "ms" is not a number\)/);
  });

  it('of JSON are numbers: no text, no truth values, no object', async () => {
    const values = ['["x"]', '[true,false]', '[null,1]', '[[1],[2,3]]', '[{"x":1}]', 'null', '[]'];
    const lines = values.map((text, i) => `{"id":"s${i}","values":${text}}`);
    room.write({ 'kinds.jsonl': `${lines.join('\n')}\n{"id":"ok","values":[1,2]}\n` });
    const { sequences, report } = await room.imports('kinds.jsonl', '--id', 'id', ...REAL);
    assert.deepEqual([...sequences.keys()], ['ok']);
    for (const i of values.keys()) assert.match(report, new RegExp(`skipped, .*\\bs${i}\\b`));

    room.write({ 'object.jsonl': '{"id":"a","values":[1]}\n{"id":"b","values":{"0":1}}\n' });
    const line = await room.refuses('object.jsonl', '--id', 'id', ...REAL);
    assert.match(line, /line 2: field "values" is not an array/);
  });

  it('get the narrowest type that holds them all, in whatever order they come', async () => {
    const rows = { a: '1 2', b: '1 300', c: '2.5 3', d: '-0 1' };
    const wanted = {
      a: 'uint8',
      ab: 'uint16',
      ba: 'uint16',
      abca: 'float32',
      cab: 'float32',
      da: 'float32',
    };
    for (const [names, type] of Object.entries(wanted)) {
      const lines = [...names].map((name, i) => `${name}${i},x,${rows[name as 'a']}`);
      room.write({ 'any.csv': `id,class,values\n${lines.join('\n')}\n` });
      const { manifest, sequences, report } = await room.imports('any.csv', ...COLUMNS);
      assert.equal(manifest.valueType, type);
      assert.match(report, new RegExp(`values inferred as ${type}`));
      for (const [id, { values }] of sequences) {
        assert.deepEqual(values, rows[id[0] as 'a'].split(' ').map(Number));
      }
      // Two of `abca` are equal: one was read before the type was settled, one after.
      assert.equal(sequences.size, new Set(names).size);
    }
  });

  it('that are no integers among many that are have a warning', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => `s${i},x,1 2 ${i}\n`);
    room.write({ 'few.csv': `id,class,values\n${rows.join('')}odd,x,1 2.5\n` });
    const { report } = await room.imports('few.csv', ...COLUMNS);
    assert.match(
      report,
      /warning: 1 sequence has values that are not integers .*: odd, so all 21 have float32; --value-type uint16/,
    );
  });

  it('do not fit every value type: the report names those that do not, and the type that holds them', async () => {
    room.write({
      'bytes.csv': 'id,class,values\na,x,1.0 2.0\nb,y,2.5 3\nc,x,-1 2\nd,y,256 1\ne,x,1e2 255\n',
      'shorts.csv': 'id,class,values\na,x,65536 1\nb,y,65535 1\n',
    });
    const bytes = await room.imports('bytes.csv', ...COLUMNS, '--value-type', 'uint8');
    assert.deepEqual(valuesOf(bytes), { a: [1, 2], e: [100, 255] });
    assert.match(bytes.report, /1 skipped, contains a value that is not an integer: b/);
    assert.match(
      bytes.report,
      /2 skipped, contains a value outside the range of the value type: c, d/,
    );
    assert.match(bytes.report, /--value-type float32/);
    const shorts = await room.imports('shorts.csv', ...COLUMNS, '--value-type', 'uint16');
    assert.deepEqual(valuesOf(shorts), { b: [65535, 1] });
    const single = await table(['a,x,1e39 2', 'b,y,1 2']);
    assert.match(
      single.report,
      /1 skipped, contains a value outside the range of the value type: a/,
    );
  });

  it('that float32 rounds to the same are no duplicates', async () => {
    const { sequences } = await table(['a,x,0.1 16777216', 'b,y,0.10000000001 16777217']);
    assert.deepEqual([...sequences.keys()].sort(), ['a', 'b']);
  });
});
