import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { describeStore, summariseStore } from '../../../../src/data/format/describe-store.ts';
import { openStore } from '../../../../src/data/format/open-store.ts';
import { writeStore } from '../../../../src/data/format/write-store.ts';
import { sampleContent, temporaryFolder } from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

describe('the description of a store', () => {
  it('counts classes by split, with the unlabelled ones last', async () => {
    const path = join(folder.path, 'counted');
    await writeStore(path, sampleContent('uint8', [5, 6, 7, 8, 9, 10]));
    const store = await openStore(path);
    const summary = summariseStore(store);
    assert.deepEqual(summary.classes, [
      { name: 'even', sequences: 2, bySplit: { train: 1, validation: 0, test: 1 } },
      { name: 'odd', sequences: 3, bySplit: { train: 1, validation: 1, test: 1 } },
      { name: '(unlabelled)', sequences: 1, bySplit: { train: 0, validation: 1, test: 0 } },
    ]);
    assert.deepEqual(
      summary.lengthQuantiles.map(({ length }) => length),
      [5, 5, 6, 7, 9, 10, 10],
    );
    await store.close();
  });

  it('fits on a screen and shows what matters', async () => {
    const path = join(folder.path, 'shown');
    await writeStore(path, sampleContent('uint8', Array<number>(30).fill(100)));
    const store = await openStore(path);
    const text = describeStore(store);
    assert.match(text, /^sequences {2}30 \(3 000 tokens\)$/m);
    assert.match(text, /^values {5}uint8, 0 to 255, training mean [\d.]+$/m);
    assert.match(text, /^lengths {4}min 100 · 5 % 100 · .* · max 100$/m);
    assert(text.includes(store.manifest.contentHash));
    assert.match(text, /^class +train +validation +test +all$/m);
    assert.match(text, /^\(unlabelled\) +2 +2 +2 +6$/m);
    assert.match(text, /… \(256 symbols\)$/m);
    assert(text.split('\n').length < 24);
    await store.close();
  });

  it('has no symbols for real values', async () => {
    const path = join(folder.path, 'real');
    await writeStore(path, sampleContent('float32', [4, 4]));
    const store = await openStore(path);
    assert(!describeStore(store).includes('symbols'));
    await store.close();
  });
});
