import assert from 'node:assert/strict';
import { it } from 'node:test';
import { tellFree } from '../../../src/core/file-error.ts';

const MEBIBYTES = { bavail: 12_800, bsize: 4096 };

it('tells how much is free on a full file system', () => {
  assert.equal(tellFree({ ...MEBIBYTES, files: 64, ffree: 1 }), '50.0 MiB are free');
});

it('tells where the file system can hold no more files', () => {
  const text = '50.0 MiB are free, but it can hold no more files (inodes)';
  assert.equal(tellFree({ ...MEBIBYTES, files: 64, ffree: 0 }), text);
});

it('takes no count of files for none', () => {
  assert.equal(tellFree({ ...MEBIBYTES, files: 0, ffree: 0 }), '50.0 MiB are free');
});
