/** A host whose loopback interface is down: over TCP not even its own processes reach each other. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';
import { MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
const PORTABLE = ['--set', 'engine.kind=portable'];
/** The kernel refuses, or answers nothing if the interface has been up before. */
const unreachable = (what: string) =>
  new RegExp(
    `^USAGE: Cannot ${what}: processes of this host do not reach each other at 127\\.0\\.0\\.1 \\(.*\\)\\. Bring the loopback interface up \\(.ip link set lo up.\\)`,
  );

describe('with the loopback interface down', { skip: whyNoHosts() }, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;
  before(async () => {
    hosts = await MadeUpHosts.open(1);
    hosts.run('ip', '-n', 'h1', 'link', 'set', 'lo', 'down');
  });
  after(async () => {
    await hosts.close();
    place.remove();
  });
  const run = async (...args: string[]) => {
    const { code, stderr } = await place.startOn(hosts, 1, ...args).ended;
    return { code, last: stderr.trim().split('\n').at(-1) };
  };

  for (const transport of ['tcp', 'insecure-tcp']) {
    it(`train over ${transport} says why its workers could not come, and leaves nothing`, async () => {
      const args = ['train', CONFIG, '--run', 'run', '--workers', '2', '--transport', transport];
      const { code, last } = await run(...args);
      assert.match(last!, unreachable('bring coordinator and workers together over TCP'));
      assert.match(last!, /or use the transport ipc\.$/);
      assert.equal(code, 2);
      assert.ok(!existsSync(place.path('run')));
    });
  }

  it('train and resume go on over Unix sockets', async () => {
    const args = ['train', CONFIG, '--run', 'run', '--workers', '2', ...PORTABLE];
    assert.equal((await run(...args, '--simulate', 'preempt@rank=1,step=3')).code, 143);
    const tcp = await run('resume', 'run', '--transport', 'tcp');
    assert.match(tcp.last!, unreachable('bring coordinator and workers together over TCP'));
    assert.equal((await run('resume', 'run', '--workers', '2')).code, 0);
  });

  it('plan-cluster says why it cannot measure', async () => {
    const args = ['--workers', '1', '--gbps', '1', '--tokens-per-second', '10000'];
    const { code, last } = await run('plan-cluster', CONFIG, ...args);
    assert.match(last!, unreachable('measure the all-reduce over tcp'));
    assert.equal(code, 2);
  });
});
