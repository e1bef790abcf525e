/** What sequences have to be learned, from records into a dataset and back, where that is not one class each. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import { collate } from '../../../src/data/collate.ts';
import { targetsOf } from '../../../src/data/facts.ts';
import { openStore } from '../../../src/data/format/open-store.ts';
import { verifyStore } from '../../../src/data/format/verify-store.ts';
import type { RawRecord } from '../../../src/data/record.ts';
import type { BuildOptions } from '../../../src/importer/build/build-options.ts';
import { buildStore } from '../../../src/importer/build/build-store.ts';
import { temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);
let made = 0;

type Target = Omit<RawRecord, 'id' | 'values'>;

/** A record of each target, of lengths 2, 3, 4 …, all for training unless it says otherwise. */
const recordsOf = (targets: readonly Target[]): RawRecord[] =>
  targets.map((target, i) => ({
    id: `s${i}`,
    split: 'train',
    values: Array.from({ length: i + 2 }, (_, step) => (i * 3 + step) % 9),
    ...target,
  }));

async function build(records: readonly RawRecord[], options: Partial<BuildOptions> = {}) {
  const path = join(folder.path, String(made++));
  const given = { target: path, name: 'made', valueType: 'uint8' as const, ...options };
  const report = await buildStore(records, given);
  return { path, report };
}

/** From memory and from the disk. */
async function bothWays(
  path: string,
  check: (store: Awaited<ReturnType<typeof openStore>>) => Promise<void> | void,
) {
  await verifyStore(path);
  for (const cacheBytes of [0, 2 ** 20]) {
    const store = await openStore(path, { cacheBytes });
    await check(store);
    await store.close();
  }
}

const everyRow = (lengths: Int32Array) => ({
  rows: Array.from(lengths, (count, sequence) => ({ sequence, start: 0, count })),
  paddedLength: Math.max(...lengths),
  epoch: 0,
});

async function refuses(targets: readonly Target[], message: string, options = {}): Promise<void> {
  await assert.rejects(build(recordsOf(targets), options), (thrown: unknown) => {
    assert.ok(thrown instanceof LockstepError);
    assert.deepEqual([thrown.code, thrown.message], ['DATA_INVALID', message]);
    return true;
  });
}

describe('several classes for each sequence', () => {
  const targets = [
    { labels: ['loud', 'fast'] },
    {},
    { labels: [] },
    { labels: ['fast', 'fast'], split: 'test' as const },
  ];

  it('come back ascending, none apart from unlabelled', async () => {
    const { path, report } = await build(recordsOf(targets));
    assert.deepEqual(report.classes, [
      { name: 'fast', bySplit: { train: 1, validation: 0, test: 1 } },
      { name: 'loud', bySplit: { train: 1, validation: 0, test: 0 } },
    ]);
    await bothWays(path, async (store) => {
      assert.deepEqual(store.manifest.target, { kind: 'classes' });
      assert.deepEqual([...store.index.labels], [0, -1, 0, 0]);
      const classes = [0, 1, 2, 3].map((sequence) => [...targetsOf(store.index, sequence)]);
      assert.deepEqual(classes, [[0, 1], [], [], [0]]);
      const rows = await collate(store, everyRow(store.index.lengths));
      assert.deepEqual([...rows.targets!], [1, 1, 0, 0, 0, 0, 1, 0]);
    });
  });

  it('are in the file as names of classes that others can read', async () => {
    const { path } = await build(recordsOf(targets));
    const store = await openStore(path);
    assert.deepEqual(store.manifest.splits.train.perClass, [1, 1]);
    await store.close();
  });

  it('are refused where one is not among the given classes', async () => {
    await refuses(targets, 'Cannot import: the label "loud" is not one of the classes (fast).', {
      classes: ['fast'],
    });
  });
});

