import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ImportItem, RawRecord } from '../../../src/data/record.ts';
import { withListedSplits } from '../../../src/importer/split-list.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-split-list-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'splits.csv');

const records: readonly ImportItem[] = [
  { id: 'a', values: [1] },
  { id: 'b', values: [2], split: 'train' },
  { id: 'c', skipped: 'empty' },
  { id: '007', values: [3] },
];

async function splitsBy(list: string): Promise<unknown[]> {
  writeFileSync(path, list);
  const items: ImportItem[] = [];
  for await (const item of withListedSplits(records, path)) items.push(item);
  return items.map((item) => [item.id, (item as RawRecord).split]);
}

describe('a list of splits', () => {
  it('gives the splits of the ids that it has, as they are written; others keep theirs', async () => {
    assert.deepEqual(await splitsBy('id,split\n"007",test\nb,Val\nc,test\n'), [
      ['a', undefined],
      ['b', 'validation'],
      ['c', undefined],
      ['007', 'test'],
    ]);
  });

  const refused: readonly [list: string, message: RegExp][] = [
    ['', /: it is empty; its first line must be "id,split"\.$/],
    ['a,train\n', /, line 1: its header is "a,train"; a list of splits begins with "id,split"\.$/],
    ['id,split\na,trian\n', /, line 2: split "trian" is none of train, validation, test\.$/],
    ['id,split\na,\n', /, line 2: it names no split for "a"\.$/],
    ['id,split\na,train\na,test\n', /, line 3: the id "a" is listed twice\.$/],
    ['id,split\na\n', /, line 2: it has 1 cells instead of 2\.$/],
    ['id,split\n7,test\nx,test\n', /" lists 2 ids that no sequence has: 7, x\.$/],
  ];
  for (const [list, message] of refused) {
    it(`is refused: ${JSON.stringify(list)}`, async () => {
      await assert.rejects(splitsBy(list), { code: 'DATA_INVALID', message });
    });
  }
});
