import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ValueStatistics } from '../../../src/data/format/value-statistics.ts';
import {
  gatherHere,
  type SpilledRow,
  type SpillGatherer,
} from '../../../src/importer/build/gather-spilled.ts';
import { Spill } from '../../../src/importer/build/spill.ts';
import type { SpillShape } from '../../../src/importer/build/spilled-values.ts';
import { ValueTypes } from '../../../src/importer/build/value-types.ts';
import { gatherInThread } from '../../../src/workflow/data/gather-in-thread.ts';
import { temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

/** Rows of two channels, and the spill that they are in. */
async function spilled() {
  const spill = Spill.beside(join(folder.path, 'store'));
  const rows = [3, 1, 2, 5, 1].map((length, number) => {
    const values = Uint16Array.from({ length: 2 * length }, (_, i) => 1000 * number + i);
    const split = number === 3 ? ('test' as const) : ('train' as const);
    const facts = { id: `${number}`, group: `${number}`, label: -1, split, length };
    return { values, row: { ...facts, offset: spill.append(values) } satisfies SpilledRow };
  });
  await spill.finish();
  return { spill, rows };
}

const LARGE = 2 ** 30;
const BEGINS = [{ offset: 0, type: 'uint16' }] as const;

/** One that expects a large spill. */
function begun(gatherer: SpillGatherer, shape: SpillShape) {
  gatherer.expect(LARGE);
  return { gatherer, values: gatherer.begin(shape) };
}

describe('the values of a spill', () => {
  for (const make of [gatherHere, gatherInThread]) {
    it(`are gathered in any order of their rows (${make.name})`, async () => {
      const { spill, rows } = await spilled();
      const shape = { file: spill.file, valueType: 'uint16', begins: BEGINS, channels: 2 } as const;
      const { gatherer, values: gathering } = begun(make(), shape);
      const expected = new ValueStatistics('uint16', 2);
      for (const chosen of [[0, 1, 2, 3, 4], [4, 1, 3, 0], [2], [3, 2, 0]]) {
        const some = chosen.map((number) => rows[number]!);
        const found = await gathering.gather(some.map(({ row }) => row));
        assert.deepEqual(
          [...found],
          some.flatMap((one) => [...one.values]),
        );
        for (const one of some) expected.add(one.values, one.row.split === 'train');
      }
      assert.deepEqual(await gathering.finish(), expected.finish());
      await gatherer.close();
      await spill.close();
    });

    it(`have the widest of the types in which they were spilled (${make.name})`, async () => {
      const spill = Spill.beside(join(folder.path, 'store'));
      const types = new ValueTypes('auto', 'skip');
      const limits = { minimum: 1, maximum: 9, longer: 'skip', channels: 1 } as const;
      const rows = [[1, 2], [3], [300, 4, 5], [6], [0.5, 7], [8, 9, 10]].map((raw, number) => {
        const checked = types.check('any', raw, { ...limits, keepsMissing: false });
        assert.ok('values' in checked);
        const offset = spill.append(checked.values);
        types.spilledAt(offset);
        const facts = { id: `${number}`, group: `${number}`, label: -1, split: 'train' as const };
        return { raw, row: { ...facts, length: raw.length, offset } };
      });
      await spill.finish();
      const { type: valueType, begins } = types;
      assert.deepEqual(
        begins.map(({ type }) => type),
        ['uint8', 'uint16', 'float32'],
      );
      const shape = { file: spill.file, valueType, begins, channels: 1 };
      const { gatherer, values: gathering } = begun(make(), shape);
      for (const chosen of [[0, 1, 2, 3, 4, 5], [4, 1, 2], [3], [5, 0, 2]]) {
        const some = chosen.map((number) => rows[number]!);
        const found = await gathering.gather(some.map(({ row }) => row));
        assert.deepEqual(found, Float32Array.from(some.flatMap(({ raw }) => raw)));
      }
      await gatherer.close();
      await spill.close();
    });
  }

  it('are refused where the spill ends before, also from the thread', async () => {
    const { spill, rows } = await spilled();
    const shape = { file: spill.file, valueType: 'uint16', begins: BEGINS, channels: 2 } as const;
    const { gatherer, values } = begun(gatherInThread(), shape);
    await assert.rejects(
      values.gather([{ ...rows[0]!.row, offset: 1000 }]),
      /the spill ends at byte 1000/,
    );
    await gatherer.close();
    await spill.close();
  });
});
