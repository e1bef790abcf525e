import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
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
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { makeWholeFile } from '../../../src/core/whole-file.ts';

describe('a file of results that a person names', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'whole-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const having = (text: string) => (file: string) => writeFile(file, text);
  const text = (name: string) => readFileSync(at(name), 'utf8');

  it('replaces the file that a link leads to, and leaves the link', async () => {
    writeFileSync(at('file'), 'before');
    symlinkSync(at('file'), at('link'));
    await makeWholeFile(at('link'), having('after'));
    assert.ok(lstatSync(at('link')).isSymbolicLink());
    assert.equal(text('file'), 'after');
    assert.deepEqual(readdirSync(folder).sort(), ['file', 'link']);
  });

  it('never takes the place of a pipe', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const reader = promisify(execFile)('cat', [at('pipe')]);
    await makeWholeFile(at('pipe'), having('through'));
    assert.ok(lstatSync(at('pipe')).isFIFO());
    assert.equal((await reader).stdout, 'through');
  });

  it('has one writer at a time: a second one is refused in one line, and the first is not disturbed', async () => {
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const first = makeWholeFile(at('file'), async (file) => {
      await writeFile(file, 'first');
      await held;
    });
    await assert.rejects(makeWholeFile(at('file'), having('second')), {
      code: 'RUN_LOCKED',
      message: `Cannot write "${at('file')}": process ${process.pid} is writing it.`,
      advice: 'Wait until it ends, stop it, or choose another name.',
    });
    finish();
    await first;
    assert.equal(text('file'), 'first');
    assert.deepEqual(readdirSync(folder), ['file']);
  });

  it('loses nothing to a writer that fails', async () => {
    writeFileSync(at('file'), 'before');
    const failing = makeWholeFile(at('file'), async (file) => {
      await writeFile(file, 'half');
      throw new Error('no more');
    });
    await assert.rejects(failing, { message: 'no more' });
    assert.equal(text('file'), 'before');
    assert.deepEqual(readdirSync(folder), ['file']);
  });

  it('removes what killed writers left of this file, and of no other', async () => {
    writeFileSync(at('.file.tmp-0123456789ab'), 'half');
    writeFileSync(at('.other.tmp-0123456789ab'), 'half');
    mkdirSync(at('.file.writing'));
    writeFileSync(at('.file.writing/lock'), 'of a dead process');
    await makeWholeFile(at('file'), having('whole'));
    assert.deepEqual(readdirSync(folder).sort(), ['.other.tmp-0123456789ab', 'file']);
  });
});
