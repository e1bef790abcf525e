/** A checkpoint that doesn't fit on its file system, which is a real one of 256 KiB. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { findNewestCheckpoint, saveCheckpoint } from '../../src/checkpoint/store.ts';
import { LockstepError } from '../../src/core/errors.ts';
import { contentAt, layoutOf, stateOf } from '../unit/checkpoint/sample.ts';

/** Mounts a small file system there; false where this process may not. */
function mountSmall(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path]).status === 0;
}

it('leaves the checkpoint before and says how much was needed', async (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'full-'));
  if (!mountSmall(folder)) {
    rmdirSync(folder);
    test.skip('mounting a small tmpfs needs root');
    return;
  }
  try {
    await saveCheckpoint(folder, contentAt(10), { keep: 2 });
    const layout = layoutOf({ weight: [200, 200] });
    const large = contentAt(20, { state: stateOf(2, layout) }, { layout });
    await assert.rejects(saveCheckpoint(folder, large, { keep: 2 }), (error: unknown) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'OUT_OF_RESOURCES');
      assert.equal(error.exitCode, 5);
      assert.match(
        error.message,
        /^Cannot write ".*step-00000020": the file system is full \(ENOSPC\) after [\d.]+ KiB of 469\.\d KiB; .*free\.$/,
      );
      return true;
    });
    assert.deepEqual(readdirSync(folder), ['step-00000010']);
    assert.equal((await findNewestCheckpoint(folder)).manifest.globalStep, 10);
  } finally {
    spawnSync('umount', [folder]);
    rmdirSync(folder);
  }
});
