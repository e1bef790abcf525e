/** A trained model on raw files: they are read as the training data were. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { LOCKSTEP, Workplace } from '../helper/command-line.ts';

const config = (name: string, store: string) => `
name: ${name}
data: { store: ${store} }
model: { family: dilated, channels: 4, dilations: [1] }
batch: { microBatches: 1, tokensPerMicroBatch: 512 }
phases:
  - name: train
    start: fresh
    objective: { kind: supervised }
    optimizer: { kind: adamw }
    learningRate: { kind: constant, value: 1.0e-2 }
    duration: { steps: 3 }
`;
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

    const evaluated = JSON.parse(
      (await succeed('evaluate', 'runs/text', '--files', 'text', '--json')).stdout,
    );
    assert.equal(evaluated.sequences, 20);
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
    const rows = (count: number) =>
      Array.from({ length: count }, (_, i) => `s${i},${i % 2 ? 'x' : 'y'},0 1 2 ${i % 4} 1`);
    writeFileSync(place.path('mine.csv'), ['id,kind,steps', ...rows(12)].join('\n'));
    await succeed(
      ...['data', 'import', 'mine.csv', 'data/mine'],
      ...['--id', 'id', '--label', 'kind', '--values', 'steps'],
    );
    writeFileSync(place.path('mine.yaml'), config('mine', 'data/mine'));
    await succeed('train', 'mine.yaml');
    writeFileSync(place.path('new.csv'), 'id,steps\ngood,0 1 2\nlarge,0 9\nnan,1 nan\n');
    const { stdout, stderr } = await succeed('predict', 'runs/mine', '--files', 'new.csv');
    assert.deepEqual(
      stdout.split('\n').map((line) => line.split(',')[0]),
      ['id', 'good', ''],
    );
    assert.match(
      stderr,
      /1 skipped, contains a value above those that the model was trained on: large/,
    );
    assert.match(stderr, /1 skipped, contains NaN or Infinity: nan/);
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
    writeFileSync(place.path('made.yaml'), config('made', 'data/made'));
    await succeed('train', 'made.yaml');
    const { code, stderr } = await place.run('predict', 'runs/made', '--files', 'text');
    assert.equal(code, 2);
    assert.equal(
      stderr,
      `USAGE: Cannot read raw files as the training data of "runs/made" were read: its dataset "made" does not say how it was imported. Make a dataset of the files with "${LOCKSTEP} data import" and give it by --data.\n`,
    );
  });
});
