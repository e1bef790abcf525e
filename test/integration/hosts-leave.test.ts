/** Runs on several hosts, made up on this machine, that are told to stop and leave the run to the others. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Started } from '../helper/command-line.ts';
import { whyNoHosts } from '../helper/made-up-hosts.ts';
import {
  allEnd,
  allSucceed,
  BY_NAME,
  CONFIG,
  SeveralHosts,
  slow,
} from '../helper/several-hosts.ts';

const skip = whyNoHosts() ?? false;
/** Steps enough for what happens meanwhile: all workers wait in each, whichever of them are left. */
const SLOW = slow([0, 1, 2], 500);

describe('a host that is told to stop, with --on-signal leave', { skip }, () => {
  const hosts = new SeveralHosts(3);
  const { place } = hosts;

  const startOn = (host: number, run: string, ...args: string[]): Started => {
    const own = ['--hosts', '3', '--run', run, '--resume', 'auto', '--on-signal', 'leave'];
    return hosts.startOn(host, 'train', CONFIG, ...own, ...args);
  };

  it('that follows leaves the run to the others, and takes part again when it is back', async () => {
    const [first, second, third] = [1, 2, 3].map((host) =>
      startOn(host, 'follower', ...BY_NAME, ...SLOW),
    );
    await place.untilSteps('follower', 4);
    hosts.signalAgentOn(3, 'USR1');
    const { code, stderr } = await third!.ended;
    assert.equal(code, 75, stderr);
    assert.match(stderr, /^EXIT code=75 .*SIGUSR1: this host has left the run/m);
    assert.deepEqual(hosts.made.pidsOn(3, /./), []);
    await place.untilSteps('follower', place.steps('follower').length + 4);
    const back = startOn(3, 'follower', ...BY_NAME);
    const [leader, , returned] = await allSucceed([first!, second!, back]);
    assert.match(
      leader!.stderr,
      /Host [12] \(h3, pid \d+\) left after SIGUSR1; the others go on\.$/m,
    );
    assert.match(returned!.stderr, /^This is host [12] of 3; h1 \(pid \d+\) leads\.$/m);
    assert.match(
      hosts.coordinatorLog('follower'),
      /Worker [12] \(pid \d+ on h3\) left with its host\. It is started again when its host is back\./,
    );
    assert.doesNotMatch(hosts.coordinatorLog('follower'), /Lost worker/);
    hosts.assertIsOneHistory('follower');
  });

  it('that leads leaves the run to the next one, and follows when it is back', async () => {
    const [first, second, third] = [1, 2, 3].map((host) =>
      startOn(host, 'leader', ...BY_NAME, ...SLOW),
    );
    await place.untilSteps('leader', 4);
    hosts.signalAgentOn(1, 'TERM');
    const { code, stderr } = await first!.ended;
    assert.equal(code, 143, stderr);
    const [, heir] = /Leaves the run to host 1 \(h([23]), pid \d+\)\.$/m.exec(stderr) ?? [stderr];
    assert.match(stderr, /^EXIT code=143 .*SIGTERM: this host has left the run/m);
    assert.deepEqual(hosts.made.pidsOn(1, /./), []);
    await place.untilSteps('leader', place.steps('leader').length + 4);
    const back = startOn(1, 'leader', ...BY_NAME);
    const both = heir === '2' ? [second!, third!] : [third!, second!];
    const [next, other, returned] = await allSucceed([...both, back]);
    assert.match(next!.stderr, /^The host that led, h1 \(pid \d+\), has left\.$/m);
    assert.match(next!.stderr, /^This host leads now: host 1 of 3\.$/m);
    for (const { stderr: told } of [other!, returned!]) {
      assert.match(
        told,
        new RegExp(`^This is host [02] of 3; h${heir} \\(pid \\d+\\) leads\\.$`, 'm'),
      );
    }
    assert.match(
      hosts.coordinatorLog('leader'),
      /left with its host\. It is started again when its host is back\./,
    );
    assert.doesNotMatch(hosts.coordinatorLog('leader'), /Lost worker/);
    hosts.assertIsOneHistory('leader');
    assert.equal(existsSync(place.path('leader.hosts')), false);
  });

  it('with all others leaves nobody to go on: the run is saved and ended', async () => {
    const all = [1, 2, 3].map((host) => startOn(host, 'all', ...BY_NAME, ...SLOW));
    await place.untilSteps('all', 4);
    for (const host of [3, 1, 2]) hosts.signalAgentOn(host, 'TERM');
    for (const { code, stderr } of await allEnd(all)) {
      assert.equal(code, 143, stderr);
      assert.match(stderr, /^EXIT code=143 .*SIGTERM: saved after \d+ of \d+ steps/m);
    }
    await allSucceed([1, 2, 3].map((host) => startOn(host, 'all', ...BY_NAME)));
    hosts.assertIsOneHistory('all');
  });

  it('with too few others ends the run, too', async () => {
    const enough = ['--min-workers', '3'];
    const all = [1, 2, 3].map((host) => startOn(host, 'few', ...BY_NAME, ...SLOW, ...enough));
    await place.untilSteps('few', 4);
    hosts.signalAgentOn(2, 'USR1');
    for (const { code, stderr } of await allEnd(all)) assert.equal(code, 75, stderr);
    assert.match(hosts.coordinatorLog('few'), /SIGUSR1: saved after/);
  });
});
