import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Spill } from '../../../src/importer/build/spill.ts';
import { SpilledRows } from '../../../src/importer/build/spilled-rows.ts';
import { temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

describe('the rows of a spill', () => {
  it('have their values, whichever rows are loaded with them and in whatever order', async () => {
    const spill = Spill.beside(join(folder.path, 'store'));
    const rows = [3, 1, 2, 5, 1].map((length, number) => {
      const values = Uint16Array.from({ length: 2 * length }, (_, i) => 1000 * number + i);
      return { values, length, offset: spill.append(values) };
    });
    await spill.finish();
    const loaded = new SpilledRows(spill, 'uint16', 2);
    for (const chosen of [[0, 1, 2, 3, 4], [4, 1, 3, 0], [2], [3, 2, 0]]) {
      const some = chosen.map((number) => rows[number]!);
      loaded.load(some);
      for (const row of some) assert.deepEqual(loaded.of(row), row.values);
    }
    await spill.close();
  });
});
