import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { asLockstepError } from '../../../src/core/errors.ts';
import { systemErrorCode, systemProblem } from '../../../src/core/system-error.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'system-error-'));
  symlinkSync('loop', join(folder, 'loop'));
  writeFileSync(join(folder, 'file'), '');
});
after(() => rmSync(folder, { recursive: true }));

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (thrown) {
    return thrown;
  }
  return assert.fail('nothing was thrown');
}

const systemError = (code: string, syscall: string, errno = -1): Error =>
  Object.assign(new Error(`${code}: something, ${syscall}`), { code, syscall, errno });

describe('an error of the system', () => {
  const cases: readonly [string, () => unknown][] = [
    ['ENAMETOOLONG', () => mkdirSync(join(folder, 'e'.repeat(300)))],
    ['ELOOP', () => readFileSync(join(folder, 'loop'))],
    ['EISDIR', () => readFileSync(folder)],
    ['ENOTDIR', () => readFileSync(join(folder, 'file', 'x'))],
    ['EEXIST', () => mkdirSync(folder)],
    ['ENOENT', () => readFileSync(join(folder, 'absent'))],
  ];
  for (const [code, action] of cases) {
    it(`is about the user's files: ${code}`, () => {
      const error = asLockstepError(caught(action));
      assert.equal(error.exitCode, 2);
      assert.match(error.message, new RegExp(`^Cannot .*\\(${code}\\)\\.$`));
    });
  }

  for (const [code, syscall, advice] of [
    ['EMFILE', 'open', /ulimit -n/],
    ['EAGAIN', 'spawn node', /ulimit -u/],
    ['ENOMEM', 'read', /ulimit -v/],
    ['ENOSPC', 'write', /Free space/],
    ['EIO', 'fsync', /disk/],
    ['ERR_STRING_TOO_LONG', '', /divide long sequences/],
  ] as const) {
    it(`names the limit to raise: ${code}`, () => {
      const error = asLockstepError(systemError(code, syscall));
      assert.equal(error.exitCode, 5);
      assert.match(error.advice, advice);
    });
  }

  it('has its name also where libuv knows none', () => {
    const quota = systemError('Unknown system error -122', 'write', -122);
    assert.equal(systemErrorCode(quota), 'EDQUOT');
    assert.equal(systemProblem(quota)?.code, 'OUT_OF_RESOURCES');
    const unnamed = Object.assign(new Error('UNKNOWN: unknown error, write'), { code: 'UNKNOWN' });
    assert.equal(systemProblem(unnamed)?.code, 'OUT_OF_RESOURCES');
  });

  it('names the current folder when that was removed', () => {
    const error = asLockstepError(systemError('ENOENT', 'uv_cwd'));
    assert.equal(
      error.toLine(),
      'USAGE: Cannot use the current folder: it was removed (ENOENT). Change to a folder that is there, such as by: cd ~',
    );
  });

  it('may be one of the memory', () => {
    const error = asLockstepError(new RangeError('Array buffer allocation failed'));
    assert.equal(error.exitCode, 5);
  });

  it('is told from a defect', () => {
    assert.equal(asLockstepError(new TypeError('x is not a function')).code, 'UNEXPECTED');
    assert.equal(asLockstepError(systemError('EPROTO', 'read')).code, 'UNEXPECTED');
  });
});
