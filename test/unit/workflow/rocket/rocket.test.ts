/** A rocket from a dataset to predictions: fitted, saved, read back. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { canonicalJson } from '../../../../src/core/canonical-json.ts';
import { LockstepError } from '../../../../src/core/errors.ts';
import { sha256 } from '../../../../src/core/hash.ts';
import { randomStream } from '../../../../src/core/random.ts';
import { readRunConfig } from '../../../../src/run/folder.ts';
import { readRocketRun } from '../../../../src/run/rocket/rocket-run.ts';
import { buildStore } from '../../../../src/workflow/data/build-store.ts';
import { evaluate } from '../../../../src/workflow/predict/evaluate.ts';
import { type Prediction, predict } from '../../../../src/workflow/predict/predict.ts';
import { rocket } from '../../../../src/workflow/rocket/rocket.ts';

const SMALL = ['model.variant=mini', 'model.features=168', 'seed=4'];
const draw = randomStream(1, 'synthetic');

/** Waves of two periods, of several lengths, a line each: what `data import` reads. */
function waves(count: number, first: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const name = i % 2 === 0 ? 'slow' : 'fast';
    const values = Array.from({ length: 30 + i }, (_, t) => {
      const wave = Math.sin((t + first + i) / (name === 'slow' ? 3 : 2));
      return (5 + wave + 0.3 * draw.uniform(1000 * (first + i) + t)).toFixed(4);
    });
    return `s${first + i},${name},${values.join(' ')}`;
  });
  return `id,class,values\n${lines.join('\n')}\n`;
}

const refused = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof LockstepError);
  assert.equal(thrown.code, code);
  return true;
};

