import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type BaselinesOptions, baselines } from '../../../src/baseline/baselines.ts';
import type { BaselinesReport } from '../../../src/baseline/report.ts';
import { describeBaselines } from '../../../src/baseline/table.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { randomStream } from '../../../src/core/random.ts';
import { openStore } from '../../../src/data/format/open-store.ts';
import { selectSubset } from '../../../src/data/plan/subset.ts';
import type { RawRecord } from '../../../src/data/record.ts';
import { type BuildStoreOptions, buildStore } from '../../../src/workflow/data/build-store.ts';
import { temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);
let made = 0;

async function storeOf(
  source: RawRecord[],
  options: Omit<BuildStoreOptions, 'source' | 'store'> = {},
): Promise<string> {
  const store = join(folder.path, `store-${made++}`);
  await buildStore({ ...options, source, store });
  return store;
}

const splitOf = (i: number) => (['train', 'train', 'validation', 'test'] as const)[i % 4]!;

/** Two classes with the same symbols, equally often; one walks up, the other down. */
const walk = (i: number): RawRecord => {
  const label = Math.floor(i / 4) % 2 === 0 ? 'up' : 'down';
  const random = randomStream(i, 'synthetic');
  let symbol = random.integer(0, 5);
  const values = Array.from({ length: 40 + (i % 7) }, (_, t) => {
    const isNoise = random.uniform(2 * t + 1) < 0.2;
    symbol = isNoise ? random.integer(2 * t + 2, 5) : (symbol + (label === 'up' ? 1 : 4)) % 5;
    return symbol;
  });
  return { id: `walk-${i}`, label, split: splitOf(i), values };
};
const walks = (count: number) => Array.from({ length: count }, (_, i) => walk(i));

/** A sine of a frequency that is the class or the number. */
const tone = (i: number): number[] => {
  const [frequency, random] = [1 + (Math.floor(i / 4) % 2), randomStream(i, 'synthetic')];
  return Array.from(
    { length: 30 + (i % 5) },
    (_, t) => Math.sin((frequency * t) / 3 + (i % 6)) + random.uniform(t) / 4,
  );
};

const cellOf = ({ baselines: all }: BaselinesReport, name: string, column = 0) =>
  all.find((one) => one.name === name)!.cells[column]!;

const failure = async (options: BaselinesOptions): Promise<LockstepError> => {
  const thrown = await baselines(options).catch((error: unknown) => error);
  assert.ok(thrown instanceof LockstepError);
  return thrown;
};

describe('baselines of symbols', () => {
  it('find by pairs what the histogram cannot, and call it chance', async () => {
    const store = await storeOf(walks(160));
    const report = await baselines({ store, labels: [5], draws: 4 });
    assert.ok(cellOf(report, 'n-grams, logistic').mean > 0.9);
    assert.ok(cellOf(report, '1-NN, bigrams').mean > 0.9);
    assert.equal(cellOf(report, 'n-grams, logistic').isAtChance, false);
    assert.equal(cellOf(report, 'histogram').isAtChance, true);
    assert.match(report.labelCounts[0]!.best!, /n-grams/);
    assert.match(describeBaselines(report), /n-grams.*histogram|histogram.*n-grams/s);
  });

  it('give the same report again, but for the time', async () => {
    const store = await storeOf(walks(80));
    const again = async () => ({ ...(await baselines({ store, draws: 2 })), seconds: 0 });
    assert.deepEqual(await again(), await again());
  });

  it('train on the sequences that a run with the seed draws, and answer each test sequence', async () => {
    const path = await storeOf(walks(80));
    const report = await baselines({ store: path, labels: [3], draws: 2, seed: 7 });
    const store = await openStore(path);
    const { index, manifest } = store;
    const ids = await store.ids();
    await store.close();
    const drawn = [0, 1].map((draw) => {
      const subset = { split: 'train', labelsPerClass: 3, draw } as const;
      const request = { index, classes: manifest.classes, subset, seed: 7, labelled: true };
      return Array.from(selectSubset(request).sequences, (sequence) => ids[sequence]!);
    });
    assert.deepEqual(report.labelCounts[0]!.draws, drawn);
    for (const { answers, test } of cellOf(report, 'n-grams, logistic').draws) {
      const right = report.testSequences.filter(
        (id, i) => manifest.classes[answers![i]![0]!] === walk(Number(id.slice(5))).label,
      );
      assert.equal(test, right.length / report.testSequences.length);
    }
  });

  it('say that all draws are one set instead of an interval of 0', async () => {
    const report = await baselines({ store: await storeOf(walks(80)), labels: [20], draws: 5 });
    assert.equal(cellOf(report, 'majority').draws.length, 1);
    assert.match(report.notes.join(' '), /20 labels a class: that is all there is/);
    const { mean, low, high } = cellOf(report, 'n-grams, logistic');
    assert.equal(mean, 1);
    assert.ok(low < 0.9 && high === 1, 'twenty right answers are no proof of 100 %');
  });

  it('say where a class has few test sequences', async () => {
    const report = await baselines({ store: await storeOf(walks(40)), labels: [2], draws: 2 });
    assert.match(report.notes.join(' '), /2 of 2 classes have fewer than 10 test sequences/);
  });

  it('choose by cross-validation without validation labels, and say so', async () => {
    const records = walks(80).map((one) =>
      one.split === 'validation' ? { ...one, label: undefined } : one,
    );
    const report = await baselines({ store: await storeOf(records), labels: [5], draws: 2 });
    assert.ok(cellOf(report, 'n-grams, logistic').mean > 0.9);
    assert.ok(cellOf(report, 'n-grams, logistic').validation! > 0.9);
    assert.ok(cellOf(report, 'histogram').validation! < 0.9);
    assert.match(report.notes.join(' '), /five-fold cross-validation/);
  });

  it('name no best one where neither validation nor a second label of a class could tell', async () => {
    const records = walks(40).filter(({ split }) => split !== 'validation');
    const report = await baselines({ store: await storeOf(records), labels: [1], draws: 2 });
    assert.equal(report.labelCounts[0]!.best, null);
  });

  it('draw sequences for the interval where all test sequences are of one group, and say so', async () => {
    const records = walks(40).map((one) => ({ ...one, group: one.split }));
    const report = await baselines({ store: await storeOf(records), labels: [3], draws: 2 });
    const { low, high } = cellOf(report, 'majority');
    assert.ok(high - low > 0.1);
    assert.match(report.notes.join(' '), /All test sequences are of one group/);
  });

  it('refuse more labels than there are, and what is no number', async () => {
    const store = await storeOf(walks(40));
    assert.equal((await failure({ store, labels: [50] })).code, 'DATA_INVALID');
    assert.equal((await failure({ store, labels: [Number.NaN] })).code, 'USAGE');
    assert.equal((await failure({ store, draws: 0 })).code, 'USAGE');
  });

  it('refuse a dataset without test labels, without any, or of one class', async () => {
    const untested = walks(40).filter(({ split }) => split !== 'test');
    const unlabelled = walks(40).map((one) => ({ ...one, label: undefined }));
    const alike = walks(40).map((one) => ({ ...one, label: 'same' }));
    for (const records of [untested, unlabelled, alike]) {
      assert.equal((await failure({ store: await storeOf(records) })).code, 'DATA_INVALID');
    }
  });
});

