import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
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
