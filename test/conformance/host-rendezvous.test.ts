/** What every rendezvous of hosts does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { folderRendezvous } from '../../src/cluster/rendezvous/folder-rendezvous.ts';
import type {
  HostRendezvous,
  Invitation,
  Meeting,
} from '../../src/cluster/rendezvous/host-rendezvous.ts';
import { openHostRendezvous } from '../../src/cluster/rendezvous/open-rendezvous.ts';
import { tcpRendezvous } from '../../src/cluster/rendezvous/tcp-rendezvous.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
const folderOf = (name: string) => join(root, name);
const SECRET = Buffer.alloc(32, 3);
const HOOKS = { tell: () => {}, throwIfStopped: () => {} };

const SUITES: readonly [string, open: (name: string) => HostRendezvous][] = [
  ['tcp://', (name) => tcpRendezvous('127.0.0.1', 29_400, SECRET, folderOf(name))],
  ['folder: by hand', (name) => folderRendezvous(folderOf(name), null)],
  ['folder: of a scheduler', (name) => folderRendezvous(folderOf(name), 'slurm-1.0-0')],
];

async function lead(rendezvous: HostRendezvous, rank: number | null = 0) {
  const meeting = await rendezvous.meet(rank, HOOKS);
  assert.equal(meeting.role, 'lead');
  return meeting as Extract<Meeting, { role: 'lead' }>;
}

async function find(rendezvous: HostRendezvous, rank = 1): Promise<Invitation | null> {
  const meeting = await rendezvous.meet(rank, HOOKS);
  assert.equal(meeting.role, 'follow');
  return (meeting as Extract<Meeting, { role: 'follow' }>).find();
}

for (const [name, open] of SUITES) {
  describe(`a rendezvous, ${name}`, () => {
    it('lets host 0 lead and tells the others where it listens, with the secret', async () => {
      const [leader, follower] = [open('meets'), open('meets')];
      const meeting = await lead(leader);
      meeting.announce(meeting.port ?? 4_711);
      const found = await find(follower);
      assert.deepEqual(found?.secret, meeting.secret);
      assert.equal(found?.secret.length, 32);
      assert.equal(found?.port, meeting.port ?? 4_711);
      assert.ok(found!.addresses.length > 0);
      meeting.end();
    });

    it('can be met again, whatever an earlier start has left', async () => {
      const earlier = await lead(open('again'));
      earlier.announce(1_111);
      const meeting = await lead(open('again'));
      meeting.announce(meeting.port ?? 2_222);
      assert.equal((await find(open('again')))?.port, meeting.port ?? 2_222);
      meeting.end();
    });

    it('leads those that come to a host that has taken the run over, until the run ends', async () => {
      const before = await lead(open('moves'));
      before.announce(before.port ?? 1_111);
      const moved = open('moves').succeed(before.secret);
      moved.announce(2_222);
      const found = open('moves').follow().find();
      assert.equal(found?.port, 2_222);
      assert.deepEqual(found?.secret, before.secret);
      // The host that led before takes nothing away.
      before.end();
      assert.equal(open('moves').follow().find()?.port, 2_222);
      moved.end();
      assert.equal(existsSync(folderOf('moves')), false);
    });
  });
}

describe('a rendezvous in a folder', () => {
  it('lets the first host lead where nobody has numbered them, and one only', async () => {
    const first = await lead(folderRendezvous(folderOf('first'), null), null);
    const second = await folderRendezvous(folderOf('first'), null).meet(null, HOOKS);
    assert.equal(second.role, 'follow');
    first.end();
    const third = await lead(folderRendezvous(folderOf('first'), null), null);
    third.end();
  });

  it('shows its file to its user only, and believes none that others could read', async () => {
    const folder = folderOf('private');
    const rendezvous = folderRendezvous(folder, 's');
    const meeting = await lead(rendezvous);
    meeting.announce(4_711);
    const [name] = readdirSync(folder);
    const path = join(folder, name!);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    chmodSync(path, 0o644);
    await assert.rejects(find(rendezvous), { code: 'INSECURE', message: /its mode is 644/ });
    meeting.end();
    assert.throws(() => statSync(folder), { code: 'ENOENT' });
  });

  it('says at once what keeps a host from reading its file', async () => {
    const rendezvous = folderRendezvous(folderOf('unreadable'), null);
    mkdirSync(join(folderOf('unreadable'), 'hosts.json'), { recursive: true });
    await assert.rejects(find(rendezvous), { code: 'USAGE', message: /hosts\.json" is a folder/ });
    rmSync(folderOf('unreadable'), { recursive: true });
    assert.equal(await find(rendezvous), null);
  });

  it('ends whatever lies in the place of its file by then', async () => {
    const meeting = await lead(folderRendezvous(folderOf('ends'), null), null);
    meeting.announce(4_711);
    rmSync(join(folderOf('ends'), 'hosts.json'));
    mkdirSync(join(folderOf('ends'), 'hosts.json'));
    meeting.end();
    assert.deepEqual(readdirSync(folderOf('ends')), ['hosts.json']);
  });

  it('does not look at the file of another start', async () => {
    const meeting = await lead(folderRendezvous(folderOf('starts'), 'one'));
    meeting.announce(4_711);
    assert.equal(await find(folderRendezvous(folderOf('starts'), 'two')), null);
    meeting.end();
  });
});

describe('a rendezvous where a start was killed', () => {
  it('takes its file away when another start comes, and none of a host that still listens', async (context) => {
    const folder = folderOf('killed');
    const isOurs = true;
    const server = createServer().listen();
    context.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    (await lead(folderRendezvous(folder, 'living', isOurs))).announce(port);
    const living = readdirSync(folder);
    (await lead(folderRendezvous(folder, 'killed', isOurs))).announce(1);
    assert.equal(readdirSync(folder).length, 2);
    (await lead(folderRendezvous(folder, 'elsewhere'))).end();
    assert.equal(
      readdirSync(folder).length,
      2,
      'in a folder of several runs nobody is taken for dead',
    );
    const next = await lead(folderRendezvous(folder, 'next', isOurs));
    assert.deepEqual(readdirSync(folder), living);
    next.end();
  });

  it('leaves no folder beside the run in the end, and leaves one that somebody has named', async () => {
    for (const [start, beside, stays] of [
      ['slurm-1.0-0', folderOf('beside'), false],
      [null, folderOf('beside'), false],
      ['slurm-1.0-0', folderOf('another'), true],
    ] as const) {
      const folder = folderOf('beside');
      mkdirSync(folder, { recursive: true });
      const rendezvous = openHostRendezvous(`folder:${folder}`, beside, null, start);
      const meeting = await lead(rendezvous, start === null ? null : 0);
      meeting.announce(4_711);
      meeting.end();
      assert.equal(existsSync(folder), stays);
    }
    const moved = folderOf('moved');
    mkdirSync(moved);
    const meeting = await lead(tcpRendezvous('127.0.0.1', 29_400, SECRET, moved));
    meeting.end();
    assert.equal(existsSync(moved), false);
  });
});

describe('openHostRendezvous()', () => {
  it('refuses what it does not know, and tcp without a key', () => {
    for (const text of ['h0:29400', 'tcp://h0', 'tcp://h0:0', 'tcp://h0:70000', 'folder:', '']) {
      assert.throws(
        () => openHostRendezvous(text, folderOf('none'), SECRET, null),
        { code: 'USAGE' },
        text,
      );
    }
    assert.throws(() => openHostRendezvous('tcp://h0:1', folderOf('none'), null, null), {
      code: 'INSECURE',
    });
  });
});
