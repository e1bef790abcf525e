/** A trained model on raw files: they are read as the training data were. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { LOCKSTEP, Workplace } from '../helper/command-line.ts';

const config = (name: string, store: string, learningRate = 1e-2) => `
name: ${name}
data: { store: ${store} }
model: { family: dilated, channels: 4, dilations: [1] }
batch: { microBatches: 1, tokensPerMicroBatch: 512 }
phases:
  - name: train
    start: fresh
    objective: { kind: supervised }
    optimizer: { kind: adamw }
    learningRate: { kind: constant, value: ${learningRate} }
    duration: { steps: 3 }
`;
const COLUMNS = ['--id', 'id', '--label', 'kind', '--values', 'steps'];
/** Twelve sequences of the symbols 0, 1, 2, 3 and 7. */
const table = (odd: string, even: string) => {
  const digits = (i: number) => i.toString(2).padStart(4, '0').split('').join(' ');
  const row = (_: unknown, i: number) => `s${i},${i % 2 ? odd : even},${digits(i)} 2 3 7`;
  return ['id,kind,steps', ...Array.from({ length: 12 }, row)].join('\n');
};
const letters = (label: string, i: number) =>
  (label === 'a' ? 'the quick brown fox ' : 'int main(void) { return 0; } ').repeat(2 + i) + i;

