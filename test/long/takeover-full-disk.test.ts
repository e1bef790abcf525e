/** The disk where hosts find each other is full when the leading host dies: the run goes on, and is found when there is space again. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';
import { MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const CONFIG = [
  ...[fixtureConfig('two-phases.yaml'), '--set', 'engine.kind=portable'],
  ...['--set', 'phases.1.duration.epochs=12'],
];

describe('a takeover where the disk of the rendezvous is full', {
  skip: whyNoHosts() ?? false,
}, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;
  before(async () => {
    hosts = await MadeUpHosts.open(3);
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  it('costs only hosts that come back their way, until there is space', async () => {
    const alone = await place.run('train', ...CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    mkdirSync(place.path('disk'));
    hosts.run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', place.path('disk'));
    const start = (host: number) => {
      const slow = [0, 1, 2].flatMap((rank) => ['--simulate', `slow@rank=${rank},step=3,ms=400`]);
      const own = ['--hosts', '3', '--rendezvous', 'folder:disk/meeting', '--run', 'run'];
      return place.startOn(hosts, host, 'train', ...CONFIG, ...own, '--resume', 'auto', ...slow);
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
    hosts.run('sh', '-c', fill, '-', place.path('disk', 'fill'));
    const leader = Number((place.json('run', 'lock') as { host: string }).host.slice(1));
    for (const pid of hosts.pidsOn(leader, /lockstep\.js train/)) hosts.kill('KILL', pid);
    await agents.get(leader)!.ended;
    agents.delete(leader);
    const goOn = () => [...agents.values()].every(({ child }) => child.exitCode === null);
    while (!/This host leads now/.test(said.join('')) && goOn()) await sleep(50);
    assert.match(
      said.join(''),
      /^Warning: Hosts that come back do not find this one yet: Cannot write .* the file system is full/m,
    );
    hosts.run('rm', place.path('disk', 'fill'));
    agents.set(leader, startHeard(leader));
    for (const { ended } of agents.values()) {
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
    }
    assert.match(said[leader]!, /^This is host \d of 3; h\d \(pid \d+\) leads\.$/m);
    assert.equal(place.stateHash('run'), place.stateHash('alone'));
    assert.equal(hosts.run('ls', '-A', place.path('disk')), '', 'nothing is left there');
  });
});
