import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoreManifest } from '../../../../src/data/format/store.ts';
import {
  dataDifferences,
  describeOtherData,
  refuseOtherData,
} from '../../../../src/workflow/predict/other-data.ts';
import { tinyStore } from '../../worker/tiny-run.ts';

const { manifest: trained } = tinyStore();
const other = (change: Partial<StoreManifest> = {}) => ({
  ...trained,
  contentHash: 'e'.repeat(64),
  ...change,
});
const HASHES = 'the content hash (dddddddddddd… there, eeeeeeeeeeee… here)';

describe('another dataset than that of the run', () => {
  it('is told by its hash, its classes, its counts and its range', () => {
    const change = {
      classes: ['even', 'uneven'],
      valueRange: { minimum: 0, maximum: 9 },
      sequences: 25,
    };
    assert.deepEqual(dataDifferences(trained, other(change)), [
      HASHES,
      'the class names (even, odd there, even, uneven here)',
      'the range of the values (0…4 there, 0…9 here)',
      'the number of sequences (24 there, 25 here)',
    ]);
  });

  it('may have the same counts', () => {
    assert.equal(
      describeOtherData(trained, { path: 'p', manifest: other() }),
      `"p" differs from the training data in ${HASHES}; the sequences, their labels or their splits.`,
    );
  });

  it('is refused in the place of the own one, with the way to use it', () => {
    assert.throws(() => refuseOtherData('run', trained, { path: 'p', manifest: other() }), {
      code: 'DATA_INVALID',
      message: `Dataset "p" is not the one that "run" was trained on. They differ in ${HASHES}; the sequences, their labels or their splits.`,
      advice: 'To use it all the same, give it as another dataset: --data p.',
    });
  });

  it('is none with the same hash, under whatever name', () => {
    const renamed = { ...trained, name: 'copy' };
    assert.deepEqual(dataDifferences(trained, renamed), []);
    refuseOtherData('run', trained, { path: 'copy', manifest: renamed });
  });
});
