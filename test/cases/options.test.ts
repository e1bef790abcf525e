/** Options of an import: what they may be, what they exclude, and which files and splits they name. */
import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { COLUMNS, REAL } from './input.ts';
import { type Imported, Room, valuesOf } from './room.ts';

describe('an option', () => {
  const room = new Room();
  before(() => room.write({ 'in.csv': 'id,class,values\na,x,1 2\nb,y,3 4\nc,x,5 6\nd,y,7 8\n' }));
  after(() => room.remove());
  const refused = async (...options: string[]) =>
    await room.refuses('in.csv', ...COLUMNS, ...options);
  const splitsOf = ({ sequences }: Pick<Imported, 'sequences'>) =>
    Object.fromEntries([...sequences].map(([id, { split }]) => [id, split]));

  it('with a value that it does not know names those that it does', async () => {
    assert.match(
      await refused('--value-type', 'float64'),
      /allowed: "auto", "uint8", "uint16", "float32"/,
    );
    assert.match(
      await refused('--missing', 'zero'),
      /allowed: "skip", "strip-tail", "interpolate"/,
    );
    for (const shares of ['70,15,15', '0.8,0.2', 'most']) {
      assert.match(
        await refused('--shares', shares),
        /three numbers from 0 to 1 .* 0\.7,0\.15,0\.15\.$/,
      );
    }
  });

  it('that is mistyped is answered with the right one', async () => {
    assert.match(
      await refused('--lable', 'class'),
      /no option --lable here\. Did you mean --label\?$/,
    );
  });

  it('for one kind of target excludes the others', async () => {
    assert.match(await refused('--labels', 'class'), /--label and --labels exclude each other/);
    assert.match(await refused('--target', 'class'), /--label and --target exclude each other/);
  });

  it('for times needs one for the ids that there are', async () => {
    const words = ['--values', 'v', '--time', 't'];
    room.write({ 'times.csv': 'sensor_id,t,v\na,0,1\nb,1,2\n' });
    assert.match(await room.refuses('times.csv', ...words), /Say --id sensor_id/);
  });

  it('--dry-run shows what would be read, and writes nothing', async () => {
    const words = ['data', 'import', 'in.csv', 'dry', ...COLUMNS, '--dry-run'];
    const { stdout, stderr } = await room.runs(...words);
    assert.match(stdout, /class +label/);
    assert.match(stdout, /a {2}class x {2}\[2\] {2}1 2$/m);
    assert.match(`${stdout}${stderr}`, /Nothing was written/);
    assert.ok(!existsSync(room.path('dry')));
  });

  describe('for splits', () => {
    it('takes those that the table gives, by names that mean one split', async () => {
      const rows = (names: readonly string[]) =>
        `id,class,fold,values\n${names.map((name, i) => `s${i},x,${name},${i} 1\n`).join('')}`;
      room.write({ 'given.csv': rows(['testing', 'Train', 'val']) });
      const read = await room.imports('given.csv', ...COLUMNS, '--split', 'fold');
      assert.deepEqual(splitsOf(read), { s0: 'test', s1: 'train', s2: 'validation' });
      for (const name of ['trian', 'eval', '0']) {
        room.write({ 'other.csv': rows(['train', name]) });
        const line = await room.refuses('other.csv', ...COLUMNS, '--split', 'fold');
        assert.match(
          line,
          new RegExp(`line 3: split "${name}" is none of train, validation, test`),
        );
      }
    });

    it('takes a file for each', async () => {
      room.write({
        'TRAIN.csv': 'id,class,values\na,x,1 2\nb,y,3 4\n',
        'TEST.csv': 'id,class,values\nc,x,5 6\n',
      });
      const store = 'of-two-files';
      const words = ['--train', 'TRAIN.csv', '--test', 'TEST.csv'];
      await room.runs('data', 'import', store, ...words, ...COLUMNS);
      const read = await room.reads(store);
      assert.deepEqual(splitsOf(read), { a: 'train', b: 'train', c: 'test' });
    });

    it('keeps a group together; an empty cell is a group of its own', async () => {
      const rows = Array.from(
        { length: 24 },
        (_, i) => `s${i},x,${i < 20 ? `g${i % 5}` : ''},${i} 1`,
      );
      room.write({ 'groups.csv': `id,class,patient,values\n${rows.join('\n')}\n` });
      const options = ['--group', 'patient', '--shares', '0.4,0.3,0.3'];
      const read = await room.imports('groups.csv', ...COLUMNS, ...options);
      const splits = splitsOf(read);
      for (let group = 0; group < 5; group++) {
        const its = [0, 5, 10, 15].map((i) => splits[`s${i + group}`]);
        assert.equal(new Set(its).size, 1, `group ${group}: ${its}`);
      }
      assert.match(read.report, /groups: train \d+, validation \d+, test \d+/);
    });
  });

  describe('for sources', () => {
    it('takes several files or a pattern; a repeated id is refused', async () => {
      room.write({ 'part-1.csv': 'id,values\na,1 2\n', 'part-2.csv': 'id,values\nb,3 4\n' });
      const expected = { a: [1, 2], b: [3, 4] };
      await room.runs('data', 'import', 'part-1.csv', 'part-2.csv', 'both', '--id', 'id');
      assert.deepEqual(valuesOf(await room.reads('both')), expected);
      assert.deepEqual(valuesOf(await room.imports('part-*.csv', '--id', 'id')), expected);
      room.write({ 'again-1.csv': 'id,values\na,1 2\n', 'again-2.csv': 'id,values\na,3 4\n' });
      assert.match(
        await room.refuses('again-*.csv', '--id', 'id'),
        /two different sequences have the id "a"/,
      );
      assert.match(await room.refuses('nothing-*.csv', '--id', 'id'), /nothing-\*\.csv/);
    });

    it('takes paths with spaces and umlauts, and links', async () => {
      room.write({ 'my data/füße.csv': 'id,values\na,1 2\n' });
      symlinkSync(room.path('my data', 'füße.csv'), room.path('link.csv'));
      for (const source of ['my data/füße.csv', 'link.csv']) {
        assert.deepEqual(valuesOf(await room.imports(source, '--id', 'id')), { a: [1, 2] });
      }
    });
  });

  describe('for channels', () => {
    it('names columns in the long form, lists, or ranges', async () => {
      const expected = { a: [1, 2, 3, 4], b: [5, 6, 7, 8] };
      room.write({
        'long.csv': 'id,t,x,y\na,0,1,2\na,1,3,4\nb,1,7,8\nb,0,5,6\n',
        'lists.csv': 'id,x,y\na,1 3,2 4\nb,5 7,6 8\n',
        'wide.csv': 'id,x0,x1,y0,y1\na,1,3,2,4\nb,5,7,6,8\n',
        'steps.jsonl': '{"id":"a","v":[[1,2],[3,4]]}\n{"id":"b","v":[[5,6],[7,8]]}\n',
      });
      const forms: [string, string[]][] = [
        ['long.csv', ['--time', 't', '--values', 'x,y']],
        ['lists.csv', ['--values', 'x,y']],
        ['wide.csv', ['--values', 'x0..x1,y0..y1']],
        ['steps.jsonl', ['--values', 'v']],
      ];
      for (const [source, words] of forms) {
        const read = await room.imports(source, '--id', 'id', ...words, ...REAL);
        assert.equal(read.manifest.channels, 2, source);
        assert.deepEqual(valuesOf(read), expected, source);
      }
    });

    it('leaves out a sequence whose channels have different lengths, by name', async () => {
      room.write({ 'uneven.csv': 'id,x,y\na,1 3,2 4\nb,5 7,6\n' });
      const { report, sequences } = await room.imports(
        'uneven.csv',
        '--id',
        'id',
        '--values',
        'x,y',
      );
      assert.deepEqual([...sequences.keys()], ['a']);
      assert.match(report, /1 skipped, channels .*: b/);
    });
  });
});
