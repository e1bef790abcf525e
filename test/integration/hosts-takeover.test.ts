/** Runs on several hosts of which the one that leads is lost: made up on this machine. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Started } from '../helper/command-line.ts';
import { whyNoHosts } from '../helper/made-up-hosts.ts';
import { AGENT, allSucceed, BY_NAME, CONFIG, SeveralHosts, slow } from '../helper/several-hosts.ts';

const skip = whyNoHosts() ?? false;
/** Steps enough for what happens meanwhile. */
const SLOW = slow([1], 700);

describe('a run whose leading host is lost', { skip }, () => {
  const hosts = new SeveralHosts(3);
  const { place } = hosts;

  const startOn = (host: number, run: string, ...args: string[]): Started =>
    hosts.startOn(host, 'train', CONFIG, '--hosts', '3', '--run', run, ...args);

  it('goes on under another host, and takes the lost one in again when it is back', async () => {
    const all = [1, 2, 3].map((host) => startOn(host, 'led', ...BY_NAME, ...SLOW));
    await place.untilSteps('led', 4);
    hosts.made.cable(1, 'down');
    hosts.killAllOn(1);
    await all[0]!.ended;
    await place.untilSteps('led', place.steps('led').length + 4);
    hosts.made.cable(1, 'up');
    const back = startOn(1, 'led', ...BY_NAME, '--resume', 'auto');
    const [second, third, first] = await allSucceed([all[1]!, all[2]!, back]);
    const survivors = `${second!.stderr}${third!.stderr}`;
    assert.equal(
      survivors.match(/^This host leads now: host [12] of 3\.$/gm)?.length,
      1,
      survivors,
    );
    assert.match(survivors, /^This is host [12] of 3; h[23] \(pid \d+\) leads\.$/m);
    assert.match(first!.stderr, /^This is host 0 of 3; h[23] \(pid \d+\) leads\.$/m);
    hosts.assertIsOneHistory('led');
    assert.equal(existsSync(place.path('led.hosts')), false);
  });

  it('never trains twice: the host that was cut off saves nothing, and follows when it hears the others again', async () => {
    const all = [1, 2, 3].map((host) => startOn(host, 'parted', ...SLOW));
    await place.untilSteps('parted', 4);
    // In the folder beside the run the first that comes leads.
    const leader = hosts.leaderOf('parted');
    hosts.made.cable(leader, 'down');
    await place.untilSteps('parted', place.steps('parted').length + 4);
    hosts.made.cable(leader, 'up');
    const ended = await allSucceed(all);
    const cut = ended[leader - 1]!.stderr;
    assert.match(cut, /^ *Warning: This host hears too few of the others: the run waits/m);
    assert.match(cut, /^ *Warning: Another process has taken "parted" over/m);
    assert.match(cut, /^This is host 0 of 3; h[123] \(pid \d+\) leads\.$/m);
    hosts.assertIsOneHistory('parted');
    assert.deepEqual(hosts.made.pidsOn(leader, AGENT), []);
  });
});
