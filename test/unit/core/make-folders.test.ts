import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ensureFolders, makeFolders, removeFolders } from '../../../src/core/make-folders.ts';

describe('makeFolders()', () => {
  const root = mkdtempSync(join(tmpdir(), 'folders-'));
  after(() => rmSync(root, { recursive: true }));

  it('makes what is absent, and says what that was', () => {
    const made = makeFolders(join(root, 'a', 'b'));
    assert.deepEqual(made, [join(root, 'a'), join(root, 'a', 'b')]);
    assert.deepEqual(makeFolders(join(root, 'a', 'b', 'c')), [join(root, 'a', 'b', 'c')]);
    assert.deepEqual(makeFolders(join(root, 'a')), []);
  });

  it('is undone as far as the folders are empty', () => {
    const made = makeFolders(join(root, 'x', 'y', 'z'));
    writeFileSync(join(root, 'x', 'file'), '');
    removeFolders(made);
    assert.equal(existsSync(join(root, 'x', 'y')), false);
    assert.equal(existsSync(join(root, 'x', 'file')), true);
  });

  it('leaves nothing behind where it fails half-way', () => {
    writeFileSync(join(root, 'file'), '');
    assert.throws(() => makeFolders(join(root, 'file', 'below')), { code: 'ENOTDIR' });
  });

  it('refuses a file in the place of the folder', async () => {
    const file = join(root, 'no-folder');
    writeFileSync(file, '');
    assert.throws(() => makeFolders(file), { code: 'EEXIST' });
    await assert.rejects(ensureFolders(file), { code: 'EEXIST' });
  });

  it('waits for no disk where it is asked to, and makes the same', async () => {
    await ensureFolders(join(root, 'later', 'b', 'c'));
    await ensureFolders(join(root, 'later', 'b', 'c'));
    assert.ok(existsSync(join(root, 'later', 'b', 'c')));
    await assert.rejects(ensureFolders('/proc/x/y'), { code: 'ENOENT' });
  });

  it('refuses what Node would try for ever', () => {
    assert.throws(() => makeFolders('/proc/x/y'), {
      code: 'USAGE',
      message:
        'Cannot make the folder "/proc/x/y": the file system there takes no folders (ENOENT).',
    });
  });
});
