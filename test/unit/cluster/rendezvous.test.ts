import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openHostRendezvous } from '../../../src/cluster/rendezvous/open-rendezvous.ts';
import { asLockstepError } from '../../../src/core/errors.ts';

const hooks = { tell: () => {}, throwIfStopped: () => {} };

describe('where hosts meet', () => {
  const root = mkdtempSync(join(tmpdir(), 'rendezvous-'));
  after(() => rmSync(root, { recursive: true }));
  const inFolder = (folder: string) =>
    openHostRendezvous(`folder:${join(root, folder)}`, join(root, 'none'), null, null);
  const byName = (folder: string) =>
    openHostRendezvous('tcp://127.0.0.1:29400', join(root, folder), Buffer.alloc(32, 1), null);

  async function leadIn(folder: string) {
    const meeting = await inFolder(folder).meet(null, hooks);
    assert.equal(meeting.role, 'lead');
    meeting.announce(4711);
    return meeting;
  }

  it('is left as it was', async () => {
    const meeting = await leadIn('plain');
    assert.equal(inFolder('plain').follow().find()?.port, 4711);
    meeting.end();
    assert.equal(existsSync(join(root, 'plain')), false);
  });

  const others: Record<string, (path: string) => void> = {
    'a folder': (path) => mkdirSync(path),
    'a pipe': (path) => execFileSync('mkfifo', [path]),
    nothing: () => {},
  };
  for (const [what, make] of Object.entries(others)) {
    it(`does not fail a run that is done where ${what} has taken the place of its file`, async () => {
      const meeting = await leadIn(what);
      const file = join(root, what, 'hosts.json');
      rmSync(file);
      make(file);
      meeting.end();
      const left = existsSync(join(root, what)) ? readdirSync(join(root, what)) : [];
      assert.deepEqual(left, what === 'nothing' ? [] : ['hosts.json'], 'its lock is gone');
    });
  }

  it('says which name nobody knows, and waits for it', async () => {
    const said: string[] = [];
    const place = openHostRendezvous(
      'tcp://no.such.invalid:29400',
      root,
      Buffer.alloc(32, 1),
      null,
    );
    const meeting = await place.meet(null, { ...hooks, tell: (text) => said.push(text) });
    assert.equal(meeting.role, 'follow');
    assert.deepEqual(said, ['The name "no.such.invalid" has no address here, or not yet.']);
  });

  it('refuses a folder in the place of its file, in one line, and leaves no lock', async () => {
    mkdirSync(join(root, 'taken', 'hosts.json'), { recursive: true });
    mkdirSync(join(root, 'moved', 'moved.json'), { recursive: true });
    for (const [folder, file] of [
      ['taken', 'hosts.json'],
      ['moved', 'moved.json'],
    ] as const) {
      const place = folder === 'taken' ? inFolder(folder) : byName(folder);
      await assert.rejects(place.meet(null, hooks), (thrown) => {
        const { code, message } = asLockstepError(thrown);
        assert.equal(code, 'USAGE');
        assert.match(message, /(hosts|moved)\.json": it is a folder, not a file/);
        return true;
      });
      assert.deepEqual(readdirSync(join(root, folder)), [file]);
    }
  });

  it('says how an IPv6 address is written that lacks its brackets', () => {
    const refusal = (text: string) => {
      try {
        openHostRendezvous(text, root, Buffer.alloc(32, 1), null);
      } catch (thrown) {
        const { code, message, advice } = asLockstepError(thrown);
        return { code, message, advice };
      }
      return assert.fail(`${text} was taken`);
    };
    const message = (text: string) =>
      `Cannot use the rendezvous "${text}": an IPv6 address needs brackets before its port.`;
    for (const [text, right] of [
      ['tcp://fd00::1:29400', 'tcp://[fd00::1]:29400'],
      ['tcp://::1:7', 'tcp://[::1]:7'],
      ['fd00::1:29401', 'tcp://[fd00::1]:29401'],
      ['tcp://fe80::1%eth0:29400', 'tcp://[fe80::1%eth0]:29400'],
      ['tcp://fd00::a', 'tcp://[fd00::a]:29400'],
    ] as const) {
      assert.deepEqual(refusal(text), {
        code: 'USAGE',
        message: message(text),
        advice: `Write ${right}.`,
      });
      assert.doesNotThrow(() => openHostRendezvous(right, root, Buffer.alloc(32, 1), null));
    }
    for (const text of [
      'tcp://h0',
      'tcp://a:b:c:1',
      'tcp://fd00::g:29400',
      'tcp://fd00::1:70000',
    ]) {
      assert.match(refusal(text).message, /it must be tcp:\/\/HOST:PORT or folder:PATH\.$/);
    }
  });
});
