/** Runs on several hosts, made up on this machine, that are told to stop and leave the run to the others. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type Ended, fixtureConfig, type Started, Workplace } from '../helper/command-line.ts';
import { MadeUpHosts, whyNoHosts } from '../helper/made-up-hosts.ts';

const skip = whyNoHosts() ?? false;
const CONFIG = fixtureConfig('two-phases.yaml');
/** The first host leads. */
const BY_NAME = ['--rendezvous', 'tcp://h1:29400', '--key-file', 'key'];
const AGENT = /lockstep\.js train/;
/** Steps enough for what happens meanwhile: all workers wait in each, whichever of them are left. */
const SLOW = [0, 1, 2].flatMap((rank) => ['--simulate', `slow@rank=${rank},step=3,ms=500`]);

describe('a host that is told to stop, with --on-signal leave', { skip }, () => {
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

  const log = (run: string): string =>
    readFileSync(place.path(run, 'logs', 'coordinator.log'), 'utf8');
  /** Without gap or repetition. */
  const isOneHistory = (run: string): void => {
    const told = place.steps(run);
    assert.deepEqual(
      told,
      [...new Set(told)].toSorted((a, b) => a - b),
    );
    assert.equal(place.stateHash(run), hash);
  };

  const startOn = (host: number, run: string, ...args: string[]): Started => {
    const own = ['--hosts', '3', '--run', run, '--resume', 'auto', '--on-signal', 'leave'];
    return place.startOn(hosts, host, 'train', CONFIG, ...own, ...args);
  };
  const signal = (host: number, name: string): void => {
    for (const pid of hosts.pidsOn(host, AGENT)) hosts.kill(name, pid);
  };
  const allEnd = async (started: readonly Started[]): Promise<Ended[]> =>
    await Promise.all(started.map(({ ended }) => ended));
  /** All have ended well, as the run did. */
  async function succeed(...started: readonly Started[]): Promise<Ended[]> {
    const ended = await allEnd(started);
    for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
    return ended;
  }

  it('that follows leaves the run to the others, and takes part again when it is back', async () => {
    const [first, second, third] = [1, 2, 3].map((host) =>
      startOn(host, 'follower', ...BY_NAME, ...SLOW),
    );
    await place.untilSteps('follower', 4);
    signal(3, 'USR1');
    const { code, stderr } = await third!.ended;
    assert.equal(code, 75, stderr);
    assert.match(stderr, /^EXIT code=75 .*SIGUSR1: this host has left the run/m);
    assert.deepEqual(hosts.pidsOn(3, /./), []);
    await place.untilSteps('follower', place.steps('follower').length + 4);
    const back = startOn(3, 'follower', ...BY_NAME);
    const [leader, , returned] = await succeed(first!, second!, back);
    assert.match(
      leader!.stderr,
      /Host [12] \(h3, pid \d+\) left after SIGUSR1; the others go on\.$/m,
    );
    assert.match(returned!.stderr, /^This is host [12] of 3; h1 \(pid \d+\) leads\.$/m);
    assert.match(
      log('follower'),
      /Worker [12] \(pid \d+ on h3\) left with its host\. It is started again when its host is back\./,
    );
    assert.doesNotMatch(log('follower'), /Lost worker/);
    isOneHistory('follower');
  });

  it('that leads leaves the run to the next one, and follows when it is back', async () => {
    const [first, second, third] = [1, 2, 3].map((host) =>
      startOn(host, 'leader', ...BY_NAME, ...SLOW),
    );
    await place.untilSteps('leader', 4);
    signal(1, 'TERM');
    const { code, stderr } = await first!.ended;
    assert.equal(code, 143, stderr);
    const [, heir] = /Leaves the run to host 1 \(h([23]), pid \d+\)\.$/m.exec(stderr) ?? [stderr];
    assert.match(stderr, /^EXIT code=143 .*SIGTERM: this host has left the run/m);
    assert.deepEqual(hosts.pidsOn(1, /./), []);
    await place.untilSteps('leader', place.steps('leader').length + 4);
    const back = startOn(1, 'leader', ...BY_NAME);
    const both = heir === '2' ? [second!, third!] : [third!, second!];
    const [next, other, returned] = await succeed(...both, back);
    assert.match(next!.stderr, /^The host that led, h1 \(pid \d+\), has left\.$/m);
    assert.match(next!.stderr, /^This host leads now: host 1 of 3\.$/m);
    for (const { stderr: told } of [other!, returned!]) {
      assert.match(
        told,
        new RegExp(`^This is host [02] of 3; h${heir} \\(pid \\d+\\) leads\\.$`, 'm'),
      );
    }
    assert.match(log('leader'), /left with its host\. It is started again when its host is back\./);
    assert.doesNotMatch(log('leader'), /Lost worker/);
    isOneHistory('leader');
    assert.equal(existsSync(place.path('leader.hosts')), false);
  });

  it('with all others leaves nobody to go on: the run is saved and ended', async () => {
    const all = [1, 2, 3].map((host) => startOn(host, 'all', ...BY_NAME, ...SLOW));
    await place.untilSteps('all', 4);
    for (const host of [3, 1, 2]) signal(host, 'TERM');
    for (const { code, stderr } of await allEnd(all)) {
      assert.equal(code, 143, stderr);
      assert.match(stderr, /^EXIT code=143 .*SIGTERM: saved after \d+ of \d+ steps/m);
    }
    await succeed(...[1, 2, 3].map((host) => startOn(host, 'all', ...BY_NAME)));
    isOneHistory('all');
  });

  it('with too few others ends the run, too', async () => {
    const enough = ['--min-workers', '3'];
    const all = [1, 2, 3].map((host) => startOn(host, 'few', ...BY_NAME, ...SLOW, ...enough));
    await place.untilSteps('few', 4);
    signal(2, 'USR1');
    for (const { code, stderr } of await allEnd(all)) assert.equal(code, 75, stderr);
    assert.match(log('few'), /SIGUSR1: saved after/);
  });
});
