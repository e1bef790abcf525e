import assert from 'node:assert/strict';
import { isAbsolute, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openStore } from '../../src/data/format/open-store.ts';
import { SPLITS } from '../../src/data/format/store.ts';
import { buildQuickstartData } from '../../src/workflow/quickstart/data.ts';
import { temporaryFolder } from '../unit/data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

describe('the dataset of the quickstart', () => {
  it('has six classes in every split, 41 symbols, and no group on two sides', async () => {
    const path = join(folder.path, 'quickstart');
    await buildQuickstartData(path);
    const store = await openStore(path);
    const { manifest, index } = store;
    assert.equal(manifest.classes.length, 6);
    for (const split of SPLITS) {
      const { perClass } = manifest.splits[split];
      assert(
        perClass.every((count) => count >= 20),
        `${split}: ${perClass}`,
      );
    }
    assert.deepEqual(manifest.valueRange, { minimum: 0, maximum: 40 });
    assert(manifest.length.minimum >= 512 && manifest.length.maximum === 30_720);
    const splitOf = new Map<string, number>();
    (await store.groups()).forEach((group, sequence) => {
      const split = index.splits[sequence]!;
      assert.equal(splitOf.get(group) ?? split, split, group);
      splitOf.set(group, split);
    });
    for (const id of await store.ids()) {
      assert(!isAbsolute(id) && /^(node_modules|tensorflow)\//.test(id), id);
      assert(!/\/build\/|tfjs-node-gpu\/(lib|deps)\//.test(id), `${id} is made by set-up`);
    }
    await store.close();
  });
});
