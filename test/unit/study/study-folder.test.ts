import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { readKept } from '../../../src/study/study-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'study-'));
after(() => rmSync(folder, { recursive: true }));

it('names the file of a study that is damaged, and what to do: it is measured again', () => {
  const path = join(folder, 'stages.json');
  assert.equal(readKept(path), undefined);
  writeFileSync(path, '[1]');
  assert.deepEqual(readKept(path), [1]);
  for (const damaged of ['', '[1', `${'['.repeat(5000)}${']'.repeat(5000)}`]) {
    writeFileSync(path, damaged);
    assert.throws(() => readKept(path), {
      code: 'DATA_INVALID',
      message: /^Cannot go on with the study: ".*stages\.json" is damaged/,
      advice: 'Remove that file: what it held is measured again.',
    });
  }
});