describe('numbers for each sequence', () => {
  const targets = [
    { targets: [1, 10] },
    { targets: [3, 30] },
    {},
    { targets: [100, 0], split: 'test' as const },
  ];

  it('come back with mean and deviation of the training split', async () => {
    const { path } = await build(recordsOf(targets), { targetNames: ['level', 'rate'] });
    await bothWays(path, async (store) => {
      assert.deepEqual(store.manifest.target, {
        kind: 'numbers',
        numbers: [
          { name: 'level', mean: 2, deviation: 1 },
          { name: 'rate', mean: 20, deviation: 10 },
        ],
      });
      assert.deepEqual(store.manifest.classes, []);
      assert.deepEqual([...targetsOf(store.index, 3)], [100, 0]);
      assert.deepEqual([...store.index.labels], [0, 0, -1, 0]);
      const { targets } = await collate(store, everyRow(store.index.lengths));
      assert.deepEqual([...targets!], [1, 10, 3, 30, Number.NaN, Number.NaN, 100, 0]);
    });
  });

  it('are refused where there are more or fewer of them, or one is not finite', async () => {
    const more = [{ targets: [1] }, { targets: [1, 2] }];
    await refuses(more, 'Cannot import "s1": it has 2 numbers as its target, others have 1.');
    await refuses(
      [{ targets: [Number.POSITIVE_INFINITY] }],
      'Cannot import "s0": it has the number Infinity as a target, which is not finite as a 32-bit number.',
    );
  });
});

describe('a class for each timestep', () => {
  const targets = [
    { timestepLabels: ['b', ''] },
    { timestepLabels: ['a', 'b', 'b'] },
    {},
    { timestepLabels: ['', '', '', '', 'c'], split: 'test' as const },
  ];

  it('comes back at every place, and is counted in timesteps', async () => {
    const { path } = await build(recordsOf(targets));
    await bothWays(path, async (store) => {
      const { manifest, index } = store;
      assert.deepEqual(manifest.target, { kind: 'timestep-class' });
      assert.deepEqual(manifest.classes, ['a', 'b', 'c']);
      assert.deepEqual(manifest.splits.train.perClass, [1, 3, 0]);
      assert.deepEqual([...index.labels], [0, 0, -1, 0]);
      assert.deepEqual([...(await store.readTimestepLabels!(1, 1, 2))], [1, 1]);
      assert.deepEqual([...(await store.readTimestepLabels!(3, 3, 2))], [-1, 2]);
      assert.deepEqual([...(await store.read(3, 3, 2))], [(9 + 3) % 9, (9 + 4) % 9]);
      const { timestepLabels } = await collate(store, everyRow(index.lengths));
      const none = [-1, -1, -1, -1, -1];
      assert.deepEqual(
        [...timestepLabels!],
        [...[1, -1, -1, -1, -1], ...[0, 1, 1, -1, -1], ...none, ...[-1, -1, -1, -1, 2]],
      );
    });
  });

  it('is cut with its sequence', async () => {
    const length = { maximum: 2, longer: 'truncate' as const };
    const { path } = await build(recordsOf(targets), { length });
    await bothWays(path, async (store) => {
      const row = (await store.ids()).indexOf('s1');
      assert.deepEqual([...(await store.readTimestepLabels!(row, 0, 2))], [0, 1]);
    });
  });

  it('is refused for another number of timesteps', async () => {
    const short = [{ timestepLabels: ['a'] }];
    await refuses(short, 'Cannot import "s0": it has 1 labels of timesteps, and 2 timesteps.');
  });
});

describe('targets of a dataset', () => {
  it('are of one kind', async () => {
    await refuses(
      [{}, { targets: [1] }, { label: 'a' }],
      'Cannot import "s2": it has one class for each sequence, others have numbers for each sequence.',
    );
    await refuses(
      [{ label: 'a', labels: ['a'] }],
      'Cannot import "s0": it has one class for each sequence and several classes for each sequence, and a dataset has one kind of target.',
    );
  });

  it('that differ between equal sequences are told', async () => {
    const twins: RawRecord[] = [
      { id: 'a', values: [1, 2], targets: [1] },
      { id: 'b', values: [1, 2], targets: [2] },
      { id: 'c', values: [1, 3], targets: [5] },
    ];
    const { report } = await build(twins);
    assert.deepEqual(report.labelConflicts.examples, [
      { kept: 'a', keptLabel: '1', dropped: 'b', droppedLabel: '2' },
    ]);
  });

  it('give the same dataset in whatever order the records come', async () => {
    const records = recordsOf([
      { timestepLabels: ['b', 'a'] },
      { timestepLabels: ['c', 'a', ''] },
      { timestepLabels: ['a', 'a', 'a', 'b'] },
    ]);
    const [first, second] = [await build(records), await build(records.toReversed())];
    assert.equal(first.report.contentHash, second.report.contentHash);
  });
});
