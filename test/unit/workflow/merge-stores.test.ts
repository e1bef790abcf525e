import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openStore } from '../../../src/data/format/open-store.ts';
import { SPLITS } from '../../../src/data/format/store.ts';
import type { ImportItem, RawRecord } from '../../../src/data/record.ts';
import { type BuildStoreOptions, buildStore } from '../../../src/workflow/data/build-store.ts';
import { mergeStores } from '../../../src/workflow/data/merge-stores.ts';
import { temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);
let made = 0;

async function storeOf(
  source: ImportItem[],
  options: Omit<BuildStoreOptions, 'source' | 'store'> = {},
): Promise<string> {
  const store = join(folder.path, `store-${made++}`);
  await buildStore({ ...options, source, store });
  return store;
}

const record = (
  id: string,
  label: string | undefined,
  split: RawRecord['split'],
  values: number[],
) => ({
  ...{ id, label, split, values },
});

describe('merged datasets', () => {
  it('keep ids, splits and values, and match classes by name', async () => {
    const first = await storeOf([
      record('a', 'x', 'train', [1, 2]),
      record('b', 'y', 'test', [3, 4, 5]),
    ]);
    const second = await storeOf([
      record('c', 'w', 'validation', [6]),
      record('d', 'x', 'test', [7, 8, 9, 10]),
      record('e', undefined, 'train', [11]),
    ]);
    const merged = join(folder.path, 'merged');
    const report = await mergeStores({ stores: [first, second], store: merged });
    assert.equal(report.kept, 5);
    const store = await openStore(merged);
    const rows = await Promise.all(
      (await store.ids()).map(async (id, sequence) => [
        id,
        store.manifest.classes[store.index.labels[sequence]!],
        SPLITS[store.index.splits[sequence]!],
        (await store.read(sequence, 0, store.index.lengths[sequence]!)).join(),
      ]),
    );
    assert.deepEqual(rows, [
      ['c', 'w', 'validation', '6'],
      ['e', undefined, 'train', '11'],
      ['a', 'x', 'train', '1,2'],
      ['b', 'y', 'test', '3,4,5'],
      ['d', 'x', 'test', '7,8,9,10'],
    ]);
    await store.close();
    const backwards = join(folder.path, 'backwards');
    const { contentHash } = await mergeStores({ stores: [second, first], store: backwards });
    assert.equal(contentHash, report.contentHash);
  });

  it('lose what is equal in both, and say so', async () => {
    const first = await storeOf([record('a', 'x', 'train', [1, 2])]);
    const second = await storeOf([
      record('b', 'y', 'train', [1, 2]),
      record('c', 'y', 'train', [5]),
    ]);
    const store = join(folder.path, 'duplicates');
    const report = await mergeStores({ stores: [first, second], store });
    assert.deepEqual(report.skipped.duplicate, { count: 1, examples: ['b'] });
    assert.equal(report.labelConflicts.count, 1);
  });

  it('are refused with one id for two sequences, and with values, channels or targets of different kinds', async () => {
    const first = await storeOf([record('a', 'x', 'train', [1, 2])]);
    const others: [string, RegExp][] = [
      [await storeOf([record('a', 'x', 'train', [3])]), /two different sequences have the id "a"/],
      [
        await storeOf([record('b', 'x', 'train', [3])], { valueType: 'float32' }),
        /: the types of the values are uint8 and float32\.$/,
      ],
      [
        await storeOf([{ id: 'b', label: 'x', channels: 2, values: [3, 4] }]),
        /: the numbers of channels are 1 and 2\.$/,
      ],
      [
        await storeOf([{ id: 'b', targets: [1], values: [3, 4] }]),
        /: the targets are class and numbers \(.+\)\.$/,
      ],
    ];
    for (const [other, message] of others) {
      const store = join(folder.path, 'refused');
      const merging = mergeStores({ stores: [first, other], store });
      await assert.rejects(merging, { code: 'DATA_INVALID', message });
      assert.ok(!existsSync(store));
    }
    const alone = mergeStores({ stores: [first], store: join(folder.path, 'alone') });
    await assert.rejects(alone, { code: 'USAGE', message: /^Cannot merge 1 dataset/ });
  });
});
