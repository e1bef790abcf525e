/** Runs on several hosts of which the one that leads is lost: made up on this machine. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fixtureConfig, type Started, Workplace } from '../helper/command-line.ts';
import { MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const skip = whyNoHosts() ?? false;
const CONFIG = fixtureConfig('two-phases.yaml');
const BY_NAME = ['--rendezvous', 'tcp://h1:29400', '--key-file', 'key'];
/** Steps enough for what happens meanwhile. */
const SLOW = ['--simulate', 'slow@rank=1,step=3,ms=700'];
const AGENT = /lockstep\.js train/;

describe('a run whose leading host is lost', { skip }, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;
  let hash: string;

  before(async () => {
    const alone = await place.run('train', CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    hash = place.stateHash('alone');
    writeFileSync(place.path('key'), 'b1'.repeat(32), { mode: 0o600 });
    hosts = await MadeUpHosts.open(3);
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  /** Without gap or repetition. */
  const isOneHistory = (run: string): void => {
    const told = place.steps(run);
    assert.deepEqual(
      told,
      [...new Set(told)].toSorted((a, b) => a - b),
    );
    assert.equal(place.stateHash(run), hash);
  };

  const startOn = (host: number, run: string, ...args: string[]): Started =>
    place.startOn(hosts, host, 'train', CONFIG, '--hosts', '3', '--run', run, ...args);

  it('goes on under another host, and takes the lost one in again when it is back', async () => {
    const all = [1, 2, 3].map((host) => startOn(host, 'led', ...BY_NAME, ...SLOW));
    await place.untilSteps('led', 4);
    hosts.cable(1, 'down');
    for (const pid of hosts.pidsOn(1, /lockstep|worker/)) hosts.kill('KILL', pid);
    await all[0]!.ended;
    await place.untilSteps('led', place.steps('led').length + 4);
    hosts.cable(1, 'up');
    const back = startOn(1, 'led', ...BY_NAME, '--resume', 'auto');
    const [second, third, first] = [await all[1]!.ended, await all[2]!.ended, await back.ended];
    for (const { code, stderr } of [second, third, first]) assert.equal(code, 0, stderr);
    const survivors = `${second.stderr}${third.stderr}`;
    assert.equal(
      survivors.match(/^This host leads now: host [12] of 3\.$/gm)?.length,
      1,
      survivors,
    );
    assert.match(survivors, /^This is host [12] of 3; h[23] \(pid \d+\) leads\.$/m);
    assert.match(first.stderr, /^This is host 0 of 3; h[23] \(pid \d+\) leads\.$/m);
    isOneHistory('led');
    assert.equal(existsSync(place.path('led.hosts')), false);
  });

  it('never trains twice: the host that was cut off saves nothing, and follows when it hears the others again', async () => {
    const all = [1, 2, 3].map((host) => startOn(host, 'parted', ...SLOW));
    await place.untilSteps('parted', 4);
    // In the folder beside the run the first that comes leads.
    const owner = JSON.parse(readFileSync(place.path('parted', 'lock'), 'utf8')) as {
      host: string;
    };
    const leader = Number(owner.host.slice(1));
    hosts.cable(leader, 'down');
    await place.untilSteps('parted', place.steps('parted').length + 4);
    hosts.cable(leader, 'up');
    const ended = await Promise.all(all.map(({ ended: end }) => end));
    for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
    const cut = ended[leader - 1]!.stderr;
    assert.match(cut, /^ *Warning: This host hears too few of the others: the run waits/m);
    assert.match(cut, /^ *Warning: Another process has taken "parted" over/m);
    assert.match(cut, /^This is host 0 of 3; h[123] \(pid \d+\) leads\.$/m);
    isOneHistory('parted');
    assert.deepEqual(hosts.pidsOn(leader, AGENT), []);
  });
});
