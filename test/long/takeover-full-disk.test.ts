/** The disk where hosts find each other is full when the leading host dies: the run goes on, and is found when there is space again. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixtureConfig } from '../helper/command-line.ts';
import { whyNoHosts } from '../helper/made-up-hosts.ts';
import { allSucceed, SeveralHosts, slow } from '../helper/several-hosts.ts';

const CONFIG = [
  ...[fixtureConfig('two-phases.yaml'), '--set', 'engine.kind=portable'],
  ...['--set', 'phases.1.duration.epochs=12'],
];

describe('a takeover where the disk of the rendezvous is full', {
  skip: whyNoHosts() ?? false,
}, () => {
  const hosts = new SeveralHosts(3, { alone: CONFIG });
  const { place } = hosts;

  it('costs only hosts that come back their way, until there is space', async () => {
    mkdirSync(place.path('disk'));
    hosts.made.run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', place.path('disk'));
    const start = (host: number) => {
      const own = ['--hosts', '3', '--rendezvous', 'folder:disk/meeting', '--run', 'run'];
      const args = [...CONFIG, ...own, '--resume', 'auto', ...slow([0, 1, 2], 400)];
      return hosts.startOn(host, 'train', ...args);
    };
    const said = ['', '', '', ''];
    const startHeard = (host: number) => {
      const one = start(host);
      one.child.stderr!.on('data', (part: string) => {
        said[host] += part;
      });
      return one;
    };
    const agents = new Map([1, 2, 3].map((host) => [host, startHeard(host)]));
    await place.untilSteps('run', 4);
    const fill =
      'dd if=/dev/zero of="$1" bs=1k 2> /dev/null; test "$(df --output=avail "$1" | tail -1)" -eq 0';
    hosts.made.run('sh', '-c', fill, '-', place.path('disk', 'fill'));
    const leader = hosts.leaderOf('run');
    hosts.signalAgentOn(leader, 'KILL');
    await agents.get(leader)!.ended;
    agents.delete(leader);
    const goOn = () => [...agents.values()].every(({ child }) => child.exitCode === null);
    while (!/This host leads now/.test(said.join('')) && goOn()) await sleep(50);
    assert.match(
      said.join(''),
      /^Warning: Hosts that come back do not find this one yet: Cannot write .* the file system is full/m,
    );
    hosts.made.run('rm', place.path('disk', 'fill'));
    agents.set(leader, startHeard(leader));
    await allSucceed(agents.values());
    assert.match(said[leader]!, /^This is host \d of 3; h\d \(pid \d+\) leads\.$/m);
    assert.equal(place.stateHash('run'), hosts.hash);
    assert.equal(hosts.made.run('ls', '-A', place.path('disk')), '', 'nothing is left there');
  });
});
