import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importProgressLine } from '../../../src/cli/import-progress.ts';

test('the progress of an import has a rate, and an estimate where the size of the source is known', () => {
  const reading = { stage: 'reading', done: 12_345 } as const;
  assert.equal(importProgressLine(reading, 0), 'reading: 12.3 k records');
  assert.equal(importProgressLine(reading, 3), 'reading: 12.3 k records, 4115/s');
  assert.equal(
    importProgressLine({ ...reading, share: 0.25 }, 10),
    'reading: 12.3 k records, 1235/s, 25 %, 0:30 left',
  );
  assert.equal(
    importProgressLine({ stage: 'writing', done: 50, total: 100 }, 10),
    'writing: 50 records, 5/s, 50 %, 0:10 left',
  );
});
