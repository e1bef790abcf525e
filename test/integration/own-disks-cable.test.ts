/** A run that is fetched over a slow cable, on made-up hosts without a common disk. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoCables } from '../helper/cables.ts';
import type { Started } from '../helper/command-line.ts';
import { whyNoHosts } from '../helper/made-up-hosts.ts';
import { CONFIG, SeveralHosts } from '../helper/several-hosts.ts';

const skip = whyNoHosts() ?? whyNoCables() ?? false;
/** About 1 MB. */
const LARGE = ['--set', 'data.synthetic.count=4000', '--set', 'data.store=large'];

describe('a run that is fetched over a slow cable', { skip }, () => {
  const hosts = new SeveralHosts(2, {
    alone: null,
    ownDisks: true,
    cable: { megabitsPerSecond: 1, delayMs: 2 },
  });
  const { place } = hosts;

  const start = (): Started[] =>
    [1, 2].map((host) =>
      hosts.startOnOwnDisk(host, [
        ...['train', CONFIG, '--run', 'run', '--own-disks', '--resume', 'auto'],
        ...['--hosts', '2', '--rendezvous', 'tcp://h1:29400', '--key-file', '../key', ...LARGE],
      ]),
    );
  const inCopy = () => {
    const data = place.path('h2', 'run', 'data');
    return existsSync(data) ? readdirSync(data, { recursive: true, encoding: 'utf8' }) : [];
  };

  it('ends on both hosts when the one that leads is lost meanwhile, and nothing half-written stays', async () => {
    const [first, second] = start();
    while (!inCopy().some((name) => name.includes('.tmp-'))) await sleep(50);
    hosts.signalAgentOn(1, 'KILL');
    const { code, stderr } = await second!.ended;
    assert.equal(code, 75, stderr);
    assert.match(stderr, /^REQUEUED: Lost the host that leads, h1 \(pid \d+\)/m);
    assert.doesNotMatch(stderr, /Lost .*Lost /s);
    await first!.ended;
    assert.ok(!inCopy().some((name) => name.includes('.tmp-') || name === 'manifest.json'));
  });

  it('begins once all of it has come, while the hosts hear each other all the time', async () => {
    const [first, second] = start();
    await place.untilSteps('h1/run', 2);
    hosts.signalAgentOn(1, 'USR1');
    for (const { ended } of [first!, second!]) {
      const { code, stderr } = await ended;
      assert.equal(code, 75, stderr);
      assert.doesNotMatch(stderr, /Lost|nothing was heard/);
    }
    const { stderr } = await first!.ended;
    assert.match(stderr, /^Host 1 \(h2, pid \d+\) fetches .* from this host\.$/m);
  });
});
