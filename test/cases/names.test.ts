/** Names are kept as they are written; one that is not there, or that is there twice, is refused. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { COLUMNS } from './input.ts';
import { labelsOf, Room, valuesOf } from './room.ts';

const JSON_COLUMNS = ['--id', 'id', '--label', 'label'] as const;

describe('names', () => {
  const room = new Room();
  after(() => room.remove());

  describe('of sequences', () => {
    it('that are 64-bit integers in JSON keep their digits', async () => {
      const ids = ['1234567890123456789', '1234567890123456788', '-9223372036854775808', '1.50'];
      const lines = ids.map((id, i) => `{"id": ${id}, "label": "c", "values": [${i}]}`);
      room.write({ 'ids.jsonl': lines.join('\n'), 'ids.json': `[${lines.join(',')}]` });
      for (const source of ['ids.jsonl', 'ids.json']) {
        const { sequences } = await room.imports(source, ...JSON_COLUMNS);
        assert.deepEqual([...sequences.keys()].sort(), ids.toSorted());
      }
    });

    it('that look like numbers in CSV keep their zeros and exponents', async () => {
      const ids = ['007', '7', '7.0', '1e5', '100000', '12345678901234567890', '+1', '#N/A'];
      room.write({ 'in.csv': `id,class,values\n${ids.map((id, i) => `${id},c,${i}\n`).join('')}` });
      const { sequences } = await room.imports('in.csv', ...COLUMNS);
      assert.deepEqual([...sequences.keys()].sort(), ids.toSorted());
    });

    it('that occur twice are refused by the name as it is written', async () => {
      const id = '1234567890123456789';
      room.write({ 'twice.jsonl': `{"id":${id},"values":[1,2]}\n{"id":${id},"values":[2,3]}\n` });
      assert.match(
        await room.refuses('twice.jsonl', '--id', 'id'),
        new RegExp(`two different sequences have the id "${id}"`),
      );
    });

    it('that are empty are refused with their line', async () => {
      room.write({ 'in.csv': 'id,class,values\na,x,1\n,x,2\n' });
      assert.match(await room.refuses('in.csv', ...COLUMNS), /line 3: its id is empty/);
    });

    it('that nothing gives are file and line, in an array of JSON file and number', async () => {
      room.write({
        'in.csv': 'label,values\nx,1 2\ny,3 4\n',
        'in.jsonl': '{"values":[1]}\n\n{"values":[2]}\n',
        'in.json': '[{"values":[1]},{"values":[2]}]',
        'lists.json': '[[1,2],[3,4,5]]',
      });
      const ids = async (source: string) =>
        [...(await room.imports(source)).sequences.keys()].sort();
      assert.deepEqual(await ids('in.csv'), ['in.csv:2', 'in.csv:3']);
      assert.deepEqual(await ids('in.jsonl'), ['in.jsonl:1', 'in.jsonl:3']);
      assert.deepEqual(await ids('in.json'), ['in.json:1', 'in.json:2']);
      assert.deepEqual(await ids('lists.json'), ['lists.json:1', 'lists.json:2']);
    });
  });

  describe('of columns', () => {
    const LINES = '{"id":"a","label":"c0","values":[1,2]}\n{"id":"b","label":"c1","values":[3]}\n';
    const TABLE = 'id,label,values\na,c0,1 2\nb,c1,3\n';

    it('that are not there are refused, in every format and for every role, with the nearest', async () => {
      room.write({ 'in.jsonl': LINES, 'in.json': `[${LINES.trim().replace('\n', ',')}]` });
      room.write({ 'in.csv': TABLE, 'in.tsv': TABLE.replaceAll(',', '\t') });
      for (const source of ['in.jsonl', 'in.json', 'in.csv', 'in.tsv']) {
        for (const role of ['id', 'group', 'split', 'label']) {
          const line = await room.refuses(source, `--${role}`, 'lable');
          assert.match(line, new RegExp(`it has no (field|column) "lable" for the ${role} `));
          assert.match(line, /Did you mean "label"\?$/);
        }
      }
    });

    it('are no property that every object has', async () => {
      room.write({ 'in.jsonl': LINES });
      for (const name of ['constructor', '__proto__', 'toString']) {
        assert.match(
          await room.refuses('in.jsonl', '--id', 'id', '--label', name),
          new RegExp(`no field "${name}" for the label`),
        );
      }
    });

    it('may be wrong in case: the right one is named', async () => {
      room.write({ 'case.csv': 'ID,Label,Values\na,x,1 2\n' });
      assert.match(await room.refuses('case.csv', '--id', 'id'), /Did you mean "ID"\?$/);
    });

    it('have no spaces around them, and may have some within', async () => {
      room.write({ 'in.csv': 'Patient ID, Heart Rate , Class\na,1 2 3,x\nb,4 5 6,y\n' });
      const options = ['--id', 'Patient ID', '--label', 'Class', '--values', 'Heart Rate'];
      const read = await room.imports('in.csv', ...options);
      assert.deepEqual(labelsOf(read), { a: 'x', b: 'y' });
      assert.match(
        await room.refuses('in.csv', '--id', 'patient id', '--values', 'Heart Rate'),
        /Did you mean "Patient ID"\?$/,
      );
    });

    it('that occur twice are refused only where one is meant', async () => {
      room.write({ 'in.csv': 'id,note,label,note,values\na,1,x,2,1 2\nb,1,y,2,3 4\n' });
      const read = await room.imports('in.csv', '--id', 'id', '--label', 'label');
      assert.deepEqual(labelsOf(read), { a: 'x', b: 'y' });
      const line = await room.refuses('in.csv', '--id', 'id', '--label', 'note');
      assert.match(line, /it has 2 columns "note"\. Give each column a name of its own\./);
    });

    it('may be empty, as pandas and R name the column of row numbers', async () => {
      room.write({ 'pandas.csv': ',id,class,values\n0,a,x,"[1.0, 2.0]"\n1,b,y,"[3.0, 4.0]"\n' });
      const read = await room.imports('pandas.csv', ...COLUMNS);
      assert.deepEqual(valuesOf(read), { a: [1, 2], b: [3, 4] });
    });

    it('are refused where an option is given twice, or without a value', async () => {
      room.write({ 'w.csv': 'id,class,t0,t1\na,x,1,2\nb,y,3,4\n', 'w.jsonl': LINES });
      const twice: [string, string[]][] = [
        ['--values', ['--values', 't0', '--values', 't1']],
        ['--label', ['--label', 'class', '--label', 'class']],
        ['--id', ['--id', 'id', '--id', 'class']],
        ['--seed', ['--seed', '1', '--seed', '2']],
      ];
      for (const [name, words] of twice) {
        for (const source of ['w.csv', 'w.jsonl']) {
          assert.match(
            await room.refuses(source, ...words),
            new RegExp(`^USAGE: ${name} is given 2 times\\. Give it once\\.`),
          );
        }
      }
      const empty = await room.refuses('w.csv', '--values', 't0', '--delimiter', '');
      assert.match(empty, /^USAGE: --delimiter needs a value\./);
      const odd = await room.refuses('w.csv', '--values', 't0', '--delimiter', '::');
      assert.match(odd, /^USAGE: Cannot use the delimiter "::": allowed is one ASCII character/);
    });
  });

  describe('of classes', () => {
    it('with any characters come back as they are', async () => {
      const classes = ['a,b', 'x"y', '日本\n語', '__proto__', '=1+1', 'constructor', 'Zürich'];
      const quoted = classes.map((name) => `"${name.replaceAll('"', '""')}"`);
      const rows = quoted.map((name, i) => `s${i},${name},${i} 1\n`);
      room.write({ 'in.csv': `id,class,values\n${rows.join('')}` });
      const lines = classes.map((label, i) =>
        JSON.stringify({ id: `s${i}`, label, values: [i, 1] }),
      );
      room.write({ 'in.jsonl': lines.join('\n') });
      const expected = Object.fromEntries(classes.map((name, i) => [`s${i}`, name]));
      assert.deepEqual(labelsOf(await room.imports('in.csv', ...COLUMNS)), expected);
      assert.deepEqual(labelsOf(await room.imports('in.jsonl', ...JSON_COLUMNS)), expected);
    });

    it('in Latin-1 are refused with their line: no two become one', async () => {
      const text = 'id,class,values\na,x,1 2\ns0,Bär,3 4\ns1,Bör,5 6\n';
      const json = '{"id":"a","label":"x","values":[1]}\n{"id":"b","label":"Bär","values":[2]}\n';
      room.write({
        'latin1.csv': Buffer.from(text, 'latin1'),
        'latin1.jsonl': Buffer.from(json, 'latin1'),
        'utf8.csv': text,
      });
      for (const [source, line] of [
        ['latin1.csv', 3],
        ['latin1.jsonl', 2],
      ] as const) {
        assert.match(
          await room.refuses(source, '--id', 'id'),
          new RegExp(`line ${line}: it is not valid UTF-8\\. Save the file as UTF-8`),
        );
      }
      const { manifest } = await room.imports('utf8.csv', ...COLUMNS);
      assert.deepEqual(manifest.classes, ['Bär', 'Bör', 'x']);
    });
  });

  describe('and lines', () => {
    const TEXT = 'id,class,values\n"s0, Zürich ""n""",c0,"[1, 2]"\n"s1",c1,3 4\n';

    it('are the same with a byte order mark, in UTF-16 and with any line end', async () => {
      const utf16 = Buffer.from(`\ufeff${TEXT}`, 'utf16le');
      const mixed = TEXT.split('\n');
      room.write({
        'plain.csv': TEXT,
        'bom.csv': `\ufeff${TEXT}`,
        'crlf.csv': TEXT.replaceAll('\n', '\r\n'),
        'cr.csv': TEXT.replaceAll('\n', '\r'),
        'mixed.csv': `${mixed[0]}\r\n${mixed[1]}\n${mixed[2]}\r\n`,
        'open.csv': TEXT.trimEnd(),
        'blank.csv': `${TEXT.replaceAll('\n', '\n\n')}\n`,
        'utf16le.csv': utf16,
        'utf16be.csv': Buffer.from(utf16).swap16(),
      });
      const plain = await room.imports('plain.csv', ...COLUMNS);
      assert.deepEqual(valuesOf(plain), { 's0, Zürich "n"': [1, 2], s1: [3, 4] });
      for (const name of ['bom', 'crlf', 'cr', 'mixed', 'open', 'blank', 'utf16le', 'utf16be']) {
        const { manifest } = await room.imports(`${name}.csv`, ...COLUMNS);
        assert.equal(manifest.contentHash, plain.manifest.contentHash, name);
      }
    });

    it('with other numbers of cells are refused with the line', async () => {
      const header = 'id,class,values\n';
      const rows = ['a,x\n', 'a,x,1,2,3\n', 'a,x,1 2 3,\n'];
      for (const [i, row] of rows.entries()) {
        room.write({ [`${i}.csv`]: `${header}ok,y,1 2\n${row}` });
        const line = await room.refuses(`${i}.csv`, ...COLUMNS);
        assert.match(line, /line 3: it has \d cells?, and the first line has 3\./);
      }
    });

    it('of which there are none are refused', async () => {
      const empty = { 'empty.csv': '', 'header.csv': 'id,class,values\n', 'lines.csv': '\n\n\n' };
      room.write({ ...empty, 'empty.jsonl': '', 'empty.json': '', 'array.json': '[]\n' });
      const names = [...Object.keys(empty), 'empty.jsonl', 'empty.json', 'array.json'];
      for (const name of names) {
        const line = await room.refuses(name, '--id', 'id');
        assert.match(line, /nothing was found\. A table needs rows below its header/);
      }
    });
  });

  describe('of folders', () => {
    it('within the source are refused as the place of a dataset', async () => {
      room.write({
        'src/1.bin': Buffer.of(1, 2, 3),
        'src/2.bin': Buffer.of(4, 5, 6),
        'in.csv': 'x',
      });
      const inside = ['data', 'import', 'src', 'src/store', '--class-by', 'none'];
      for (const words of [inside, [...inside, '--overwrite']]) {
        const line = await room.refused(...words);
        assert.match(
          line,
          /Cannot write a dataset to "src\/store": it lies in its own source "src"/,
        );
      }
      assert.ok(!existsSync(room.path('src', 'store')));
      assert.match(
        await room.refused('data', 'import', 'in.csv', 'in.csv', '--overwrite'),
        /Cannot write a dataset to "in\.csv"/,
      );
    });

    it('that nobody can make are refused', async () => {
      room.write({ 'ok.csv': 'values\n1 2\n' });
      for (const target of ['/proc/store', '/proc/a/store', 'ok.csv/store']) {
        const line = await room.refused('data', 'import', 'ok.csv', target);
        assert.match(line, /^USAGE: Cannot (write|make) .* folder/);
      }
    });
  });
});
