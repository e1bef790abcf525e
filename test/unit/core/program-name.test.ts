import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { programName, shellWord } from '../../../src/core/program-name.ts';

describe('programName()', () => {
  it('is the path to the program from where the user stands in a clone', () => {
    assert.equal(programName('/home/me/lockstep/', '/home/me/lockstep'), './bin/lockstep.js');
    assert.equal(programName('/home/me/lockstep', '/home/me/work'), '../lockstep/bin/lockstep.js');
    assert.equal(
      programName('/opt/lockstep', '/home/me/work/deep'),
      '/opt/lockstep/bin/lockstep.js',
    );
    assert.equal(
      programName('/opt/my clone', '/home/me/work/deep'),
      "'/opt/my clone/bin/lockstep.js'",
    );
  });

  it('is npx only where npx finds this very package', () => {
    const root = '/home/me/project/node_modules/lockstep';
    assert.equal(programName(root, '/home/me/project'), 'npx lockstep');
    assert.equal(programName(root, '/home/me/project/deeper'), 'npx lockstep');
    assert.equal(programName(root, '/home/me'), './project/node_modules/.bin/lockstep');
  });

  it('is the bare name for a global package', () => {
    const prefix = mkdtempSync(join(tmpdir(), 'lockstep-prefix-'));
    try {
      mkdirSync(join(prefix, 'bin'));
      writeFileSync(join(prefix, 'bin', 'lockstep'), '');
      const root = join(prefix, 'lib', 'node_modules', 'lockstep');
      assert.equal(programName(root, '/home/me'), 'lockstep');
    } finally {
      rmSync(prefix, { recursive: true });
    }
  });
});

describe('shellWord()', () => {
  it('quotes only what a shell would take apart', () => {
    assert.equal(shellWord('runs/own-data_2'), 'runs/own-data_2');
    assert.equal(shellWord('my run'), "'my run'");
    assert.equal(shellWord("it's"), `'it'\\''s'`);
    assert.equal(shellWord(''), "''");
  });
});
