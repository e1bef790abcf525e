/** Runs on several hosts that see no common disk, made up on this machine: each has a folder of its own. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Ended, Started } from '../helper/command-line.ts';
import { whyNoHosts } from '../helper/made-up-hosts.ts';
import { allEnd, CONFIG, SeveralHosts, slow } from '../helper/several-hosts.ts';

const skip = whyNoHosts() ?? false;
/** Steps enough for what happens meanwhile. */
const SLOW = slow([1], 300);
/** As seen from a host's own folder. */
const SHARED = ['--rendezvous', 'tcp://h1:29400', '--key-file', '../key', '--hosts', '2'];

describe('a run on hosts without a common disk', { skip }, () => {
  const hosts = new SeveralHosts(2, { ownDisks: true });
  const { place } = hosts;

  const log = (run: string): string => hosts.coordinatorLog('h1', run);

  /** In a folder that only this host sees, since nothing is mounted there on the other one. */
  const startOn = (host: number, ...args: string[]): Started =>
    hosts.startOnOwnDisk(host, [...args, ...SHARED]);
  /** The same command on each host. */
  const start = (...args: string[]): Started[] =>
    [1, 2].map((host) => startOn(host, ...args, '--own-disks'));

  async function succeed(run: string, started: readonly Started[]): Promise<Ended[]> {
    const ended = await allEnd(started);
    for (const { code, stderr, stdout } of ended) {
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^state ${hosts.hash} after step`, 'm'));
    }
    assert.equal(place.stateHash('h1', run), hosts.hash);
    return ended;
  }

  it('ends with the bits of one process: the host that follows fetches what its workers read', async () => {
    const [, second] = await succeed('run', start('train', CONFIG, '--run', 'run'));
    const path = place.path('h2', 'run');
    assert.match(
      second!.stderr,
      new RegExp(`^Fetching \\d+ files, .* from h1 into "${path}"\\.$`, 'm'),
    );
    const names = readdirSync(path).toSorted();
    assert.deepEqual(names, ['config.yaml', 'copy.json', 'data', 'logs']);
    assert.match(readFileSync(`${path}/logs/worker-1.log`, 'utf8'), /completed after step/);
  });

  it('is saved on the host that leads, and goes on from there: the second start fetches nothing again', async () => {
    const stopped = start('train', CONFIG, '--run', 'stopped', ...SLOW);
    await place.untilSteps('h1/stopped', 4);
    hosts.signalAgentOn(2, 'USR1');
    for (const { code, stderr } of await allEnd(stopped)) assert.equal(code, 75, stderr);
    const [, second] = await succeed('stopped', start('resume', 'stopped'));
    assert.doesNotMatch(second!.stderr, /Fetch/);
    assert.deepEqual(existsSync(place.path('h2', 'stopped', 'checkpoints')), false);
    // Nor does a run go on from the copy alone.
    const copy = await place.run('resume', 'h2/stopped');
    assert.equal(copy.code, 2);
    assert.match(copy.stderr, /^USAGE: "h2\/stopped" is no run, but what this host fetched of/);
  });

  it('waits for the only worker of the host that leads when it is killed, since no other can save', async () => {
    const killed = ['--simulate', 'kill@rank=0,step=5'];
    await succeed('waits', start('train', CONFIG, '--run', 'waits', ...killed));
    assert.match(log('waits'), /Lost worker 0 \(pid \d+ on h1\): it was killed by SIGKILL/);
    assert.match(log('waits'), /generation \d+ is formed of workers 0 and 1/);
    assert.doesNotMatch(log('waits'), /is formed of worker 1/);
    assert.ok(readdirSync(place.path('h1', 'waits', 'checkpoints')).length > 0);
  });

  it('goes on from the disk of the host that leads when all workers are lost at once', async () => {
    const killed = [0, 1].flatMap((rank) => ['--simulate', `kill@rank=${rank},step=9`]);
    const saving = ['--set', 'checkpoint.everySteps=4'];
    await succeed('all', start('train', CONFIG, '--run', 'all', ...killed, ...saving));
    assert.match(log('all'), /generation \d+ is formed of workers 0 and 1; the state goes to/);
  });

  it('ends on the other hosts when the host that leads is lost, and goes on when both start again', async () => {
    const again = ['train', CONFIG, '--run', 'led', '--resume', 'auto'];
    const saving = ['--set', 'checkpoint.everySteps=2'];
    const [first, second] = start(...again, ...saving, ...SLOW);
    await place.untilSteps('h1/led', 6);
    hosts.killAllOn(1);
    const { code, stderr } = await second!.ended;
    assert.equal(code, 75, stderr);
    assert.match(stderr, /^REQUEUED: Lost the host that leads, h1 \(pid \d+\)/m);
    await first!.ended;
    assert.deepEqual(hosts.made.pidsOn(2, /worker/), []);
    const [, back] = await succeed('led', start(...again, ...saving));
    assert.doesNotMatch(back!.stderr, /Fetch/);
  });

  it('fetches no dataset that is there already, and one again that was changed', async () => {
    cpSync(place.path('h1', 'data'), place.path('h2', 'data'), { recursive: true });
    const [, second] = await succeed('own', start('train', CONFIG, '--run', 'own'));
    assert.doesNotMatch(second!.stderr, /Fetch/);
    const damaged = place.path('h2', 'data', 'version-1', 'sequences-00000.arrow');
    const bytes = readFileSync(damaged);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(damaged, bytes);
    const [, again] = await succeed('again', start('train', CONFIG, '--run', 'again'));
    assert.match(
      again!.stderr,
      /^Warning: Dataset ".*\/h2\/data" is damaged: .* It is fetched\.$/m,
    );
    assert.match(again!.stderr, /^Fetching [5-9] files, /m);
  });

  it('refuses a folder that is no copy, and a host that was started without --own-disks', async () => {
    mkdirSync(place.path('h2', 'used'));
    writeFileSync(place.path('h2', 'used', 'thesis.txt'), 'all of it');
    const [first, second] = await allEnd(start('train', CONFIG, '--run', 'used'));
    for (const { code, stderr } of [first!, second!]) {
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^RUN_EXISTS: .*annot fetch the run into ".*\/h2\/used"/m);
    }
    assert.deepEqual(readdirSync(place.path('h2', 'used')), ['thesis.txt']);
    assert.equal(existsSync(place.path('h1', 'used')), false);
    const wait = ['train', CONFIG, '--run', 'mixed', '--hosts-wait', '15'];
    const [leader, other] = await allEnd([startOn(1, ...wait, '--own-disks'), startOn(2, ...wait)]);
    assert.equal(leader!.code, 7, leader!.stderr);
    assert.match(other!.stderr, /^PROTOCOL: The leader refused this host: it was started by/m);
  });

  it('says on both hosts that a disk has no room, and leaves nothing half-written', async () => {
    const small = place.path('h2', 'small');
    mkdirSync(small);
    const room = `mount -t tmpfs -o size=16k small ${small}`;
    const [first, second] = await allEnd([
      startOn(1, 'train', CONFIG, '--run', 'full', '--own-disks'),
      hosts.startOnOwnDisk(
        2,
        ['train', CONFIG, '--run', 'small/run', '--own-disks', ...SHARED],
        room,
      ),
    ]);
    for (const { code, stderr } of [first!, second!]) {
      assert.equal(code, 5, stderr);
      assert.match(
        stderr,
        /^OUT_OF_RESOURCES: .*annot fetch the run into ".*\/small\/run": it takes/m,
      );
    }
    assert.equal(existsSync(place.path('h1', 'full')), false);
  });

  it('is what a host is told of that sees no common disk, where it was not asked for', async () => {
    const data = ['--set', `data.store=${place.path('both')}`];
    const started = [1, 2].map((host) =>
      startOn(host, 'train', CONFIG, '--run', 'unseen', ...data),
    );
    for (const { code, stderr } of await allEnd(started)) {
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        /^USAGE: .*does not see the run's folder .* start all hosts with --own-disks/m,
      );
    }
  });

  it('wants to be told which host has the run', async () => {
    const { code, stderr } = await place.run('train', CONFIG, '--hosts', '2', '--own-disks');
    assert.equal(code, 2);
    assert.match(stderr, /^USAGE: Cannot train with --own-disks: nothing says which host has/);
  });
});
