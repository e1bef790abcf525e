import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { importSource } from '../../../src/importer/import-source.ts';
import { itemsOfBatches } from '../../../src/importer/item-batch.ts';
import { DEFAULT_RULES } from '../../../src/importer/source-rules.ts';
import { bytesRead } from '../../../src/source/file/bytes-read.ts';
import { readInThread } from '../../../src/workflow/data/read-in-thread.ts';
import { collectItems, temporaryFolder } from '../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

const ROWS = 2500;

/** A table of more batches than the thread reads ahead. */
function table(last = ''): { path: string; request: Parameters<typeof importSource>[0] } {
  const path = join(folder.path, `table${last.length}.csv`);
  const values = Array.from({ length: 1000 }, (_, i) => (i === 7 ? '-0.5' : i % 10)).join(' ');
  const lines = Array.from({ length: ROWS }, (_, row) => `s${row},c${row % 3},${values} ${row}\n`);
  writeFileSync(path, ['id,label,values\n', ...lines, last].join(''));
  return { path, request: { ...DEFAULT_RULES, source: path, id: 'id', label: 'label' } };
}

describe('a source that a thread reads', () => {
  it('gives the same items, counts its bytes, and leaves out those that are known', async () => {
    const { request } = table();
    const plain = async (items: AsyncIterable<object>) =>
      (await collectItems(items)).map((item) =>
        'values' in item ? { ...item, values: String(item.values) } : item,
      );
    const expected = await plain(importSource(request).items);
    const before = bytesRead();
    assert.deepEqual(
      await plain(itemsOfBatches(readInThread(importSource(request), 3))),
      expected.slice(3),
    );
    assert.ok(bytesRead() - before > 5_000_000);
  });

  it('fails as the source does, behind what was read, and ends when nobody wants more', async () => {
    const { path, request } = table('s,c1,"1 2\n');
    let read = 0;
    const all = async () => {
      for await (const { items } of readInThread(importSource(request), 0)) read += items.length;
    };
    await assert.rejects(all, {
      code: 'DATA_INVALID',
      message: `Cannot read "${path}", line 2502: nothing closes a quote that opens here.`,
      advice: 'Correct the line.',
    });
    assert.equal(read, ROWS);
    for await (const _ of readInThread(importSource(request), 0)) break;
  });
});
