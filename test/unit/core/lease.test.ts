import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockstepError } from '../../../src/core/errors.ts';
import { lockFolder } from '../../../src/core/folder-lock.ts';
import { epochAfter, leaseFolder, outwait, seizeFolder } from '../../../src/core/lease.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lease-'));
  lock = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const RENEW_MS = 20;
/** Of a process that nobody here can ask. */
const ELSEWHERE = { host: 'elsewhere', pid: 12, started: 'another boot/1', isRenewed: true };
const lockText = (owner: object) => writeFileSync(lock, JSON.stringify(owner));

async function outwaited(leaseMs: number, throwIfStopped = () => {}): Promise<string[]> {
  const told: string[] = [];
  await outwait(folder, { tell: (text) => told.push(text), throwIfStopped, leaseMs });
  return told;
}

describe('a lease', () => {
  it('touches its lock again and again, and leaves nothing when it is released', async () => {
    const lease = leaseFolder(folder, RENEW_MS);
    utimesSync(lock, 0, 0);
    while (statSync(lock).mtimeMs === 0) await sleep(RENEW_MS);
    lease.release();
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(lease.lost.aborted, false);
  });

  it('is lost once another process has the folder, and leaves that one its lock', async () => {
    const lease = leaseFolder(folder, RENEW_MS);
    writeFileSync(`${lock}.other`, JSON.stringify(ELSEWHERE));
    renameSync(`${lock}.other`, lock);
    while (!lease.lost.aborted) await sleep(RENEW_MS);
    assert.ok(lease.lost.reason instanceof LockstepError);
    assert.equal(lease.lost.reason.code, 'RUN_TAKEN_OVER');
    lease.release();
    assert.deepEqual(JSON.parse(readFileSync(lock, 'utf8')), ELSEWHERE);
  });

  it('is not lost where somebody only removed the lock', async () => {
    const lease = leaseFolder(folder, RENEW_MS);
    rmSync(lock);
    await sleep(5 * RENEW_MS);
    assert.equal(await lease.renew(), true);
    assert.equal(lease.lost.aborted, false);
    lease.release();
  });
});

describe('a folder that is taken from its owner', () => {
  const seen = () => ({ text: readFileSync(lock, 'utf8'), touchedMs: statSync(lock).mtimeMs });
  const isRefused = { code: 'RUN_LOCKED' };

  it('says in which epoch it was taken, which is later than that of the owner before', () => {
    lockText({ ...ELSEWHERE, epoch: 79 });
    const { text } = seen();
    assert.equal(epochAfter(text, 2), 80);
    assert.equal(epochAfter(text, 90), 90);
    const taken = seizeFolder(folder, { text }, 80);
    assert.equal(epochAfter(seen().text, 2), 81);
    taken.release();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('counts a first owner as the one before all epochs', () => {
    const lease = leaseFolder(folder);
    assert.equal(epochAfter(seen().text, 0), 1);
    lease.release();
  });

  it('is not taken when its owner has touched it, or another one was first, or nobody has it any more', () => {
    lockText(ELSEWHERE);
    const before = seen();
    utimesSync(lock, 7, 7);
    assert.throws(() => seizeFolder(folder, before), isRefused);
    lockText({ ...ELSEWHERE, epoch: 2 });
    assert.throws(() => seizeFolder(folder, { text: before.text }), isRefused);
    assert.equal(JSON.parse(seen().text).epoch, 2);
    rmSync(lock);
    assert.throws(() => seizeFolder(folder, { text: before.text }), isRefused);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is not taken from a dead owner on this host that took it first', () => {
    lockText(ELSEWHERE);
    const { text } = seen();
    lockText({ ...ELSEWHERE, host: hostname(), epoch: 5 });
    assert.throws(() => seizeFolder(folder, { text }, 2), isRefused);
    assert.equal(JSON.parse(seen().text).epoch, 5);
  });
});

describe('a wait for an owner on another host', () => {
  it('takes the folder from one that gives no sign of life', async () => {
    lockText(ELSEWHERE);
    const told = await outwaited(1000);
    assert.deepEqual(told, [
      `"${folder}" belongs to process 12 on host "elsewhere": waiting up to 1 s for a sign of life of it.`,
      `Took "${folder}" over from process 12 on host "elsewhere", which gave no sign of life for 1 s.`,
    ]);
    lockFolder(folder).release();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('ends at the first sign of life: the folder stays locked', async () => {
    lockText(ELSEWHERE);
    setTimeout(() => utimesSync(lock, 7, 7), 100);
    assert.equal((await outwaited(60_000)).length, 1);
    assert.throws(() => lockFolder(folder), { code: 'RUN_LOCKED' });
  });

  it('ends when the owner lets go, or another one has come', async () => {
    lockText(ELSEWHERE);
    setTimeout(() => rmSync(lock), 100);
    assert.equal((await outwaited(60_000)).length, 1);
    lockText(ELSEWHERE);
    setTimeout(() => lockText({ ...ELSEWHERE, pid: 13 }), 100);
    assert.equal((await outwaited(60_000)).length, 1);
    assert.throws(() => lockFolder(folder), { message: /process 13 on host "elsewhere"/ });
  });

  it('ends when it is told to stop, and takes nothing then', async () => {
    lockText(ELSEWHERE);
    const stop = () => {
      throw new LockstepError('TERMINATED', 'SIGTERM came.', 'Nothing was lost.');
    };
    await assert.rejects(outwaited(60_000, stop), { code: 'TERMINATED' });
    assert.deepEqual(JSON.parse(readFileSync(lock, 'utf8')), ELSEWHERE);
  });

  it('does not wait where the lock itself tells, or where nobody renews it', async () => {
    assert.deepEqual(await outwaited(60_000), []);
    lockText({ ...ELSEWHERE, isRenewed: undefined });
    assert.deepEqual(await outwaited(60_000), []);
    rmSync(lock);
    const lease = leaseFolder(folder);
    assert.deepEqual(await outwaited(60_000), []);
    lease.release();
  });

  it('does not wait below a file: what locks the folder next says what is wrong', async () => {
    writeFileSync(join(folder, 'file'), '');
    await outwait(join(folder, 'file', 'run'), { tell: assert.fail, throwIfStopped: () => {} });
  });

  it('takes no folder whose owner came back at the last moment', async () => {
    lockText(ELSEWHERE);
    const before = readFileSync(lock, 'utf8');
    await outwaited(300, () => {
      if (readFileSync(lock, 'utf8') === before) lockText({ ...ELSEWHERE, pid: 14 });
    });
    assert.throws(() => lockFolder(folder), { message: /process 14/ });
  });
});
