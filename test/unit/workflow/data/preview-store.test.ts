import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LockstepError } from '../../../../src/core/errors.ts';
import { previewText } from '../../../../src/importer/preview-text.ts';
import { previewStore } from '../../../../src/workflow/data/preview-store.ts';
import { temporaryFolder } from '../../data/sample-store.ts';

const folder = temporaryFolder();
after(folder.release);

function file(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

const store = join(folder.path, 'deep', 'store');
const WIDE = 'id,note,class,t0,t1,t2\na,-,x,1,2,3\nb,-,y,4,5,6\nc,-,x,7,,9\n';

describe('a dry run', () => {
  it('shows the columns, the values and the first records, and the report of the import', async () => {
    const source = file('wide.csv', WIDE);
    const options = { source, store, id: 'id', label: 'class', values: 't0..t2' };
    const { source: found, columns, report } = await previewStore(options);
    assert.equal(
      previewText(found, columns),
      [
        '  column               role',
        '  id                   id',
        '  note                 not read',
        '  class                label',
        '  t0 … t2 (3 columns)  values',
        'values: integers from 1 to 9 (--value-type uint8), 1 missing; 1 channel; 3 timesteps each',
        'the first records as they are read:',
        '  a  class x  [3]  1 2 3',
        '  b  class y  [3]  4 5 6',
        '  c  class x  [3]  7 NaN 9',
      ].join('\n'),
    );
    assert(!(report instanceof LockstepError));
    assert.deepEqual([report.read, report.kept], [3, 2]);
    assert.deepEqual(
      report.classes.map(({ name }) => name),
      ['x', 'y'],
    );
  });

  it('leaves nothing behind, not even a folder', async () => {
    const before = readdirSync(folder.path);
    await previewStore({ source: [{ id: 'a', values: [1] }], store });
    assert.deepEqual(readdirSync(folder.path), before);
  });

  it('shows records, too, of an import that would fail', async () => {
    const source = file('real.jsonl', '{"v":[[0.5,1],[2,3]],"y":1}\n{"v":[[1,2]]}\n');
    const { source: found, columns } = await previewStore({ source, store, values: 'v' });
    assert.deepEqual(columns, [
      { name: 'v', role: 'values' },
      { name: 'y', role: undefined },
    ]);
    assert.match(
      previewText(found, columns),
      /^values: real numbers from 0\.5 to 3 \(--value-type float32\); 2 channels; 1 to 2 timesteps$/m,
    );
    assert.match(previewText(found), /real\.jsonl:1 {2}\[2 × 2\] {2}0\.5 1 2 3$/m);
    const failed = await previewStore({
      source: file('bad.jsonl', '{"v":[null]}'),
      store,
      values: 'v',
    });
    assert(failed.report instanceof LockstepError);
    assert.match(
      failed.report.message,
      /^Cannot write a dataset to ".*deep.store": none of 1 is left/,
    );
  });
});
