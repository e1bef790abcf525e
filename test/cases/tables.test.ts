/** Tables of any layout are read by what their user says of them; a wrong word is answered with the right one. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { COLUMNS, REAL } from './input.ts';
import { labelsOf, Room, valuesOf } from './room.ts';

describe('a table', () => {
  const room = new Room();
  after(() => room.remove());

  describe('between other separators', () => {
    const rows = [
      ['id', 'class', 'values'],
      ['a', 'x', '1 2'],
      ['b', 'y', '3 4'],
    ];
    const text = (separator: string) => rows.map((row) => `${row.join(separator)}\n`).join('');

    it('is answered with the option that reads it', async () => {
      room.write({
        'semicolon.csv': text(';'),
        'tab.csv': text('\t'),
        'bar.csv': text('|'),
        'comma.tsv': text(','),
      });
      const options = { semicolon: ';', tab: '\\t', bar: '|', comma: ',' };
      for (const [name, delimiter] of Object.entries(options)) {
        const source = name === 'comma' ? 'comma.tsv' : `${name}.csv`;
        const line = await room.refuses(source, ...COLUMNS);
        const shown = delimiter === ',' ? delimiter : `'${delimiter}'`;
        assert.ok(line.endsWith(`: say --delimiter ${shown}.`), line);
        const read = await room.imports(source, ...COLUMNS, '--delimiter', delimiter);
        assert.deepEqual(valuesOf(read), { a: [1, 2], b: [3, 4] });
      }
    });

    it('is read as its ending says, in any case', async () => {
      room.write({
        'in.tsv': text('\t'),
        'IN.TSV': text('\t'),
        'IN.CSV': text(','),
        'in.txt': text(','),
      });
      for (const source of ['in.tsv', 'IN.TSV', 'IN.CSV', 'in.txt']) {
        const read = await room.imports(source, ...COLUMNS);
        assert.deepEqual(labelsOf(read), { a: 'x', b: 'y' });
      }
    });

    it('gets a short answer however wide it is', async () => {
      const names = ['id', 'class', ...Array.from({ length: 30_000 }, (_, i) => `t${i}`)];
      room.write({ 'wide.csv': `${names.join(',')}\n`, 'wide2.csv': `${names.join(';')}\n` });
      const wide = await room.refuses('wide.csv', ...COLUMNS);
      assert.match(wide, /columns: id, class, t0, .* and 29992 more\).* --values t0\.\.t29999\.$/);
      const words = [
        /separated by commas: say --delimiter ,\.$/,
        /separated by semicolons/,
      ] as const;
      assert.match(await room.refuses('wide.csv', ...COLUMNS, '--delimiter', ';'), words[0]);
      assert.match(await room.refuses('wide2.csv', ...COLUMNS), words[1]);
    });

    it('has no hint at spaces only because its first line is a sentence', async () => {
      room.write({ 'log.csv': '# made by a logger\nid,values\na,1\n' });
      const line = await room.refuses('log.csv', '--id', 'id');
      assert.doesNotMatch(line, /--delimiter/);
    });
  });

  describe('of R', () => {
    it('with quotes between spaces is answered with what writes it without', async () => {
      room.write({ 'r.txt': '"id" "class" "t1" "t2"\n"a" "x" 0.5 0.7\n' });
      const options = [...COLUMNS, '--values', 't1..t2'];
      assert.match(await room.refuses('r.txt', ...options), /say with --delimiter/);
      const spaces = [...options, '--delimiter', 'spaces'];
      assert.match(await room.refuses('r.txt', ...spaces), /write\.table\(quote = FALSE\)/);
      room.write({ 'r.txt': 'id class t1 t2\na x 0.5 -1\nb y  1.5   2\n' });
      const read = await room.imports('r.txt', ...spaces, ...REAL);
      assert.deepEqual(valuesOf(read), { a: [0.5, -1], b: [1.5, 2] });
    });

    it('with row names is answered with what leaves them out; write.csv names their column', async () => {
      room.write({
        'r.txt': 'id class t1\n1 a x 0.5\n2 b y 0.1\n',
        'r.csv': '"","id","class","values"\n"1","a","x","1 2"\n"2","b","y","4 5"\n',
      });
      const words = ['--values', 't1', '--delimiter', 'spaces'];
      assert.match(await room.refuses('r.txt', ...COLUMNS, ...words), /row\.names = FALSE/);
      const read = await room.imports('r.csv', ...COLUMNS);
      assert.deepEqual(valuesOf(read), { a: [1, 2], b: [4, 5] });
    });
  });

  describe('with a column for each timestep', () => {
    it('is answered with the range of its columns, and read with it', async () => {
      room.write({ 'wide.csv': 'id,class,t0,t1,t2\na,x,1,2,3\nb,y,4,5,6\n' });
      assert.match(await room.refuses('wide.csv', ...COLUMNS), /say --values t0\.\.t2\.$/);
      for (const values of ['t0..t2', 't0..', 'all-others']) {
        const read = await room.imports('wide.csv', ...COLUMNS, '--values', values);
        assert.deepEqual(valuesOf(read), { a: [1, 2, 3], b: [4, 5, 6] });
      }
    });

    it('of pandas, whose columns are numbers, needs a range: the row number is no value', async () => {
      room.write({ 'pandas.csv': ',0,1,2,label\n0,1,2,3,x\n1,4,5,6,y\n' });
      const label = ['--label', 'label'];
      const line = await room.refuses('pandas.csv', ...label, '--values', 'all-others');
      assert.match(line, /its column 1 has no name, so it may be a row number or a value/);
      const { sequences } = await room.imports('pandas.csv', ...label, '--values', '0..2');
      assert.deepEqual(sequences.get('pandas.csv:2')?.values, [1, 2, 3]);
    });

    it('out of order is refused: t0, t1, t10, t2', async () => {
      room.write({ 'order.csv': 'id,t0,t1,t10,t2\na,1,2,3,4\n' });
      assert.match(
        await room.refuses('order.csv', '--id', 'id', '--values', 't0..t2'),
        /its column "t2" follows "t10", which is not the order of their numbers/,
      );
    });

    it('of the UCR archive is answered with its options, and read with them', async () => {
      const tsv = '1\t0.5\t0.25\t-1\n2\t1.5\t1.25\t2\n';
      const old = '  1.0000000e+00   5.0000000e-01  2.5e-01 -1\n  2.0e+00 1.5 1.25 2\n';
      room.write({ 'Toy_TRAIN.tsv': tsv, 'Toy_TRAIN.txt': old });
      const words = ['--no-header', '--label', '1', '--values', '2..'];
      assert.match(
        await room.refuses('Toy_TRAIN.tsv'),
        /looks like data, not like a header: .* --no-header --label 1 --values 2\.\.$/,
      );
      const read = await room.imports('Toy_TRAIN.tsv', ...words, ...REAL);
      const expected = [
        ['Toy_TRAIN.tsv:1', [0.5, 0.25, -1]],
        ['Toy_TRAIN.tsv:2', [1.5, 1.25, 2]],
      ];
      assert.deepEqual(Object.entries(valuesOf(read)).sort(), expected);
      assert.deepEqual(read.manifest.classes, ['1', '2']);
      const spaced = await room.imports(
        'Toy_TRAIN.txt',
        ...words,
        ...REAL,
        '--delimiter',
        'spaces',
      );
      const values = [...spaced.sequences.values()].map((sequence) => sequence.values);
      assert.deepEqual(values.sort(), [
        [0.5, 0.25, -1],
        [1.5, 1.25, 2],
      ]);
    });

    it('without a header is not read as if its first row were one', async () => {
      room.write({ 'data.csv': 'a,0.5,0.25,-1\nb,1.5,1.25,2\n' });
      assert.match(
        await room.refuses('data.csv', '--values', '0.5..-1', ...REAL),
        /first line looks like data, not like a header/,
      );
    });

    it('may have rows of different lengths: NaN or nothing at their ends', async () => {
      const rows = ['1\t1\t2\tNaN\tNaN', '2\t4\t5\t6\tNaN', '1\t7\t8\t9\t10'];
      room.write({
        'nan.tsv': `${rows.join('\n')}\n`,
        'open.tsv': `${rows.join('\n').replaceAll('\tNaN', '')}\n`,
      });
      for (const source of ['nan.tsv', 'open.tsv']) {
        const words = ['--no-header', '--label', '1', '--values', '2..'];
        const { sequences, report } = await room.imports(source, ...words, ...REAL);
        const values = [...sequences.values()].map((sequence) => sequence.values);
        assert.deepEqual(values, [
          [1, 2],
          [4, 5, 6],
          [7, 8, 9, 10],
        ]);
        if (source === 'nan.tsv') assert.match(report, /2 cut before a tail of NaN/);
      }
    });
  });

  describe('with a row for each timestep', () => {
    const long = [
      'series_id,t,value,label',
      ...[0, 1, 2].flatMap((t) => [`s0,${t},${t},c0`, `s1,${10 - t},${t + 5},c1`]),
      '',
    ].join('\n');

    it('is answered with the options that read it, by a repeated id or by a column of times', async () => {
      room.write({ 'long.csv': long });
      const hint =
        /long form, a row for each timestep\. Say --id series_id --time t --values value /;
      const values = ['--values', 'value', '--label', 'label'];
      assert.match(await room.refuses('long.csv', '--id', 'series_id', ...values), hint);
      assert.match(await room.refuses('long.csv', '--group', 'series_id', ...values), hint);
      assert.match(await room.refuses('long.csv', ...values), hint);
    });

    it('is read with them, ordered by time', async () => {
      room.write({ 'long.csv': long });
      const words = ['--id', 'series_id', '--time', 't', '--values', 'value', '--label', 'label'];
      const read = await room.imports('long.csv', ...words);
      assert.deepEqual(valuesOf(read), { s0: [0, 1, 2], s1: [7, 6, 5] });
      assert.deepEqual(labelsOf(read), { s0: 'c0', s1: 'c1' });
    });

    it('may have the times of a log: dates with zones, nanoseconds since 1970', async () => {
      const words = ['--id', 'sensor', '--time', 'timestamp', '--values', 'value'];
      const rows = (times: readonly string[]) =>
        `timestamp,sensor,value\n${times.map((time, i) => `${time},s,${i}\n`).join('')}`;
      room.write({
        'zones.csv': rows([
          '2024-03-31T03:45:00+02:00',
          '2024-03-31T01:30:00+01:00',
          '2024-03-31T03:15:00+02:00',
        ]),
        'nano.csv': rows(['1700000000123456789', '1700000000123456788', '1700000000123456790']),
        'german.csv': rows(['01.02.2024 10:00', '02.02.2024 10:00']),
        'again.csv': rows(['2024-01-01 00:00:00', '2024-01-01 00:00:00']),
      });
      assert.deepEqual(valuesOf(await room.imports('zones.csv', ...words)), { s: [1, 2, 0] });
      assert.deepEqual(valuesOf(await room.imports('nano.csv', ...words)), { s: [1, 0, 2] });
      assert.match(await room.refuses('german.csv', ...words), /line 2: .* "01\.02\.2024 10:00"/);
      assert.match(
        await room.refuses('again.csv', ...words),
        /line 3: "s" has the time of line 2 again/,
      );
    });

    it('is refused where rows of one id have different classes', async () => {
      room.write({ 'mixed.csv': 'id,t,v,label\na,0,1,x\na,1,2,y\n' });
      const words = ['--id', 'id', '--time', 't', '--values', 'v', '--label', 'label'];
      assert.match(await room.refuses('mixed.csv', ...words), /line 3/);
    });
  });

  describe('of JSON', () => {
    it('is an array on one line or on several, or objects one behind the other', async () => {
      const records = ['{"id":1,"label":"x","values":[1,2]}', '{"id":2,"label":"y","values":[3]}'];
      room.write({
        'dump.json': `[${records.join(', ')}]`,
        'indented.json': `[\n  ${records.join(',\n  ')}\n]\n`,
        'lines.json': records.join('\n'),
        'lines.ndjson': records.join('\r\n'),
      });
      for (const source of ['dump.json', 'indented.json', 'lines.json', 'lines.ndjson']) {
        const read = await room.imports(source, '--id', 'id', '--label', 'label');
        assert.deepEqual(valuesOf(read), { 1: [1, 2], 2: [3] });
      }
    });

    it('of another form is answered with what makes this one', async () => {
      room.write({
        'rest.json': '{"count":1,"next":null,"results":[{"id":1,"values":[1,2]}]}',
        'columns.json': '{"id":{"0":"a"},"values":{"0":[1,2]}}',
        'nested.json': '[{"id":1,"meta":{"label":"x"},"values":[1,2]}]',
        'flat.json': '[1,2,3]',
        'cut.json': '[{"id":1,"values":[1,2]},',
        'python.json': "[{'id': 1, 'values': [1, 2]}]",
      });
      const says = async (source: string, ...words: string[]) =>
        await room.refuses(source, '--id', 'id', ...words);
      assert.match(
        await says('rest.json'),
        /Its field "results" holds objects\. .* jq '\.results'/,
      );
      assert.match(await says('columns.json'), /this object is a whole table.*orient="records"/);
      assert.match(await says('nested.json', '--label', 'meta'), /"meta" is an object, not text/);
      assert.match(await says('nested.json', '--label', 'meta.label'), /Did you mean "meta"\?$/);
      assert.match(await says('flat.json'), /line 1: it is neither a JSON object nor a list/);
      assert.match(await says('cut.json'), /the file ends within its JSON/);
      assert.match(await says('python.json'), /line 1: it is not JSON/);
    });
  });

  it('may hold one long line: three million values', async () => {
    const values = Array.from({ length: 3_000_000 }, (_, i) => i % 200).join(' ');
    room.write({ 'line.csv': `id,class,values\na,x,${values}\nb,y,1 2 3\n` });
    const { sequences } = await room.imports('line.csv', ...COLUMNS);
    assert.equal(sequences.get('a')?.values.length, 3_000_000);
    assert.equal(sequences.get('a')?.values[2_999_999], 199);
  });

  it('with one row makes a dataset of one sequence', async () => {
    room.write({ 'one.csv': 'id,class,values\na,x,1 2 3\n' });
    assert.deepEqual(valuesOf(await room.imports('one.csv', ...COLUMNS)), { a: [1, 2, 3] });
  });
});
