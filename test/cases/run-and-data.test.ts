/** A run keeps what it was trained on: nothing that lies in the place of its data later changes what it says. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { runConfig } from './config.ts';
import { COLUMNS, csv, REAL, type Sequence, waves } from './input.ts';
import { Room } from './room.ts';

/** With all that is awkward in a CSV file. */
const CLASSES = ['a,b', 'x"y', '__proto__', '=1+1', '日本\n語'] as const;
/** 64-bit integers, of which a float64 would keep 16 digits, and ids that need quotes. */
const idOf = (i: number) =>
  i % 2 === 0 ? `${1234567890123456789n + BigInt(i)}` : `id "${i}",\nend`;
const IMPORT = [...COLUMNS, ...REAL, '--shares', '0.5,0.25,0.25'];
/** Two classes that change places cost 0.4; which of the unlabelled ones are right differs by processor. */
const MOSTLY = 0.75;

interface Prediction {
  readonly id: string;
  readonly class: string;
}

describe('a run', () => {
  const room = new Room();
  after(() => room.remove());
  let data: Sequence[];
  const trueClass = () => new Map(data.map(({ id, label }) => [id, label]));

  /** Imports into the place of the data. */
  const importAgain = async (source: string, ...options: string[]) =>
    await room.runs('data', 'import', source, 'data', '--overwrite', ...IMPORT, ...options);
  const predictions = async (...options: string[]): Promise<Prediction[]> => {
    const { stdout } = await room.runs('predict', 'run', '--format', 'jsonl', ...options);
    const lines = stdout.trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Prediction);
  };
  const correct = (found: readonly Prediction[]) => {
    const known = trueClass();
    return found.filter(({ id, class: name }) => known.get(id) === name).length / found.length;
  };

  before(async () => {
    data = waves({ count: 60, classes: CLASSES, idOf });
    room.write({ 'in.csv': csv(data), 'run.yaml': runConfig({ store: 'data', steps: 60 }) });
    await importAgain('in.csv');
    await room.runs('train', 'run.yaml', '--run', 'run');
  });

  it('learns its classes', async () => {
    const { accuracy } = JSON.parse((await room.runs('evaluate', 'run', '--json')).stdout);
    assert.ok(accuracy >= 0.6, `accuracy ${accuracy}, chance is 0.2`);
  });

  it('gives all ids and classes back, character by character, in JSON and in CSV', async () => {
    const found = await predictions();
    assert.deepEqual(found.map(({ id }) => id).sort(), data.map(({ id }) => id).sort());
    assert.ok(correct(found) >= MOSTLY, `${correct(found)} are right`);

    const { stdout } = await room.runs('predict', 'run');
    const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    for (const { id, class: name } of found) {
      const row = `\n${cell(id)},${cell(name)},`;
      assert.ok(stdout.includes(row), `no row ${JSON.stringify(row)}`);
    }
  });

  describe('whose data are imported again with a class renamed', () => {
    before(async () => {
      const renamed = data.map((one) => (one.label === 'a,b' ? { ...one, label: 'zz' } : one));
      room.write({ 'renamed.csv': csv(renamed) });
      await importAgain('renamed.csv');
    });

    it('predicts the classes that it was trained on', async () => {
      const found = await predictions('--files', 'in.csv');
      assert.equal(found.length, 60);
      assert.ok(correct(found) >= MOSTLY, `${correct(found)} are right`);
      assert.ok(found.every(({ class: name }) => name !== 'zz'));
    });

    it('refuses to evaluate the others, and says what differs', async () => {
      const line = await room.refused('evaluate', 'run');
      assert.match(
        line,
        /is not the one that "run" was trained on\. They differ in the content hash \(\w{12}… there, \w{12}… here\); the class names \(/,
      );
      assert.match(line, /give it as another dataset: --data /);
      const given = await room.refused('evaluate', 'run', '--data', 'data');
      assert.match(given, /has a class "zz" that the model was not trained on|"zz"/);
    });

    it('refuses to be resumed with them', async () => {
      assert.match(
        await room.refused('resume', 'run', '--set', 'phases.cls.duration.steps=61'),
        /^[A-Z_]+: /,
      );
    });
  });

  describe('whose data are imported again with another seed', () => {
    before(async () => {
      await importAgain('in.csv', '--seed', '1');
      cpSync(room.path('data'), room.path('moved'), { recursive: true });
    });

    it('refuses to evaluate them: training sequences are in their test split', async () => {
      assert.match(
        await room.refused('evaluate', 'run'),
        /differ in the content hash \(\w{12}… there, \w{12}… here\); the sequences, their labels or their splits\./,
      );
    });

    it('refuses them under another name, unless training sequences are allowed, and counted', async () => {
      const evaluate = ['evaluate', 'run', '--data', 'moved'];
      const { code, stderr } = await room.place.run(...evaluate);
      assert.equal(code, 3);
      const [, known] = /was trained on (\d+) of these 1\d sequences/.exec(stderr) ?? [];
      assert.ok(Number(known) > 0, stderr);
      const allowed = await room.runs(...evaluate, '--allow-training-sequences', '--json');
      assert.equal(JSON.parse(allowed.stdout).trainingSequences, Number(known));
    });
  });

  it('whose data are imported again as they were evaluates them', async () => {
    await importAgain('in.csv');
    const { sequences } = JSON.parse((await room.runs('evaluate', 'run', '--json')).stdout);
    assert.equal(sequences, 15);
  });

  it('whose data are gone predicts files, and says what it misses elsewhere', async () => {
    room.delete('data');
    assert.equal((await predictions('--files', 'in.csv')).length, 60);
    assert.match(await room.refused('evaluate', 'run'), /data/);
  });
});

describe('a run that is stopped and resumed', () => {
  const room = new Room();
  after(() => room.remove());
  const hashOf = (run: string) =>
    (room.place.json(run, 'exit.json') as { stateHash: string }).stateHash;

  it('on another number of workers ends with the weights of one that never stopped', async () => {
    room.write({ 'in.csv': csv(waves({ count: 40, classes: ['c0', 'c1'] })) });
    const { store } = await room.imports('in.csv', ...IMPORT);
    room.write({ 'run.yaml': runConfig({ store, steps: 60 }) });
    await room.runs('train', 'run.yaml', '--run', 'whole', '--workers', '1');

    const { child, ended } = room.place.start(
      'train',
      'run.yaml',
      '--run',
      'stopped',
      '--workers',
      '2',
    );
    await room.place.untilSteps('stopped', 5);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    const { globalStep } = room.place.json('stopped', 'exit.json') as { globalStep: number };
    assert.ok(globalStep < 60, `stopped after step ${globalStep} with ${code}: ${stderr}`);
    await room.runs('resume', 'stopped', '--workers', '1');
    assert.equal(hashOf('stopped'), hashOf('whole'));
  });
});
