/** What only the run's folder can tell a host: that it may go on alone, or that the run has ended without it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';
import { MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const CONFIG = fixtureConfig('two-phases.yaml');

describe('a host that hears no other one', { skip: whyNoHosts() ?? false }, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;
  before(async () => {
    hosts = await MadeUpHosts.open(3);
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  const slow = ['--simulate', 'slow@rank=1,step=3,ms=300'];

  it('takes the folder of the one that died after thirty seconds without a sign of life, and ends with its bits', async () => {
    const alone = await place.run('train', CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    const all = [1, 2].map((host) =>
      place.startOn(hosts, host, 'train', CONFIG, '--hosts', '2', '--run', 'run', ...slow),
    );
    await place.untilSteps('run', 4);
    const owner = place.json('run', 'lock') as { host: string; pid: number };
    const leader = Number(owner.host.slice(1));
    hosts.cable(leader, 'down');
    hosts.kill('KILL', owner.pid);
    const { code, stderr } = await all[2 - leader]!.ended;
    hosts.cable(leader, 'up');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Lost the host that led, h[12] \(pid \d+\): nothing was heard/);
    assert.match(stderr, /^This host leads now: host 1 of 2\.$/m);
    assert.equal(place.stateHash('run'), place.stateHash('alone'));
    assert.equal(existsSync(place.path('run.hosts')), false);
  });

  it('that was cut off while it led ends as the run did under another one', async () => {
    const all = [1, 2, 3].map((host) =>
      place.startOn(hosts, host, 'train', CONFIG, '--hosts', '3', '--run', 'cut', ...slow),
    );
    await place.untilSteps('cut', 4);
    const { host } = place.json('cut', 'lock') as { host: string };
    hosts.cable(Number(host.slice(1)), 'down');
    const ended = await Promise.all(all.map(({ ended: end }) => end));
    for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
    const states = ended.map(({ stdout }) => /^state (\w+) after step/m.exec(stdout)?.[1]);
    assert.equal(new Set(states).size, 1);
    assert.match(ended[Number(host.slice(1)) - 1]!.stderr, /Another process has taken "cut" over/);
  });
});
