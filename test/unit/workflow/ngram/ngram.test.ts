/** N-grams from a dataset to predictions: fitted, saved, read back. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LockstepError } from '../../../../src/core/errors.ts';
import { randomStream } from '../../../../src/core/random.ts';
import { readRunConfig } from '../../../../src/run/folder.ts';
import { buildStore } from '../../../../src/workflow/data/build-store.ts';
import { ngram } from '../../../../src/workflow/ngram/ngram.ts';
import { evaluate } from '../../../../src/workflow/predict/evaluate.ts';
import { type Prediction, predict } from '../../../../src/workflow/predict/predict.ts';

const SPLITS = ['train', 'train', 'train', 'validation', 'test'] as const;
const SMALL = ['model.buckets=1024', 'model.gaps=2', 'model.longestGap=12'];

/** Noise that repeats what was `gap` timesteps before: nothing but the distance tells the classes apart. */
function echo(number: number, gap: number): number[] {
  const stream = randomStream(5, 'synthetic', number);
  const values: number[] = [];
  for (let t = 0; t < 300; t++) {
    const repeats = t >= gap && stream.uniform(2 * t) < 0.5;
    values.push(repeats ? values[t - gap]! : stream.integer(2 * t + 1, 6));
  }
  return values;
}

const refused = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof LockstepError);
  assert.equal(thrown.code, code);
  return true;
};

describe('n-grams', () => {
  const room = mkdtempSync(join(tmpdir(), 'ngram-'));
  const at = (name: string) => join(room, name);
  after(() => rmSync(room, { recursive: true }));
  const records = Array.from({ length: 100 }, (_, i) => ({
    id: `s${i}`,
    split: SPLITS[i % 5]!,
    values: echo(i, i % 2 === 0 ? 7 : 11),
    ...((i < 40 || i % 5 > 2) && { label: i % 2 === 0 ? 'seven' : 'eleven' }),
  }));

  before(async () => {
    await buildStore({ source: records, store: at('data'), valueType: 'uint8' });
  });

  it('find the distances without labels, and classes with few; the same with the same seed', async () => {
    const set = [...SMALL, 'data.labelsPerClass=4'];
    const fitted = await ngram({ data: at('data'), runFolder: at('run'), set });
    assert.deepEqual([fitted.labelled, fitted.sequences], [8, 60]);
    assert.deepEqual([fitted.gaps, fitted.choices[0]!.block], [[7, 11], 'pairs']);
    assert.deepEqual([fitted.chosenBy, fitted.merit.value], ['validation', 1]);
    const again = await ngram({ data: at('data'), runFolder: at('again'), set });
    assert.equal(again.stateHash, fitted.stateHash);
    const result = await evaluate({ runFolder: at('run') });
    assert.ok(result.task === 'class' && result.accuracy > 0.94);
  });

  it('predict the same on any number of workers', async () => {
    const predictions = async (workers: number) => {
      const all: Prediction[] = [];
      for await (const one of predict({ runFolder: at('run'), split: 'test', workers }))
        all.push(one);
      return all;
    };
    const [one, two] = [await predictions(1), await predictions(2)];
    assert.equal(one.length, 20);
    assert.deepEqual(two, one);
  });

  it('are chosen by the labelled sequences among themselves where no validation split is', async () => {
    const source = records.filter(({ split }) => split !== 'validation');
    await buildStore({ source, store: at('small'), valueType: 'uint8' });
    const { chosenBy } = await ngram({ data: at('small'), runFolder: at('loo'), set: SMALL });
    assert.equal(chosenBy, 'leave-one-out');
    const result = await evaluate({ runFolder: at('loo') });
    assert.ok(result.task === 'class' && result.accuracy > 0.94);
  });

  it('learn numbers', async () => {
    const source = records.map(({ label: _, ...one }, i) => ({ ...one, targets: [i % 2] }));
    await buildStore({ source, store: at('numbers'), valueType: 'uint8', targetNames: ['odd'] });
    await ngram({ data: at('numbers'), runFolder: at('regression'), set: SMALL });
    const result = await evaluate({ runFolder: at('regression') });
    assert.ok(result.task === 'numbers' && result.r2 > 0.7);
  });

  it('refuse real values and leave nothing behind', async () => {
    const source = records.map((one) => ({ ...one, values: one.values.map((v) => v / 2) }));
    await buildStore({ source, store: at('real'), valueType: 'float32' });
    const wrong = ngram({ data: at('real'), runFolder: at('wrong') });
    await assert.rejects(wrong, refused('DATA_INVALID'));
    assert.equal(existsSync(at('wrong')), false);
  });

  it('are nothing to go on with, and have no features between', async () => {
    assert.throws(() => readRunConfig(at('run')), refused('USAGE'));
    const embeddings = predict({ runFolder: at('run'), embeddings: true });
    await assert.rejects(async () => await embeddings.next(), refused('USAGE'));
  });
});
