import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeTrainingData, readTrainingData } from '../../../src/data/training-data.ts';
import { TRAINING_DATA } from '../checkpoint/sample.ts';

describe('what a run was trained on', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'training-data-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const write = (text: string) => writeFileSync(join(folder, 'data.json'), text);

  it('is said to be absent from the folder of an older version', () => {
    assert.throws(() => readTrainingData(folder), {
      code: 'CHECKPOINT_MISMATCH',
      message: `"${folder}" does not say what its model was trained on: it has no data.json, as an older version of Lockstep made it.`,
      advice: 'Use the version that made it, or train the run anew with this one.',
    });
  });

  it('comes back as it was written', () => {
    write(encodeTrainingData(TRAINING_DATA));
    assert.deepEqual(readTrainingData(folder), TRAINING_DATA);
  });

  it('is refused when damaged', () => {
    for (const text of ['', '{}', encodeTrainingData(TRAINING_DATA).replace('"even"', '3')]) {
      write(text);
      assert.throws(() => readTrainingData(folder), { code: 'CHECKPOINT_CORRUPT' });
    }
  });
});
