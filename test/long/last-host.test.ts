/** What only the run's folder can tell a host: that it may go on alone, or that the run has ended without it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { whyNoHosts } from '../helper/made-up-hosts.ts';
import { allSucceed, CONFIG, SeveralHosts, slow } from '../helper/several-hosts.ts';

/** Steps enough for what happens meanwhile. */
const SLOW = slow([1], 300);

describe('a host that hears no other one', { skip: whyNoHosts() ?? false }, () => {
  const hosts = new SeveralHosts(3);
  const { place } = hosts;

  it('takes the folder of the one that died after thirty seconds without a sign of life, and ends with its bits', async () => {
    const all = [1, 2].map((host) =>
      hosts.startOn(host, 'train', CONFIG, '--hosts', '2', '--run', 'run', ...SLOW),
    );
    await place.untilSteps('run', 4);
    const leader = hosts.leaderOf('run');
    const { pid } = place.json('run', 'lock') as { pid: number };
    hosts.made.cable(leader, 'down');
    hosts.made.kill('KILL', pid);
    const { code, stderr } = await all[2 - leader]!.ended;
    hosts.made.cable(leader, 'up');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Lost the host that led, h[12] \(pid \d+\): nothing was heard/);
    assert.match(stderr, /^This host leads now: host 1 of 2\.$/m);
    assert.equal(place.stateHash('run'), hosts.hash);
    assert.equal(existsSync(place.path('run.hosts')), false);
  });

  it('that was cut off while it led ends as the run did under another one', async () => {
    const all = [1, 2, 3].map((host) =>
      hosts.startOn(host, 'train', CONFIG, '--hosts', '3', '--run', 'cut', ...SLOW),
    );
    await place.untilSteps('cut', 4);
    const leader = hosts.leaderOf('cut');
    hosts.made.cable(leader, 'down');
    const ended = await allSucceed(all);
    const states = ended.map(({ stdout }) => /^state (\w+) after step/m.exec(stdout)?.[1]);
    assert.equal(new Set(states).size, 1);
    assert.match(ended[leader - 1]!.stderr, /Another process has taken "cut" over/);
  });
});
