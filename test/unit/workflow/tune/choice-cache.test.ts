import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { DEFAULT_FORMULATIONS } from '../../../../src/engine/formulations.ts';
import { type Choice, ChoiceCache } from '../../../../src/workflow/tune/choice-cache.ts';
import type { TuneKey } from '../../../../src/workflow/tune/tune-key.ts';

const key: TuneKey = {
  device: 'some CPU, avx2',
  threadsPerWorker: 1,
  numerics: 'strict',
  tf32: false,
  versions: ['lockstep 1', 'libtensorflow 2'],
  model: { family: 'reference', channels: 8 },
  objective: { kind: 'supervised' },
  shapeClasses: ['8×512'],
};
const choice: Choice = {
  formulations: DEFAULT_FORMULATIONS,
  tuned: { device: key.device, microBatches: ['8 × 600'], milliseconds: { 'as it is': [1, 2, 3] } },
};
const other: Choice = {
  ...choice,
  formulations: { ...DEFAULT_FORMULATIONS, convolution: 'transposed' },
};

describe('the cache of choices', () => {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-cache-'));
  const folder = join(root, 'lockstep');
  const said: string[] = [];
  const cache = new ChoiceCache(folder, (sentence) => said.push(sentence));
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    said.length = 0;
  });
  after(() => rmSync(root, { recursive: true }));

  it('gives back what was kept for a key, and nothing for another', () => {
    assert.equal(cache.find(key), undefined);
    assert.deepEqual(cache.add(key, choice), choice);
    assert.deepEqual(cache.find(key), choice);
    for (const change of [
      { device: 'another' },
      { threadsPerWorker: 2 },
      { versions: ['lockstep 1', 'libtensorflow 3'] },
      { model: { family: 'reference', channels: 9 } },
      { shapeClasses: ['8×1024'] },
    ]) {
      assert.equal(cache.find({ ...key, ...change }), undefined);
    }
    assert.deepEqual(said, []);
  });

  it('keeps the first of two, unless it is to be replaced', () => {
    cache.add(key, choice);
    assert.deepEqual(cache.add(key, other), choice);
    cache.replace(key, other);
    assert.deepEqual(cache.find(key), other);
    assert.equal(readdirSync(folder).length, 1);
  });

  it('ignores what cannot be read as a choice, in one line, and writes over it', () => {
    cache.add(key, choice);
    const file = join(folder, readdirSync(folder)[0]!);
    for (const damaged of ['', '{"choice": ', '{"choice": {"formulations": {}}}']) {
      said.length = 0;
      writeFileSync(file, damaged);
      assert.equal(cache.find(key), undefined);
      assert.deepEqual(said, [
        `${file} holds no choice of formulations that can be read: it is ignored.`,
      ]);
    }
    assert.deepEqual(cache.add(key, other), other);
    assert.deepEqual(cache.find(key), other);
  });

  it('leaves nothing of a choice that cannot take its name', () => {
    cache.add(key, choice);
    const file = join(folder, readdirSync(folder)[0]!);
    rmSync(file);
    mkdirSync(join(file, 'in the way'), { recursive: true });
    assert.deepEqual(cache.add(key, choice), choice);
    assert.deepEqual(readdirSync(folder), [basename(file)]);
  });

  it('goes on with one line where nothing can be written', () => {
    mkdirSync(root, { recursive: true });
    writeFileSync(folder, 'a file where the folder should be');
    assert.deepEqual(cache.add(key, choice), choice);
    assert.deepEqual(said, [
      `The choice of formulations is not kept for later runs (${folder}: EEXIST).`,
    ]);
  });
});
