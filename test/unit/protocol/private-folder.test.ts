import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { removeTemporaryFolder } from '../../../src/core/temporary-folder.ts';
import { ipcEndpoint, makePrivateFolder } from '../../../src/protocol/private-folder.ts';

describe('socket folder', () => {
  test('is new and for its user only; removing it twice does no harm', () => {
    const folder = makePrivateFolder();
    try {
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.equal(ipcEndpoint(folder, 'a.sock'), `ipc://${folder}/a.sock`);
    } finally {
      removeTemporaryFolder(folder);
      removeTemporaryFolder(folder);
    }
    assert.equal(existsSync(folder), false);
  });

  test('refuses a path longer than a Unix socket may have, with its length, and makes nothing', () => {
    const parent = mkdtempSync(join(tmpdir(), 'x'.repeat(80)));
    try {
      assert.throws(() => makePrivateFolder(parent), {
        code: 'USAGE',
        message: /its path has \d{3} bytes, at most 107 are possible/,
      });
    } finally {
      rmSync(parent, { recursive: true });
    }
  });

  test('counts bytes, not characters, and takes the last one that fits', () => {
    assert.equal(ipcEndpoint('/a', 'b'.repeat(104)).length, 'ipc://'.length + 107);
    assert.throws(() => ipcEndpoint('/a', 'b'.repeat(105)), { code: 'USAGE' });
    assert.throws(() => ipcEndpoint('/a', 'ä'.repeat(53)), { code: 'USAGE' });
  });
});
