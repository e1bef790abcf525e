import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { writeWhole } from '../../../src/core/write-whole.ts';

describe('a whole file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whole-'));
  after(() => rmSync(folder, { recursive: true }));

  it('replaces the file that a link leads to, and leaves the link', () => {
    const [file, link] = [join(folder, 'file'), join(folder, 'link')];
    writeFileSync(file, 'before');
    symlinkSync(file, link);
    writeWhole(link, 'after');
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(readFileSync(file, 'utf8'), 'after');
    assert.deepEqual(readdirSync(folder).sort(), ['file', 'link']);
  });

  it('never takes the place of a pipe', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = promisify(execFile)('cat', [pipe]);
    writeWhole(pipe, 'through');
    assert.ok(lstatSync(pipe).isFIFO());
    assert.equal((await reader).stdout, 'through');
  });
});
