/** What a good colleague would say of data that can be read, and what cannot be trained on. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runConfig } from './config.ts';
import { COLUMNS, csv, REAL, randomNumbers, symbols, waves } from './input.ts';
import { labelsOf, Room } from './room.ts';

const TABLE = [...COLUMNS, ...REAL];

describe('an import warns', () => {
  const room = new Room();
  after(() => room.remove());
  const random = randomNumbers(3);
  const values = () => Array.from({ length: 8 }, () => random().toFixed(4)).join(' ');
  /** Imports sequences with these classes; returns the report. */
  const reportOf = async (classes: readonly string[], ...options: string[]) => {
    const rows = classes.map((name, i) => `s${i},"${name}",${values()}\n`);
    room.write({ 'in.csv': `id,class,values\n${rows.join('')}` });
    return (await room.imports('in.csv', ...TABLE, ...options)).report;
  };
  const times = (count: number, names: readonly string[]) =>
    Array.from({ length: count }, (_, i) => names[i % names.length]!);

  it('of a label that is a measured number or an id, and of no label that is a category', async () => {
    const numbers = Array.from({ length: 12 }, () => random().toFixed(5));
    assert.match(
      await reportOf(numbers),
      /as many classes as labelled sequences \(12\): is the label/,
    );
    const most = [...numbers.slice(0, 8), ...times(4, ['x', 'y'])];
    assert.match(
      await reportOf(most),
      /8 of 10 classes have one sequence: is the label a category\?/,
    );
    assert.doesNotMatch(await reportOf(times(12, ['x', 'y', 'z'])), /warning/);
  });

  it('of classes that join others', async () => {
    const report = await reportOf(times(12, ['AFIB', 'MI', 'AFIB|MI']));
    assert.match(report, /classes that join others \(AFIB\|MI\): --labels reads several classes/);
  });

  it('in short lines, however long and odd the names are', async () => {
    const report = await reportOf(times(4, ['a'.repeat(5000), 'line\nend', '\u001b[2Jred']));
    assert.match(report, /^ {2}class a{59}…: /m);
    assert.match(report, /^ {2}class line end: /m);
    assert.match(report, /^ {2}class \\x1b\[2Jred: /m);
  });

  it('of names that differ only by case, number format, spaces or Unicode form', async () => {
    const composed = 'Zürich';
    const names = ['1', '1.0', '01', 'Cat', 'cat', composed, composed.normalize('NFD')];
    const report = await reportOf(times(28, names));
    assert.match(report, /classes differ only by case, spaces, number format or Unicode form/);
    assert.match(report, /"01" = "1" = "1\.0"/);
    assert.match(report, /"Cat" = "cat"/);
    assert.match(report, /"Z.+rich" = "Z.+rich"/);
  });

  it('of classes that stand for no label', async () => {
    const report = await reportOf(times(24, ['x', 'nan', 'NA', '?', 'None', 'N/A']));
    assert.match(report, /classes \?, N\/A, NA, None, nan look like missing labels/);
  });

  it('of a class without a training sequence', async () => {
    const rows = [...times(8, ['x,train', 'y,train']), 'rare,validation', 'rare,test'];
    room.write({
      'split.csv': `id,class,split,values\n${rows.map((row, i) => `s${i},${row},${values()}\n`).join('')}`,
    });
    const { report } = await room.imports('split.csv', ...TABLE, '--split', 'split');
    assert.match(report, /class rare has no training sequence/);
  });

  it('of equal sequences in different splits, and of groups that span classes', async () => {
    const rows = ['a,x,p,train,1 2 3', 'b,y,p,train,1 2 4', 'c,x,q,test,1 2 3', 'd,y,r,test,7 8 9'];
    room.write({ 'in.csv': `id,class,patient,split,values\n${rows.join('\n')}\n` });
    const options = ['--group', 'patient', '--split', 'split'];
    const { report } = await room.imports('in.csv', ...TABLE, ...options);
    assert.match(
      report,
      /1 sequence stands in two of the given splits; .* a \(train\) = c \(test\)/,
    );
    assert.match(report, /1 group has sequences of several classes: p/);
  });

  it('of no label at all', async () => {
    room.write({ 'in.csv': 'id,values\na,1 2\nb,3 4\n' });
    const { report, sequences } = await room.imports('in.csv', '--id', 'id');
    assert.match(report, /no sequence has a label, so this dataset serves pretraining only/);
    assert.deepEqual(labelsOf({ sequences }), { a: undefined, b: undefined });
    room.write({ 'in.csv': 'id,my class,kind,values\na,x,u,1 2\nb,y,v,3 4\n' });
    const named = await room.imports('in.csv', '--id', 'id');
    assert.match(named.report, /only: --label kind takes the classes from the column "kind"$/m);
    const target = await room.imports('in.csv', '--id', 'id', '--label', 'my class');
    assert.doesNotMatch(target.report, /no sequence has a label/);
  });

  it('of a column of times that nobody named', async () => {
    room.write({ 'steps.csv': 'time,x,y,class\n0,1,2,a\n1,4,5,a\n2,7,8,b\n' });
    const { report } = await room.imports('steps.csv', '--values', 'x..y', '--label', 'class');
    assert.match(report, /each row was read as one sequence, .* --time time says so/);
  });

  describe('and reads other kinds of labels where it is told so', () => {
    const rows = ['a,0 1 0,AFIB,0.5,1 2 3', 'b,1 1 0,AFIB|MI,1.5,4 5 6', 'c,0 0 1,MI,2.5,7 8 9'];
    before(() => room.write({ 'kinds.csv': `id,steps,multi,target,values\n${rows.join('\n')}\n` }));
    const importing = async (...options: string[]) =>
      await room.imports('kinds.csv', '--id', 'id', ...REAL, ...options);

    it('several classes', async () => {
      const { manifest } = await importing('--labels', 'multi');
      assert.equal(manifest.target.kind, 'classes');
      assert.deepEqual(manifest.classes, ['AFIB', 'MI']);
    });

    it('numbers', async () => {
      const { manifest } = await importing('--target', 'target');
      assert.equal(manifest.target.kind, 'numbers');
      assert.deepEqual(manifest.classes, []);
    });

    it('a class for each timestep', async () => {
      const { manifest } = await importing('--timestep-labels', 'steps');
      assert.equal(manifest.target.kind, 'timestep-class');
      assert.deepEqual(manifest.classes, ['0', '1']);
    });
  });
});

