import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openStore } from '../../../../src/data/format/open-store.ts';
import { SPLITS } from '../../../../src/data/format/store.ts';
import { writeFoldStore } from '../../../../src/study/folds/fold-store.ts';
import { buildStore } from '../../../../src/workflow/data/build-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-folds-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** Two groups have two sequences; all of them come with splits of their own, and one value is missing. */
const records = Array.from({ length: 18 }, (_, i) => ({
  id: `s${i}`,
  group: `g${Math.min(i, 16) - (i === 1 ? 1 : 0)}`,
  label: i % 2 === 0 && i !== 16 ? 'even' : 'odd',
  split: i < 2 ? ('test' as const) : ('train' as const),
  values: [i, Number.NaN, i / 2],
}));

async function written(fold: number) {
  const source = await openStore(at('source'));
  await writeFoldStore(source, { folds: 4, fold, seed: 1, path: at(`fold-${fold}`) });
  await source.close();
  return await openStore(at(`fold-${fold}`));
}

describe('the dataset of a fold', async () => {
  await buildStore({ source: records, store: at('source'), missing: 'mask', duplicates: 'keep' });

  it('has each sequence in the test split of one fold, with its whole group', async () => {
    const tested = new Map<string, string>();
    const counts: number[] = [];
    for (let fold = 1; fold <= 4; fold++) {
      const store = await written(fold);
      const [ids, groups] = [await store.ids(), await store.groups()];
      assert.equal(ids.length, records.length);
      const inTest = ids.filter((_, i) => SPLITS[store.index.splits[i]!] === 'test');
      counts.push(inTest.length);
      for (const id of inTest) {
        assert.ok(!tested.has(id), `${id} was tested before`);
        tested.set(id, `${fold}`);
      }
      const splitsOf = (group: string) =>
        new Set(groups.flatMap((one, i) => (one === group ? [store.index.splits[i]] : [])));
      for (const group of new Set(groups)) assert.equal(splitsOf(group).size, 1, group);
      await store.close();
    }
    assert.equal(tested.size, records.length);
    assert.ok(Math.min(...counts) >= 3 && Math.max(...counts) <= 6, String(counts));
  });

  it('keeps values, labels and where the data are from', async () => {
    const store = await written(1);
    const place = (await store.ids()).indexOf('s5');
    assert.deepEqual(await store.read(place, 0, 3), Float32Array.of(5, Number.NaN, 2.5));
    assert.equal(store.manifest.classes[store.index.labels[place]!], 'odd');
    const { provenance } = store.manifest;
    assert.equal((provenance.fold as { fold: number }).fold, 1);
    await store.close();
  });

  it('is written once, and is refused for folds of another kind', async () => {
    const before = await written(2);
    const again = await written(2);
    assert.equal(again.manifest.contentHash, before.manifest.contentHash);
    await Promise.all([before.close(), again.close()]);
    const source = await openStore(at('source'));
    const other = { folds: 4, fold: 2, seed: 2, path: at('fold-2') };
    await assert.rejects(writeFoldStore(source, other), /is a fold of other data/);
    const many = { folds: 20, fold: 1, seed: 1, path: at('many') };
    await assert.rejects(writeFoldStore(source, many), /Cannot deal out 16 groups in 20 folds/);
    await source.close();
  });
});
