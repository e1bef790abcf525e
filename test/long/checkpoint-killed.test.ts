/** The writer of a checkpoint is killed after each of its steps: the old one or the new one, nothing else. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { restoreNewest } from '../../src/checkpoint/restore.ts';
import { hashState } from '../../src/checkpoint/state-tensors.ts';
import { saveCheckpoint } from '../../src/checkpoint/store.ts';
import { tidyAfterCrash } from '../../src/core/atomic-folder.ts';
import { programCommand } from '../../src/launch/program.ts';
import { LAYOUT, smallContent } from './checkpoint-writer.ts';

const [NODE, ...WRITER] = programCommand(new URL('checkpoint-writer.ts', import.meta.url));
const NEVER = 1000;

/** Runs the real writer in a process of its own; gives how many steps it took, or that it was killed. */
function write(folder: string, step: number, dieAfter: number): Promise<number | 'killed'> {
  const args = [...WRITER, folder, `${step}`, '2', `${dieAfter}`];
  return new Promise((resolve, reject) => {
    execFile(NODE, args, (error, stdout, stderr) => {
      if (error === null) resolve(Number(stdout));
      else if (error.signal === 'SIGKILL') resolve('killed');
      else reject(new Error(stderr));
    });
  });
}

describe('a writer that is killed', () => {
  let root: string;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'killed-'));
    await saveCheckpoint(join(root, 'start'), smallContent(10, 1), { keep: 1 });
  });
  after(() => rmSync(root, { recursive: true }));

  function folderWithOld(name: string): string {
    const folder = join(root, name);
    cpSync(join(root, 'start'), folder, { recursive: true });
    return folder;
  }

  /** The hash of the state that a reader finds after the writer died after its n-th step. */
  async function afterDeath(step: number, dieAfter: number): Promise<string> {
    const folder = folderWithOld(`${step}-${dieAfter}`);
    assert.equal(await write(folder, step, dieAfter), 'killed');
    await tidyAfterCrash(folder);
    const left = readdirSync(folder);
    assert.ok(
      left.every((name) => name.startsWith('step-')),
      `left behind: ${left}`,
    );
    const { progress, skipped } = await restoreNewest(folder, LAYOUT);
    assert.deepEqual(skipped, []);
    return hashState(progress.state);
  }

  for (const [what, step] of [
    ['a new checkpoint', 20],
    ['another state of the same step', 10],
  ] as const) {
    it(`leaves the old or the new one: ${what}`, async () => {
      const [old, fresh] = [1, 2].map((seed) => hashState(smallContent(step, seed).progress.state));
      const steps = await write(folderWithOld(`${step}-whole`), step, NEVER);
      assert.ok(typeof steps === 'number' && steps > 12, `steps of the protocol: ${steps}`);
      const hashes: string[] = [];
      for (let n = 1; n <= steps; n += 2) {
        const pair = [n, n + 1].filter((dieAfter) => dieAfter <= steps);
        hashes.push(...(await Promise.all(pair.map((dieAfter) => afterDeath(step, dieAfter)))));
      }
      const changeover = hashes.indexOf(fresh!);
      assert.ok(changeover > 9, `the name is given after every write and sync, not ${changeover}`);
      assert.deepEqual(hashes.slice(0, changeover), Array(changeover).fill(old));
      assert.deepEqual(hashes.slice(changeover), Array(steps - changeover).fill(fresh));
    });
  }
});