describe('training', () => {
  const room = new Room();
  after(() => room.remove());
  /** Imports waves of 40 to 500 steps. */
  const importLong = async () => {
    const random = randomNumbers(5);
    const long = waves({ count: 30, classes: ['c0', 'c1'] }).map((wave) => {
      const length = 100 + Math.floor(400 * random());
      return { ...wave, values: Array.from({ length }, (_, t) => wave.values[t % 40]! + random()) };
    });
    room.write({ 'long.csv': csv(long) });
    return (await room.imports('long.csv', ...TABLE, '--shares', '0.5,0.25,0.25')).store;
  };

  it('refuses a budget of tokens that one sequence exceeds; data.crop keeps within it', async () => {
    const store = await importLong();
    room.write({ 'budget.yaml': runConfig({ store, steps: 2, tokens: 100 }) });
    const line = await room.refused('train', 'budget.yaml', '--run', 'budget');
    assert.match(
      line,
      /The longest sequence has \d+ timesteps, but batch\.tokensPerMicroBatch allows 100; \d+ of 1\d sequences are longer/,
    );
    assert.match(
      line,
      /Raise batch\.tokensPerMicroBatch to \d+ or more, or set data\.crop to 100 or less\./,
    );
    await room.runs(
      'train',
      'budget.yaml',
      '--run',
      'cropped',
      '--set',
      'phases.cls.data.crop=100',
    );
  });

  it('refuses pretraining that compares rows which are mostly alone', async () => {
    const store = await importLong();
    room.write({
      'lone.yaml': runConfig({ store, steps: 2, tokens: 512, objective: 'contrastive' }),
    });
    assert.match(
      await room.refused('train', 'lone.yaml', '--run', 'lone'),
      /\d+ % of the sequences are alone in their micro-batch, where objective "contrastive" has nothing to compare them with/,
    );
  });

  it('warns of a class without a training sequence, and predicts the others', async () => {
    const rows = waves({ count: 20, classes: ['c0', 'c1'] }).map(
      ({ id, label, values: list }, i) =>
        `${id},${label},${i < 16 ? 'train' : 'test'},${list.join(' ')}\n`,
    );
    const rare = ['validation', 'test'].map(
      (split, i) => `r${i},rare,${split},${'1 -1 0.5 2 '.repeat(12 + i).trim()}\n`,
    );
    room.write({ 'rare.csv': `id,class,split,values\n${[...rows, ...rare].join('')}` });
    const { store } = await room.imports('rare.csv', ...TABLE, '--split', 'split');
    room.write({ 'rare.yaml': runConfig({ store, steps: 4 }) });
    const { stderr, stdout } = await room.runs('train', 'rare.yaml', '--run', 'rare');
    assert.match(
      `${stdout}${stderr}`,
      /Warning: Phase "cls": class "rare" has no training sequence; the model cannot learn it\./,
    );
    const report = JSON.parse((await room.runs('evaluate', 'rare', '--json')).stdout);
    assert.equal(report.sequences, 5);
  });

  describe('on the symbols 0, 1, 2 and 9', () => {
    before(async () => {
      room.write({
        'symbols.csv': csv(
          symbols(30, [
            [0, 2, 9],
            [0, 1, 9],
          ]),
        ),
        'new.csv': csv(symbols(6, [[5, 6, 7]])),
        'known.csv': csv(symbols(6, [[0, 2, 9]])),
        'above.csv': 'id,class,values\nlarge,c0,0 10\nok,c0,0 2 9\n',
      });
      const { store } = await room.imports('symbols.csv', ...COLUMNS);
      room.write({ 'symbols.yaml': runConfig({ store, steps: 4, input: 'embedding' }) });
      await room.runs('train', 'symbols.yaml', '--run', 'symbols');
    });

    it('predicts sequences of other symbols with a warning that counts them', async () => {
      const { stderr } = await room.runs('predict', 'symbols', '--files', 'new.csv');
      assert.match(
        stderr,
        /Warning: 6 of 6 sequences hold symbols that training never saw \(5, 6, 7\), such as "s\d": do not rely on their predictions\./,
      );
      const json = await room.runs('predict', 'symbols', '--files', 'new.csv', '--format', 'jsonl');
      for (const line of json.stdout.trim().split('\n')) assert.ok(JSON.parse(line).unfamiliar);
    });

    it('says nothing of known symbols, and leaves out larger ones', async () => {
      const known = await room.runs('predict', 'symbols', '--files', 'known.csv');
      assert.doesNotMatch(known.stderr, /Warning/);
      const above = await room.runs('predict', 'symbols', '--files', 'above.csv');
      assert.match(
        above.stderr,
        /1 skipped, contains a value above those that the model was trained on: large/,
      );
    });
  });
});