describe('raw files', () => {
  const place = new Workplace();
  after(() => place.remove());
  const succeed = async (...args: string[]) => {
    const ended = await place.run(...args);
    assert.equal(ended.code, 0, ended.stderr);
    return ended;
  };
  const sorted = (text: string) => text.trimEnd().split('\n').sort();

  before(async () => {
    for (const label of ['a', 'b']) {
      mkdirSync(place.path('text', label), { recursive: true });
      for (let i = 0; i < 10; i++) {
        writeFileSync(place.path('text', label, `${i}.txt`), letters(label, i));
      }
    }
    await succeed('data', 'import', 'text', 'data/text', '--symbol-map', 'text-41');
    writeFileSync(place.path('text.yaml'), config('text', 'data/text'));
    await succeed('train', 'text.yaml');
  });

  it('of a folder are predicted and evaluated as from the dataset', async () => {
    const [store, raw] = [
      await succeed('predict', 'runs/text'),
      await succeed('predict', 'runs/text', '--files', 'text'),
    ];
    assert.equal(sorted(store.stdout).length, 21);
    assert.deepEqual(sorted(raw.stdout), sorted(store.stdout));
    assert.equal(raw.stderr, '', 'nothing was left out');

    const evaluate = ['evaluate', 'runs/text', '--files', 'text', '--json'];
    const { code, stderr } = await place.run(...evaluate);
    assert.equal(code, 3);
    assert.match(
      stderr,
      /^DATA_INVALID: "runs\/text" was trained on 14 of these 20 sequences, such as "[ab]\/\d\.txt"/,
    );
    const allowed = await succeed(...evaluate, '--allow-training-sequences');
    const evaluated = JSON.parse(allowed.stdout);
    assert.equal(evaluated.sequences, 20);
    assert.equal(evaluated.trainingSequences, 14);
    assert.equal(evaluated.unfamiliarSequences, 0);
    assert.equal(evaluated.dataset, 'text');
    assert.equal('split' in evaluated, false);
  });

  it('need no classes, keep duplicates, and lose only what the model cannot read', async () => {
    mkdirSync(place.path('new'));
    writeFileSync(place.path('new', 'one.txt'), letters('a', 1));
    writeFileSync(place.path('new', 'same.txt'), letters('a', 1));
    writeFileSync(place.path('new', 'empty.txt'), '');
    writeFileSync(place.path('new', 'binary.dat'), Buffer.from([65, 0, 66]));
    const { stdout, stderr } = await succeed(
      ...['predict', 'runs/text', '--files', 'new', '--format', 'jsonl', '--workers', '2'],
    );
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ id }) => id).sort(), ['one.txt', 'same.txt']);
    assert.deepEqual(lines[0].probabilities, lines[1].probabilities);
    assert.equal(
      stderr,
      [
        'new: read 4, kept 2 sequences (122 tokens)',
        '  1 skipped, binary file (contains a NUL byte): binary.dat',
        '  1 skipped, empty sequence: empty.txt',
        '',
      ].join('\n'),
    );
  });

  it('of a table are read by its columns; a value that the model does not know is left out', async () => {
    writeFileSync(place.path('mine.csv'), table('x', 'y'));
    await succeed('data', 'import', 'mine.csv', 'data/mine', ...COLUMNS);
    writeFileSync(place.path('mine.yaml'), config('mine', 'data/mine'));
    await succeed('train', 'mine.yaml');
    writeFileSync(
      place.path('new.csv'),
      'id,steps\ngood,0 1 2\nodd,5 0 6 5\nlarge,0 9\nnan,1 nan\n',
    );
    const { stdout, stderr } = await succeed('predict', 'runs/mine', '--files', 'new.csv');
    assert.deepEqual(
      stdout.split('\n').map((line) => line.split(',')[0]),
      ['id', 'good', 'odd', ''],
    );
    assert.match(
      stderr,
      /^Warning: 1 of 2 sequences hold symbols that training never saw \(5, 6\), such as "odd": do not rely/m,
    );
    assert.match(
      stderr,
      /1 skipped, contains a value above those that the model was trained on: large/,
    );
    assert.match(stderr, /1 skipped, contains NaN or Infinity: nan/);
  });

  it('get the class names of the run, whatever lies in the place of its dataset now', async () => {
    const predict = ['predict', 'runs/mine', '--files', 'mine.csv'];
    const before = await succeed(...predict);
    assert.match(before.stdout, /^id,class,p\(x\),p\(y\)$/m);
    const again = ['data', 'import', 'renamed.csv', 'data/mine', '--overwrite', ...COLUMNS];
    writeFileSync(place.path('renamed.csv'), table('z', 'y'));
    await succeed(...again);
    assert.equal((await succeed(...predict)).stdout, before.stdout);
    const { code, stderr } = await place.run('evaluate', 'runs/mine');
    assert.equal(code, 3);
    assert.match(
      stderr,
      /^DATA_INVALID: Dataset ".*data\/mine" is not the one that "runs\/mine" was trained on\. They differ in the content hash \(\w{12}… there, \w{12}… here\); the class names \(x, y there, y, z here\)/,
    );
    const asOther = await place.run('evaluate', 'runs/mine', '--data', 'data/mine');
    assert.equal(asOther.code, 3);
    assert.match(asOther.stderr, /has a class "z" that the model was not trained on/);
  });

  it('and datasets with sequences that were in training are evaluated only when that is allowed', async () => {
    const seed = ['--overwrite', '--seed', '1', ...COLUMNS];
    await succeed('data', 'import', 'mine.csv', 'data/mine', ...seed);
    const evaluate = ['evaluate', 'runs/mine', '--data', 'data/mine', '--split', 'train'];
    const { code, stderr } = await place.run(...evaluate);
    assert.equal(code, 3);
    assert.match(stderr, /"data\/mine" differs from the training data in the content hash/);
    const [, known] = /was trained on (\d+) of these \d+ sequences/.exec(stderr)!;
    const { stdout } = await succeed(...evaluate, '--allow-training-sequences');
    assert.match(stdout, new RegExp(`^${known} of them were in training$`, 'm'));
  });

  it('are refused where the training data were not imported', async () => {
    await succeed(
      'data',
      'synth',
      'data/made',
      '--count',
      '20',
      '--min-length',
      '20',
      '--max-length',
      '40',
    );
    writeFileSync(place.path('made.yaml'), config('made', 'data/made', 1e5));
    await succeed('train', 'made.yaml');
    const { code, stderr } = await place.run('predict', 'runs/made', '--files', 'text');
    assert.equal(code, 2);
    assert.equal(
      stderr,
      `USAGE: Cannot read raw files as the training data of "runs/made" were read: its dataset "made" does not say how it was imported. Make a dataset of the files with "${LOCKSTEP} data import" and give it by --data.\n`,
    );
  });

  it('and all others have a finite log-loss, also where a probability is 0', async () => {
    const { stdout } = await succeed('evaluate', 'runs/made', '--split', 'train', '--json');
    const { logLoss } = JSON.parse(stdout) as { logLoss: number | null };
    assert.ok(logLoss !== null && logLoss > 746, 'more than −log of the least float64');
  });
});
