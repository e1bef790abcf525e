import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import { lockFolder } from '../../../src/core/folder-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const lockText = (owner: object) => writeFileSync(join(folder, 'lock'), JSON.stringify(owner));
/** Of the compiled module: tests run compiled. */
const MODULE = new URL('../../../src/core/folder-lock.js', import.meta.url).href;
const code = (after: string) =>
  `import { lockFolder } from '${MODULE}'; lockFolder(process.argv[1]); ${after}`;
const argumentsOf = (script: string) => ['--input-type=module', '-e', script, folder];

it('keeps a second owner out until the first lets go', () => {
  const lock = lockFolder(folder);
  assert.throws(
    () => lockFolder(folder),
    (error: unknown) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'RUN_LOCKED');
      assert.equal(error.message, `"${folder}" is in use by process ${process.pid}.`);
      return true;
    },
  );
  lock.release();
  assert.deepEqual(readdirSync(folder), []);
  lockFolder(folder).release();
});

it('keeps another process out while the owner lives, and lets it in when it was killed', async () => {
  const script = code("console.log('locked'); setInterval(() => {}, 1000);");
  const owner = spawn(process.execPath, argumentsOf(script), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(owner.stdout, 'data');
  assert.throws(() => lockFolder(folder), { message: new RegExp(`by process ${owner.pid}\\.`) });
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  lockFolder(folder).release();
});

it('takes over from a process that ended without letting go', () => {
  const { status } = spawnSync(process.execPath, argumentsOf(code('process.exit(0)')));
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(folder), ['lock']);
  lockFolder(folder).release();
});

it("does not take a process that got a dead one's id for its owner", () => {
  lockText({ host: hostname(), pid: process.pid, started: 'another boot/123' });
  lockFolder(folder).release();
});

it('leaves a lock of another host alone, and names it', () => {
  lockText({ host: 'elsewhere', pid: 12, started: '' });
  assert.throws(() => lockFolder(folder), {
    code: 'RUN_LOCKED',
    message: `"${folder}" is in use by process 12 on host "elsewhere".`,
    advice: `Stop it there; if it is gone, remove "${join(folder, 'lock')}".`,
  });
});

it('takes over a lock that cannot be read', () => {
  for (const text of ['', '{}', '{"host":"a","pid":"x","started":""}', 'null']) {
    writeFileSync(join(folder, 'lock'), text);
    lockFolder(folder).release();
  }
});

it('does not release what another owner has taken over', () => {
  const lock = lockFolder(folder);
  lockText({ host: 'elsewhere', pid: 12, started: '' });
  lock.release();
  assert.match(readFileSync(join(folder, 'lock'), 'utf8'), /elsewhere/);
});

/** Runs a script as another container does that has this host's name: with process ids of its own. */
const inContainer = (script: string) =>
  spawnSync('unshare', ['-p', '-f', '--mount-proc', process.execPath, ...argumentsOf(script)], {
    encoding: 'utf8',
  });
const hasContainers = spawnSync('unshare', ['-p', '-f', '--mount-proc', 'true']).status === 0;
const skip = hasContainers ? false : 'this user cannot make namespaces of process ids';
const TRY = `import { lockFolder } from '${MODULE}';
try { lockFolder(process.argv[1]).release(); console.log('taken'); } catch (error) { console.log(error.message); }`;

it('keeps another container out, in which the owner has no process id', { skip }, () => {
  const lock = lockFolder(folder);
  const { stdout } = inContainer(TRY);
  assert.equal(
    stdout.trimEnd(),
    `"${folder}" is in use by process ${process.pid} in another container.`,
  );
  lock.release();
  assert.equal(inContainer(TRY).stdout.trimEnd(), 'taken');
});

it('takes over from a container that ended without letting go', { skip }, () => {
  inContainer(code('process.exit(0)'));
  const { pidNamespace, holdsFile } = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'));
  assert.match(pidNamespace, /^pid:\[\d+\]$/);
  assert.equal(holdsFile, true);
  lockFolder(folder).release();
});

it('leaves the lock of another container alone that holds no open file', () => {
  const lock = lockFolder(folder);
  const text = readFileSync(join(folder, 'lock'), 'utf8');
  lock.release();
  const { started } = JSON.parse(text) as { started: string };
  const owner = { host: hostname(), pid: 7, started, pidNamespace: 'pid:[1]', holdsFile: false };
  lockText(owner);
  assert.throws(() => lockFolder(folder), {
    message: `"${folder}" is in use by process 7 in another container.`,
    advice: `Stop it there; if it is gone, remove "${join(folder, 'lock')}".`,
  });
  lockText({ ...owner, started: 'another boot/1' });
  lockFolder(folder).release();
});

it('goes to exactly one of many who want it at once', async () => {
  const script = `import { lockFolder } from '${MODULE}';
    try { lockFolder(process.argv[1]); console.log('taken'); setInterval(() => {}, 1000); } catch { console.log('refused'); }`;
  spawnSync(process.execPath, argumentsOf(code('process.exit(0)')));
  const rivals = Array.from({ length: 5 }, () =>
    spawn(process.execPath, argumentsOf(script), { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const words = await Promise.all(rivals.map(({ stdout }) => once(stdout, 'data')));
  for (const rival of rivals) rival.kill('SIGKILL');
  assert.deepEqual(words.map(String).sort(), [...Array(4).fill('refused\n'), 'taken\n']);
});

describe('on a file system without hard links', () => {
  const { linkSync } = fs;
  before(() => {
    fs.linkSync = () => {
      throw Object.assign(new Error('EPERM: link'), { code: 'EPERM', syscall: 'link' });
    };
    syncBuiltinESMExports();
  });
  after(() => {
    fs.linkSync = linkSync;
    syncBuiltinESMExports();
  });

  it('keeps a second owner out until the first lets go, and takes over from a dead one', () => {
    const lock = lockFolder(folder);
    assert.throws(() => lockFolder(folder), {
      code: 'RUN_LOCKED',
      message: `"${folder}" is in use by process ${process.pid}.`,
    });
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
    lockText({ host: hostname(), pid: process.pid, started: 'another boot/123' });
    lockFolder(folder).release();
    assert.deepEqual(readdirSync(folder), []);
  });
});
