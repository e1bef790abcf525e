import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import {
  makeTemporaryFolder,
  removeTemporaryFolder,
  tidyTemporaryFolders,
} from '../../../src/core/temporary-folder.ts';

const parent = mkdtempSync(join(tmpdir(), 'lockstep-parent-'));
after(() => rmSync(parent, { recursive: true }));
const MODULE = new URL('../../../src/core/temporary-folder.js', import.meta.url).href;

/** A process that makes a folder with a secret and is killed. */
function leave(): string {
  const script = `import { makeTemporaryFolder } from '${MODULE}';
    import { writeFileSync, writeSync } from 'node:fs';
    const folder = makeTemporaryFolder('', process.argv[1]);
    writeFileSync(folder + '/worker-0.keys', 'secret');
    writeSync(1, folder);
    process.kill(process.pid, 'SIGKILL');`;
  const { stdout, signal } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, parent],
    { encoding: 'utf8' },
  );
  assert.equal(signal, 'SIGKILL');
  assert(existsSync(join(stdout, 'worker-0.keys')));
  return stdout;
}

it('is for its user only, and gone when it is removed, once or twice', () => {
  const folder = makeTemporaryFolder('graph', parent);
  assert.match(folder, /lockstep-graph-[A-Za-z0-9]{6}$/);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  removeTemporaryFolder(folder);
  removeTemporaryFolder(folder);
  assert(!existsSync(folder));
});

it('stays where it cannot be removed, without an error, and goes with a later command', () => {
  const folder = makeTemporaryFolder('graph', parent);
  const withoutRights = (body: () => void): void => {
    chmodSync(parent, 0o555);
    const isRoot = process.geteuid?.() === 0;
    // Root may remove anything.
    if (isRoot) process.seteuid?.(65534);
    try {
      body();
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(parent, 0o700);
    }
  };
  withoutRights(() => removeTemporaryFolder(folder));
  assert(existsSync(folder), 'it could be removed after all');
  // Whatever of it went, its maker has let go of it.
  writeFileSync(join(folder, 'lock'), '');
  tidyTemporaryFolders(parent);
  assert(!existsSync(folder));
});

it('cannot be made where there is no such place: TMPDIR is to be set', () => {
  const nowhere = join(parent, 'nowhere');
  assert.throws(() => makeTemporaryFolder('', nowhere), {
    code: 'USAGE',
    message: `Cannot make a folder in the temporary folder "${nowhere}": there is no such file or folder (ENOENT).`,
  });
});

it('of a killed process goes, that of a living one stays', () => {
  const [dead, living] = [leave(), makeTemporaryFolder('', parent)];
  tidyTemporaryFolders(parent);
  assert.deepEqual([existsSync(dead), existsSync(living)], [false, true]);
  removeTemporaryFolder(living);
});

it('of a living process is not written to: that one may just remove it', () => {
  const living = makeTemporaryFolder('', parent);
  const { mtimeNs } = statSync(living, { bigint: true });
  tidyTemporaryFolders(parent);
  assert.equal(statSync(living, { bigint: true }).mtimeNs, mtimeNs);
  removeTemporaryFolder(living);
});

it('is left alone when it is not ours to judge', () => {
  const dead = leave();
  chmodSync(dead, 0o755);
  const unlocked = join(parent, 'lockstep-aB3xY9');
  mkdirSync(unlocked, { mode: 0o700 });
  const other = join(parent, 'lockstep-of-a-stranger');
  mkdirSync(other, { mode: 0o700 });
  writeFileSync(join(other, 'lock'), '{}');
  const outside = mkdtempSync(join(tmpdir(), 'lockstep-outside-'));
  writeFileSync(join(outside, 'lock'), '{}');
  symlinkSync(outside, join(parent, 'lockstep-link00'));
  tidyTemporaryFolders(parent);
  assert.deepEqual(readdirSync(outside), ['lock']);
  assert.equal([dead, unlocked, other].filter(existsSync).length, 3);
  rmSync(outside, { recursive: true });
});

it('is not made where every user may put another one in its place', () => {
  const open = join(parent, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  assert.throws(() => makeTemporaryFolder('', open), {
    code: 'INSECURE',
    advice: `Set TMPDIR to a folder of your own, or let its owner run: chmod +t ${open}`,
  });
  assert.deepEqual(readdirSync(open), []);
  chmodSync(open, 0o1777);
  removeTemporaryFolder(makeTemporaryFolder('', open));
});

it('that can be made but not written to is named, and leaves nothing', () => {
  const script = `import { makeTemporaryFolder } from '${MODULE}';
    import { writeSync } from 'node:fs';
    try { makeTemporaryFolder('', process.argv[1]); } catch (error) { writeSync(2, String(error)); }`;
  const before = readdirSync(parent);
  const node = [process.execPath, '--input-type=module', '-e', script, parent];
  // No file may have a byte: a pipe may.
  const { stderr } = spawnSync('sh', ['-c', 'ulimit -f 0; exec "$@"', '-', ...node], {
    encoding: 'utf8',
  });
  assert.match(stderr, /Cannot make a folder in the temporary folder ".*lockstep-parent-/);
  assert.deepEqual(readdirSync(parent), before);
});
