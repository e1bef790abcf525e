import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { writeWhole } from '../../../src/core/write-whole.ts';

describe('a whole file of a folder of ours', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'whole-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);

  it('takes the place of a link, and leaves the file that it leads to', () => {
    writeFileSync(at('foreign'), 'foreign');
    symlinkSync(at('foreign'), at('link'));
    writeWhole(at('link'), 'after');
    assert.ok(lstatSync(at('link')).isFile());
    assert.equal(readFileSync(at('link'), 'utf8'), 'after');
    assert.equal(readFileSync(at('foreign'), 'utf8'), 'foreign');
  });

  it('makes no file where a link to nowhere leads', () => {
    symlinkSync(at('nowhere'), at('link'));
    writeWhole(at('link'), 'after');
    assert.deepEqual(readdirSync(folder), ['link']);
  });

  it('takes the place of a pipe, and waits for no reader', () => {
    execFileSync('mkfifo', [at('pipe')]);
    writeWhole(at('pipe'), 'after');
    assert.ok(lstatSync(at('pipe')).isFile());
    assert.equal(readFileSync(at('pipe'), 'utf8'), 'after');
  });

  it('refuses a folder, and leaves nothing beside it', () => {
    mkdirSync(at('taken'));
    assert.throws(() => writeWhole(at('taken'), 'after'), { code: 'USAGE' });
    assert.deepEqual(readdirSync(folder), ['taken']);
  });
});
