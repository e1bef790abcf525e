import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { claimCopyFolder, copyOf } from '../../../src/run/copy-folder.ts';
import { claimRunFolder, readRunConfig } from '../../../src/run/folder.ts';

const OF = { host: 'h1', runFolder: '/home/one/run' };

describe("the copy of a run's folder", () => {
  let root: string;
  let path: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
    path = join(root, 'of', 'mine');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is made, kept, and taken again by the next start', async () => {
    (await claimCopyFolder(path, OF)).release();
    writeFileSync(join(path, 'config.yaml'), 'x');
    mkdirSync(join(path, 'data', 'version-1'));
    writeFileSync(join(path, 'data', 'version-1', '.sequences.arrow.tmp-0123456789ab'), 'half');
    const other = { ...OF, runFolder: '/home/one/other' };
    (await claimCopyFolder(path, other)).release();
    assert.deepEqual(copyOf(path), other);
    assert.ok(existsSync(join(path, 'config.yaml')));
    assert.deepEqual(readdirSync(join(path, 'data', 'version-1')), []);
  });

  it('has one owner at a time', async () => {
    const { release } = await claimCopyFolder(path, OF);
    await assert.rejects(claimCopyFolder(path, OF), { code: 'RUN_LOCKED' });
    release();
  });

  it('is never made in a folder with anything else in it', async () => {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'copy.json'), '{"format":"of somebody else"}');
    await assert.rejects(claimCopyFolder(path, OF), { code: 'RUN_EXISTS' });
    assert.deepEqual(readdirSync(path), ['copy.json']);
  });

  it('is none where a link leads out of it: what is there would be replaced', async () => {
    (await claimCopyFolder(path, OF)).release();
    for (const link of [join(path, 'data', 'version-1'), join(path, 'data')]) {
      rmSync(link, { recursive: true, force: true });
      symlinkSync(root, link);
      await assert.rejects(claimCopyFolder(path, OF), { code: 'USAGE', message: /is a link/ });
      rmSync(link);
    }
    (await claimCopyFolder(path, OF)).release();
  });

  it('is no run, and no place for one', async () => {
    (await claimCopyFolder(path, OF)).release();
    const why = { code: 'USAGE', message: /is no run, but what this host fetched of the run/ };
    assert.throws(() => readRunConfig(path), why);
    assert.throws(() => claimRunFolder(path), why);
  });
});