describe('baselines of real values', () => {
  it('know classes by statistics and by neighbours, with gaps and unequal lengths', async () => {
    const records = Array.from({ length: 80 }, (_, i) => ({
      ...{ id: `${i}`, label: `${Math.floor(i / 4) % 2}`, split: splitOf(i) },
      values: tone(i).map((value, t) => ((i + t) % 17 === 0 ? Number.NaN : value)),
    }));
    const store = await storeOf(records, { valueType: 'float32', missing: 'mask' });
    const report = await baselines({ store, labels: [8], draws: 2 });
    assert.ok(cellOf(report, 'statistics').mean > 0.9);
    assert.ok(cellOf(report, '1-NN, warped').mean > 0.8);
    assert.ok(cellOf(report, 'random convolutions, ridge').mean > 0.9);
  });

  it('predict numbers, beside their mean', async () => {
    const records = Array.from({ length: 80 }, (_, i) => ({
      ...{ id: `${i}`, targets: [1 + (Math.floor(i / 4) % 2)], split: splitOf(i) },
      values: tone(i),
    }));
    const store = await storeOf(records, { valueType: 'float32', targetNames: ['frequency'] });
    const report = await baselines({ store, labels: ['all'] });
    assert.equal(report.merit, 'R²');
    assert.ok(cellOf(report, 'statistics').mean > 0.8);
    assert.ok(cellOf(report, 'random convolutions, ridge').mean > 0.8);
    assert.ok(cellOf(report, 'mean').mean <= 0);
  });
});

describe('baselines of other targets', () => {
  it('decide each of several classes by itself', async () => {
    const records = walks(120).map((one, i) => ({
      ...one,
      label: undefined,
      labels: [...(one.label === 'up' ? ['up'] : []), ...(i % 3 === 0 ? ['any'] : [])],
    }));
    const report = await baselines({ store: await storeOf(records), labels: ['all'] });
    assert.equal(report.merit, 'micro F1');
    assert.ok(cellOf(report, 'n-grams, logistic').mean > cellOf(report, 'majority').mean + 0.2);
  });

  it('know the class of a timestep by its symbol', async () => {
    const records = walks(40).map(({ label: _, ...one }) => ({
      ...one,
      timestepLabels: Array.from(one.values as number[], (symbol) => (symbol > 2 ? 'high' : 'low')),
    }));
    const report = await baselines({ store: await storeOf(records), labels: ['all'] });
    assert.equal(cellOf(report, 'symbol table').mean, 1);
    assert.match(report.notes.join(' '), /there is no baseline of whole sequences/);
  });
});