describe('a rocket', () => {
  const room = mkdtempSync(join(tmpdir(), 'rocket-'));
  const at = (name: string) => join(room, name);
  after(() => rmSync(room, { recursive: true }));

  before(async () => {
    writeFileSync(at('train.csv'), waves(16, 0));
    writeFileSync(at('test.csv'), waves(10, 100));
    const columns = { id: 'id', label: 'class', valueType: 'float32' as const };
    await buildStore({
      train: at('train.csv'),
      test: at('test.csv'),
      ...columns,
      store: at('data'),
    });
  });

  it('is fitted, saved and evaluated, the same with the same seed', async () => {
    const fitted = await rocket({ data: at('data'), runFolder: at('run'), set: SMALL });
    assert.deepEqual([fitted.sequences, fitted.features], [16, 168]);
    assert.deepEqual(fitted.heldOut, { metric: 'accuracy', value: 1 });
    const again = await rocket({ data: at('data'), runFolder: at('again'), set: SMALL });
    assert.equal(again.stateHash, fitted.stateHash);
    const result = await evaluate({ runFolder: at('run') });
    assert.ok(result.task === 'class' && result.accuracy === 1);
  });

  it('has four features a bias, of values and differences, where that takes seconds', async () => {
    const set = [...SMALL, 'model.variant=auto'];
    const { features } = await rocket({ data: at('data'), runFolder: at('multi'), set });
    assert.equal(features, 2 * 4 * 84);
    assert.match(readFileSync(join(at('multi'), 'config.yaml'), 'utf8'), /variant: multi/);
    const result = await evaluate({ runFolder: at('multi') });
    assert.ok(result.task === 'class' && result.accuracy === 1);
  });

  it('predicts new files, the same on any number of workers', async () => {
    const predictions = async (workers: number) => {
      const all: Prediction[] = [];
      const request = { runFolder: at('run'), files: at('test.csv'), workers };
      for await (const one of predict(request)) all.push(one);
      return all;
    };
    const [one, two] = [await predictions(1), await predictions(2)];
    assert.equal(one.length, 10);
    assert.deepEqual(two, one);
  });

  it('takes as many labels as it is told, by the draw of any run', async () => {
    const set = [...SMALL, 'data.labelsPerClass=3', 'data.scaling=sequence'];
    const { sequences, features } = await rocket({ data: at('data'), runFolder: at('few'), set });
    assert.deepEqual([sequences, features], [6, 168 + 2]);
    assert.equal((await readRocketRun(at('few'))).data.labelledSequences[0], 6);
  });

  it('learns numbers in their own units, and several classes', async () => {
    const source = Array.from({ length: 24 }, (_, i) => ({
      id: `${i}`,
      split: i < 16 ? ('train' as const) : ('test' as const),
      values: Array.from({ length: 40 }, (_, t) => Math.sin(t / (2 + (i % 8) / 4)) + (i % 2) * t),
    }));
    const numbers = source.map((one, i) => ({ ...one, targets: [1000 + 10 * (i % 8)] }));
    const given = { valueType: 'float32' as const, duplicates: 'keep' as const };
    await buildStore({ ...given, source: numbers, store: at('numbers'), targetNames: ['period'] });
    await rocket({ data: at('numbers'), runFolder: at('regression'), set: SMALL });
    const result = await evaluate({ runFolder: at('regression') });
    assert.ok(result.task === 'numbers' && result.r2 > 0.9);
    const classes = source.map((one, i) => ({
      ...one,
      labels: [...(i % 2 === 1 ? ['rising'] : []), ...(i % 8 > 3 ? ['slow'] : [])],
    }));
    await buildStore({ ...given, source: classes, store: at('classes') });
    const fitted = await rocket({ data: at('classes'), runFolder: at('several'), set: SMALL });
    assert.ok(fitted.heldOut.value > 0.9);
  });

  it('is not fitted to one class: nothing is to be told apart', async () => {
    await buildStore({
      source: [0, 1, 2, 3].map((i) => ({ id: `s${i}`, label: 'only', values: [i, 0.5, 1] })),
      store: at('one-class'),
    });
    await assert.rejects(rocket({ data: at('one-class'), runFolder: at('one'), set: SMALL }), {
      code: 'DATA_INVALID',
      message:
        'All training sequences with a label are of the class "only": there is nothing to tell apart.',
    });
    assert.ok(!existsSync(at('one')));
  });

  it('leaves nothing behind when options or data are wrong, and no other run in its place', async () => {
    const data = at('data');
    const wrong = rocket({ data, runFolder: at('wrong'), set: ['data.labelsPerClass=100'] });
    await assert.rejects(wrong, refused('DATA_INVALID'));
    const unknown = rocket({ data, runFolder: at('wrong'), set: ['model.kernels=3'] });
    await assert.rejects(unknown, refused('CONFIG_INVALID'));
    assert.equal(existsSync(at('wrong')), false);
    await assert.rejects(rocket({ data, runFolder: at('run'), set: SMALL }), refused('RUN_EXISTS'));
  });

  it('keeps its folder while it is fitted, and takes one in which a dead command left its lock', async () => {
    const [data, runFolder] = [at('data'), at('claimed')];
    mkdirSync(at('elsewhere'));
    symlinkSync('elsewhere', runFolder);
    writeFileSync(join(runFolder, 'lock.1-0123abcd'), '');
    const fitting = rocket({ data, runFolder, set: SMALL });
    await assert.rejects(rocket({ data, runFolder, set: SMALL }), refused('RUN_LOCKED'));
    await fitting;
    assert.deepEqual(readdirSync(at('elsewhere')).sort(), [
      ...['config.yaml', 'data.json', 'manifest.json', 'rocket.safetensors'],
      'training-sequences.bin',
    ]);
    assert.ok(lstatSync(runFolder).isSymbolicLink());
    await readRocketRun(runFolder);
  });

  it('reads no file that is not its own, whatever its manifest says', async () => {
    cpSync(at('run'), at('sent'), { recursive: true });
    const file = join(at('sent'), 'manifest.json');
    const { manifestHash: _, files, ...body } = JSON.parse(readFileSync(file, 'utf8'));
    for (const name of ['../train.csv', '/etc/hostname', '.']) {
      const facts = { sizeBytes: 1, sha256: '0'.repeat(64) };
      const forged = { ...body, files: { ...files, [name]: facts } };
      const manifestHash = sha256(canonicalJson(forged));
      writeFileSync(file, JSON.stringify({ ...forged, manifestHash }));
      await assert.rejects(readRocketRun(at('sent')), {
        code: 'CHECKPOINT_CORRUPT',
        message: `"${at('sent')}" is damaged: manifest.json is not what was written.`,
      });
    }
  });

  it('is nothing to go on with, and refuses files that were changed', async () => {
    assert.throws(() => readRunConfig(at('run')), refused('USAGE'));
    const config = join(at('again'), 'config.yaml');
    assert.match(readFileSync(config, 'utf8'), /family: rocket/);
    appendFileSync(config, '\n');
    await assert.rejects(readRocketRun(at('again')), refused('CHECKPOINT_CORRUPT'));
  });
});
