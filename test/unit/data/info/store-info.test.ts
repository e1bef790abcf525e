import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { openStore } from '../../../../src/data/format/open-store.ts';
import {
  histogramLines,
  lengthHistogram,
  ValueHistogram,
} from '../../../../src/data/info/histogram.ts';
import { infoText } from '../../../../src/data/info/info-text.ts';
import { budgetFacts } from '../../../../src/data/info/padding.ts';
import { storeInfo } from '../../../../src/data/info/store-info.ts';
import { buildStore } from '../../../../src/workflow/data/build-store.ts';
import { temporaryFolder } from '../sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

describe('a histogram', () => {
  it('of lengths has each in one bin, in order', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { minLength: 1 });
    fc.assert(
      fc.property(lengths, (list) => {
        const ascending = Int32Array.from(list).sort();
        const bins = lengthHistogram(ascending);
        assert.ok(bins.length <= 15, String(bins.length));
        assert.equal(bins[0]!.from, ascending[0]);
        assert.equal(bins.at(-1)!.to, ascending.at(-1));
        for (const [i, { from, to, count }] of bins.entries()) {
          if (i > 0) assert.equal(from, bins[i - 1]!.to + 1);
          assert.equal(count, list.filter((length) => length >= from && length <= to).length);
        }
      }),
    );
  });

  it('of values has bins of equal width, and leaves missing values out', () => {
    const histogram = new ValueHistogram(0, 10, 5);
    histogram.add(Float32Array.of(0, 1.9, 2, 10, Number.NaN));
    assert.deepEqual(
      histogram.finish().map(({ from, to, count }) => [from, to, count]),
      [
        [0, 2, 2],
        [2, 4, 1],
        [4, 6, 0],
        [6, 8, 0],
        [8, 10, 1],
      ],
    );
    assert.deepEqual(new ValueHistogram(3, 3).finish(), [{ from: 3, to: 3, count: 0 }]);
  });

  it('shows bars as long as the counts say', () => {
    const lines = histogramLines(
      [
        { from: 1, to: 9, count: 4 },
        { from: 10, to: 99, count: 1 },
      ],
      String,
    );
    assert.deepEqual(lines, [`    1 … 9  ${'█'.repeat(40)} 4`, `  10 … 99  ${'█'.repeat(10)} 1`]);
  });
});

describe('what is told of a dataset', () => {
  const records = Array.from({ length: 40 }, (_, i) => ({
    id: `s${i}`,
    label: i < 20 ? 'a' : 'A',
    values: Array.from({ length: 10 + 5 * (i % 8) }, (_, t) => ((i >> 1) * 7 + t) / 10),
  }));

  async function opened(name: string) {
    const store = join(folder.path, name);
    const shares = { train: 1, validation: 0, test: 0 };
    await buildStore({ source: records, store, shares, valueType: 'float32', duplicates: 'keep' });
    return await openStore(store);
  }

  it('has budgets, scaling, warnings and duplicates', async () => {
    const store = await opened('told');
    const { duplicates, budgets, warnings, channelStatistics, valueHistogram } = await storeInfo(
      store,
      { budgets: [100, 30, 5] },
    );
    assert.equal(duplicates, 0);
    assert.deepEqual(
      budgets.map(({ tokensPerMicroBatch, tooLong }) => [tokensPerMicroBatch, tooLong]),
      [
        [100, 0],
        [30, 15],
      ],
    );
    assert.equal(channelStatistics.length, 1);
    assert.equal(
      valueHistogram.reduce((sum, { count }) => sum + count, 0),
      store.manifest.tokens,
    );
    assert.match(warnings.join(), /classes differ only by case/);
    await store.close();
  });

  it('is text with a section for each', async () => {
    const store = await opened('text');
    const text = infoText(store, await storeInfo(store, { budgets: [100, 30] }));
    for (const part of [
      /^lengths, in timesteps$/m,
      /^values of a sample$/m,
      /^scale {2}mean [\d.]+, deviation [\d.]+, median [\d.]+, quartile range [\d.]+$/m,
      /^budget 100 {2}\d+ micro-batches of training, [\d.]+ % padding, [\d.]+ % with batch\.lengthRatio 1\.02$/m,
      /^budget 30 .*; 15 sequences are longer, and refused without data\.crop$/m,
      /^duplicates {2}none$/m,
      /^warning: /m,
    ]) {
      assert.match(text, part);
    }
    await store.close();
  });

  it('has the padding of a whole epoch where it is short', async () => {
    const store = await opened('padding');
    const facts = budgetFacts(store, 45)!;
    assert.equal(facts.microBatches > 0 && facts.padding >= 0 && facts.padding < 0.125, true);
    assert.ok(facts.tightPadding <= facts.padding);
    await store.close();
  });
});
