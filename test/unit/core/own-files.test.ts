import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { cacheFolder, makeOwnFolder, readOwnFile } from '../../../src/core/own-files.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-own-'));
after(() => rmSync(root, { recursive: true }));
const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

describe('cacheFolder()', () => {
  it("is in the user's folder of caches", () => {
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/caches' }), '/caches/lockstep');
    assert.equal(cacheFolder({}), join(homedir(), '.cache', 'lockstep'));
    assert.equal(cacheFolder({ XDG_CACHE_HOME: 'a' }), join(homedir(), '.cache', 'lockstep'));
  });
});

describe('makeOwnFolder()', () => {
  it('makes a folder for this user alone, and takes the rights of others to write away', () => {
    const path = join(root, 'a', 'b');
    makeOwnFolder(path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    chmodSync(path, 0o777);
    makeOwnFolder(path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
  });

  it('refuses a link, a file, and a folder of another user', () => {
    const [link, file, foreign] = ['link', 'file', 'foreign'].map((name) => join(root, name));
    symlinkSync(root, link!);
    assert.throws(() => makeOwnFolder(link!), /is no folder/);
    writeFileSync(file!, '');
    assert.throws(() => makeOwnFolder(file!), { code: 'EEXIST' });
    if (!isRoot) return;
    mkdirSync(foreign!);
    chownSync(foreign!, NOBODY, NOBODY);
    assert.throws(() => makeOwnFolder(foreign!), /belongs to the user 65534, not to 0/);
  });
});

describe('readOwnFile()', () => {
  it('reads what only this user can have written', () => {
    const path = join(root, 'mine');
    writeFileSync(path, 'text', { mode: 0o644 });
    assert.equal(readOwnFile(path), 'text');
    chmodSync(path, 0o664);
    assert.throws(() => readOwnFile(path), /others may write to/);
    const link = join(root, 'link-to-mine');
    symlinkSync(path, link);
    assert.throws(() => readOwnFile(link), { code: 'ELOOP' });
    assert.throws(() => readOwnFile(root), /is no file/);
    if (!isRoot) return;
    chmodSync(path, 0o600);
    chownSync(path, NOBODY, NOBODY);
    assert.throws(() => readOwnFile(path), /belongs to the user 65534, not to 0/);
  });
});
