/** A run on hosts that have IPv6 addresses only: made up on this machine. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fixtureConfig, type Started, Workplace } from '../helper/command-line.ts';
import { addressOf, MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const skip = whyNoHosts() ?? false;
const CONFIG = fixtureConfig('two-phases.yaml');

describe('a run on hosts with IPv6 addresses only', { skip }, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;

  before(async () => {
    const alone = await place.run('train', CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    writeFileSync(place.path('key'), 'b1'.repeat(32), { mode: 0o600 });
    hosts = await MadeUpHosts.open(3, undefined, 6);
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  const start = (host: number, of: number, run: string, ...args: string[]): Started =>
    place.startOn(hosts, host, 'train', CONFIG, '--hosts', String(of), '--run', run, ...args);

  it('ends with the bits of one process: the leader is named by its address', async () => {
    const at = ['--rendezvous', `tcp://[${addressOf(1, 6)}]:29400`, '--key-file', 'key'];
    for (const { ended } of [1, 2].map((host) => start(host, 2, 'named', ...at))) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    assert.equal(place.stateHash('named'), place.stateHash('alone'));
  });

  it('fetches the run from there where it sees no common disk', async () => {
    const by = ['--rendezvous', 'tcp://h1:29400', '--key-file', 'key', '--own-disks'];
    for (const { ended } of [1, 2].map((host) => start(host, 2, `own-${host}`, ...by))) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    assert.equal(place.stateHash('own-1'), place.stateHash('alone'));
  });

  it('goes on under another host, whose address its file beside the run tells', async () => {
    const by = ['--rendezvous', 'tcp://h1:29400', '--key-file', 'key'];
    const slow = ['--simulate', 'slow@rank=1,step=3,ms=500'];
    const all = [1, 2, 3].map((host) => start(host, 3, 'led', ...by, ...slow));
    await place.untilSteps('led', 4);
    hosts.cable(1, 'down');
    for (const pid of hosts.pidsOn(1, /lockstep|worker/)) hosts.kill('KILL', pid);
    await all[0]!.ended;
    await place.untilSteps('led', place.metrics('led').length + 4);
    const moved = JSON.parse(readFileSync(place.path('led.hosts', 'moved.json'), 'utf8')) as {
      addresses: string[];
    };
    assert.ok([2, 3].some((host) => moved.addresses.includes(addressOf(host, 6))));
    for (const { ended } of all.slice(1)) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    assert.equal(place.stateHash('led'), place.stateHash('alone'));
  });
});
