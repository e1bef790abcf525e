/** Files as people have them, at the door: each is read as it is meant, or refused in one line that says what to do. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { COLUMNS } from './input.ts';
import { labelsOf, Room, valuesOf } from './room.ts';

const table = (...rows: readonly string[]) => `${rows.join('\n')}\n`;

describe('at the door', () => {
  const room = new Room({ isShared: true });
  after(() => room.remove());

  it('values that float32 would flatten are refused, not flattened', async () => {
    const times = [0, 1, 5].map((step) => 1_700_000_000_123 + step).join(' ');
    room.write({
      'times.csv': table('id,class,values', `a,x,${times}`),
      'both.csv': table('id,class,values', `a,x,${times}`, 'b,y,1 2.5 3'),
    });
    const line = await room.refuses('times.csv', ...COLUMNS);
    assert.match(
      line,
      /too coarse for \(a \(values near 1\.70\S* span 5, .*Subtract a constant from the values/,
    );
    const { report, sequences } = await room.imports('both.csv', ...COLUMNS);
    assert.deepEqual([...sequences.keys()], ['b']);
    assert.match(report, /1 skipped, has a shape that float32 is too coarse for: a \(values near/);
  });

  it('one long series is one sequence; a forgotten id is asked for', async () => {
    const rows = Array.from({ length: 5 }, (_, i) => `${4 - i},${i / 2}`);
    room.write({ 'long.csv': table('time,value', ...rows) });
    const hint = await room.refuses('long.csv', '--values', 'value');
    assert.match(
      hint,
      /Say --time time --values value to read the file as one sequence; or add --id COLUMN/,
    );
    const read = await room.imports('long.csv', '--time', 'time', '--values', 'value');
    assert.deepEqual(valuesOf(read), { 'long.csv': [2, 1.5, 1, 0.5, 0] });
    room.write({ 'ids.csv': table('unit,time,value', 'a,0,1', 'b,1,2') });
    const forgotten = await room.refuses('ids.csv', '--time', 'time', '--values', 'value');
    assert.match(forgotten, /its column "unit" looks like the ids of several\. Say --id unit/);
  });

  it('a column of classes is not taken for values', async () => {
    const arff = (type: string) =>
      table(
        '@relation r',
        '@attribute t0 numeric',
        `@attribute class ${type}`,
        '@data',
        '1,0',
        '2,1',
      );
    room.write({
      'wide.csv': table('t0,t1,label', '1,2,0', '3,4,1'),
      'number.arff': arff('numeric'),
      'names.arff': arff('{0,1}'),
    });
    assert.match(
      await room.refuses('wide.csv', '--values', 'all-others'),
      /"label" would be among the values\. .*--label label/,
    );
    const read = await room.imports('wide.csv', '--values', 'all-others', '--label', 'label');
    assert.deepEqual(Object.values(valuesOf(read)), [
      [1, 2],
      [3, 4],
    ]);
    assert.match(
      await room.refuses('number.arff'),
      /"class" would become a timestep\. Say --label class /,
    );
    const named = await room.imports('number.arff', '--label', 'class');
    assert.deepEqual(labelsOf(named), { 'number.arff:5': '0', 'number.arff:6': '1' });
    assert.deepEqual(valuesOf(await room.imports('names.arff')), {
      'names.arff:5': [1],
      'names.arff:6': [2],
    });
  });

  describe('folders', () => {
    const [one, two] = [table('v', '1', '2'), table('v', '3', '4')];

    it('called key=value say the class and the split', async () => {
      room.write({
        'hive/label=a%20b/split=test/1.csv': one,
        'hive/label=c/split=train/2.csv': two,
        'parts/kind=a/p.csv': table('id,values', 'x,1 2'),
      });
      const { sequences } = await room.imports('hive', '--values', 'v');
      const found = [...sequences.values()].map(({ label, split }) => [label, split]);
      assert.deepEqual(found.sort(), [
        ['a b', 'test'],
        ['c', 'train'],
      ]);
      const line = await room.refuses('parts/*/p.csv', '--id', 'id', '--label', 'kind');
      assert.match(
        line,
        /Its folder says kind=…: import the folder above that one, without --label/,
      );
    });

    it('called train and test are splits, not classes', async () => {
      room.write({ 'given/train/a/1.csv': one, 'given/test/a/2.csv': two });
      const line = await room.refuses('given', '--values', 'v');
      assert.match(
        line,
        /test, train are names of splits\. Import them as splits: --test given\/test --train given\/train/,
      );
    });
  });

  it('a JSON record with a field twice is refused: which of them counts, nobody knows', async () => {
    room.write({ 'twice.jsonl': '{"id":"a","class":"x","class":"y","values":[1,2]}\n' });
    assert.match(
      await room.refuses('twice.jsonl', ...COLUMNS),
      /line 1: it has two fields "class"/,
    );
  });

  it('old qualities of FASTQ are asked about', async () => {
    room.write({ 'old.fastq': '@a\nACGT\n+\nhhgf\n' });
    const values = ['--qualities', 'values'];
    assert.match(
      await room.refuses('old.fastq', ...values),
      /Say --phred 64 to subtract 31 more; --phred 33 if/,
    );
    const [old, right] = [
      await room.imports('old.fastq', ...values, '--phred', '64'),
      await room.imports('old.fastq', ...values, '--phred', '33'),
    ];
    assert.deepEqual(
      [valuesOf(old), valuesOf(right)],
      [{ a: [40, 40, 39, 38] }, { a: [71, 71, 70, 69] }],
    );
    assert.deepEqual(valuesOf(await room.imports('old.fastq')), { a: [0, 1, 2, 3] });
  });

  describe('splits', () => {
    const rows = table('id,class,split,values', 'a,x,test,1 2', 'b,y,test,3 4', 'c,y,,5 6');

    it('that leave sequences out, or leave nothing for training, have a warning', async () => {
      room.write({ 'some.csv': rows, 'test.csv': rows.replace('c,y,,5 6\n', '') });
      const some = await room.imports('some.csv', ...COLUMNS, '--split', 'split');
      assert.match(some.report, /warning: 1 sequence has no given split, unlike others, .*: c$/m);
      const test = await room.imports('test.csv', ...COLUMNS, '--split', 'split');
      assert.match(test.report, /warning: no sequence is for training/);
    });

    it('of more folds than groups are refused', async () => {
      room.write({ 'few.csv': rows });
      const line = await room.refuses('few.csv', ...COLUMNS, '--folds', '5', '--fold', '1');
      assert.match(line, /Cannot deal out 3 groups in 5 folds: a fold would be empty/);
    });
  });

  it('what stands for a missing value has a warning', async () => {
    room.write({ 'gap.csv': table('id,class,values', 'a,x,-9999 2.5', 'b,y,1 2') });
    const { report } = await room.imports('gap.csv', ...COLUMNS);
    assert.match(
      report,
      /warning: the smallest value is -9999, which often stands for a missing one/,
    );
  });
});
