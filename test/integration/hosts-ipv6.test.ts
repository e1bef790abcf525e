/** A run on hosts that have IPv6 addresses only: made up on this machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Started } from '../helper/command-line.ts';
import { addressOf, whyNoHosts } from '../helper/made-up-hosts.ts';
import { allSucceed, BY_NAME, CONFIG, SeveralHosts, slow } from '../helper/several-hosts.ts';

const skip = whyNoHosts() ?? false;

describe('a run on hosts with IPv6 addresses only', { skip }, () => {
  const hosts = new SeveralHosts(3, { family: 6 });
  const { place } = hosts;

  const start = (host: number, of: number, run: string, ...args: string[]): Started =>
    hosts.startOn(host, 'train', CONFIG, '--hosts', String(of), '--run', run, ...args);

  it('ends with the bits of one process: the leader is named by its address', async () => {
    const at = ['--rendezvous', `tcp://[${addressOf(1, 6)}]:29400`, '--key-file', 'key'];
    await allSucceed([1, 2].map((host) => start(host, 2, 'named', ...at)));
    assert.equal(place.stateHash('named'), hosts.hash);
  });

  it('fetches the run from there where it sees no common disk', async () => {
    await allSucceed(
      [1, 2].map((host) => start(host, 2, `own-${host}`, ...BY_NAME, '--own-disks')),
    );
    assert.equal(place.stateHash('own-1'), hosts.hash);
  });

  it('goes on under another host, whose address its file beside the run tells', async () => {
    const all = [1, 2, 3].map((host) => start(host, 3, 'led', ...BY_NAME, ...slow([1], 500)));
    await place.untilSteps('led', 4);
    hosts.made.cable(1, 'down');
    hosts.killAllOn(1);
    await all[0]!.ended;
    await place.untilSteps('led', place.metrics('led').length + 4);
    const moved = place.json('led.hosts', 'moved.json') as { addresses: string[] };
    assert.ok([2, 3].some((host) => moved.addresses.includes(addressOf(host, 6))));
    await allSucceed(all.slice(1));
    assert.equal(place.stateHash('led'), hosts.hash);
  });
});
