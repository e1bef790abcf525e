import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareUtf8 } from '../../../src/data/format/byte-order.ts';
import { RecordTable } from '../../../src/importer/build/record-table.ts';

function tableOf(ids: readonly string[]): RecordTable {
  const table = new RecordTable();
  for (const id of ids) {
    const rest = { label: undefined, split: undefined, length: 1, offset: 0 };
    table.push({ id, group: id, ...rest, digest: '0123456789abcdef' });
  }
  return table;
}

describe('the records of an import', () => {
  it('are ordered by the bytes of their ids, whatever these have in common', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'é', '😀'), maxLength: 9 });
    const ids = fc.tuple(letters, fc.array(letters, { maxLength: 12 }));
    fc.assert(
      fc.property(ids, ([start, ends]) => {
        const all = ends.map((end) => start + end);
        const table = tableOf(all);
        const ordered = Array.from(table.rowsById(), (row) => all[row]);
        assert.deepEqual(ordered, all.toSorted(compareUtf8));
      }),
    );
  });
});
