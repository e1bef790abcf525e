import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { isWithin, realPath } from '../../../src/core/real-path.ts';
import { temporaryFolder } from '../data/sample-store.ts';

const { path, release } = temporaryFolder();
after(release);
const root = realpathSync(path);

it('a path is the same through links, also before it exists', () => {
  mkdirSync(join(root, 'folder'));
  symlinkSync('folder', join(root, 'link'));
  assert.equal(realPath(join(root, 'link', 'new', 'file')), join(root, 'folder', 'new', 'file'));
  assert.equal(isWithin(join(root, 'link', 'new'), join(root, 'folder')), true);
  assert.equal(isWithin(join(root, 'folder'), join(root, 'link')), true);
  assert.equal(isWithin(join(root, 'folder-2'), join(root, 'folder')), false);
  assert.equal(isWithin(root, '/'), true);
});
