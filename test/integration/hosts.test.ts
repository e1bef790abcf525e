/** Runs on several hosts, which are made up on this machine. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import type { Started } from '../helper/command-line.ts';
import { inFull, whyNoHosts } from '../helper/made-up-hosts.ts';
import { AGENT, allEnd, BY_NAME, CONFIG, SeveralHosts, slow } from '../helper/several-hosts.ts';

const skip = whyNoHosts() ?? false;
/** Steps enough for what happens meanwhile. */
const SLOW = slow([1], 300);

describe('a run on several hosts', { skip }, () => {
  const hosts = new SeveralHosts(3);
  const { place } = hosts;

  /** The same command on each host, with as many workers as it says. */
  const start = (run: string, workers: readonly number[], ...args: string[]): Started[] =>
    workers.map((count, at) => {
      const own = ['--hosts', String(workers.length), '--workers', String(count), '--run', run];
      return hosts.startOn(at + 1, 'train', CONFIG, ...own, ...args);
    });

  async function succeeds(run: string, workers: readonly number[], ...args: string[]) {
    const ended = await allEnd(start(run, workers, ...args));
    for (const { code, stderr, stdout } of ended) {
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^state ${hosts.hash} after step`, 'm'));
    }
    assert.equal(place.stateHash(run), hosts.hash);
    return ended;
  }

  it('ends with the same bits as in one process: two hosts by hand, over tcp with a key', async () => {
    const [first, second] = await succeeds('two', [2, 1], ...BY_NAME);
    assert.match(first!.stderr, /^Host 1 \(h2, pid \d+\) with 1 worker is here: 2 of 2 hosts\.$/m);
    assert.match(second!.stderr, /^This is host 1 of 2; h1 \(pid \d+\) leads\.$/m);
    assert.match(second!.stderr, /^EXIT code=0 /m);
    // A scheduler may start one of them again when all is done: it waits for nobody.
    const again = ['train', CONFIG, '--hosts', '2', '--run', 'two', '--resume', 'auto', ...BY_NAME];
    const { code, stdout, stderr } = await hosts.startOn(2, ...again).ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^state ${hosts.hash} after step`, 'm'));
    assert.equal(existsSync(place.path('two.hosts')), false);
  });

  it('ends with the same bits: three hosts, that meet in a folder and leave nothing there', async () => {
    await succeeds('three', [1, 1, 1], '--rendezvous', 'folder:meeting');
    assert.equal(existsSync(place.path('meeting')), false);
  });

  describe('with vectors too large to be sent to everyone whole', () => {
    const wide = [
      ...['--set', 'model.channels=96', '--set', 'phases.0.duration.epochs=1'],
      ...['--set', 'phases.1.duration.epochs=1', '--set', 'phases.1.learningRate.warmupSteps=2'],
    ];

    before(async () => await hosts.alone('wide', CONFIG, ...wide));

    /** The bytes that the second host sends. */
    async function sentIn(run: string, workers: readonly number[]): Promise<number> {
      const before = hosts.made.sentBy(2);
      for (const { code, stderr } of await allEnd(start(run, workers, ...BY_NAME, ...wide))) {
        assert.equal(code, 0, stderr);
      }
      assert.equal(place.stateHash(run), place.stateHash('wide'));
      return hosts.made.sentBy(2) - before;
    }

    it('ends with the same bits, and two workers on a host send no more than one', async () => {
      const oneEach = await sentIn('one-each', [1, 1]);
      const twoEach = await sentIn('two-each', [2, 2]);
      assert.ok(twoEach < 1.3 * oneEach, `${twoEach} bytes instead of ${oneEach}`);
    });

    it('ends with the same bits on hosts that are not alike', { skip: inFull }, async () => {
      await sentIn('unlike', [2, 1, 2]);
    });
  });

  it('bears the death of a worker on another host, which it names', async () => {
    await succeeds('worker', [1, 2], '--simulate', 'kill@rank=2,step=5');
    // In the folder beside the run the first that comes leads.
    assert.match(
      hosts.coordinatorLog('worker'),
      /Lost worker 2 \(pid \d+ on h[12]\): it was killed by SIGKILL/,
    );
    assert.equal(existsSync(place.path('worker.hosts')), false);
  });

  it('tells a probe on each host whether the agent there is alive, and goes on without one that is killed', async () => {
    const [first, second] = start('agent', [1, 1], ...BY_NAME, '--min-workers', '1', ...SLOW);
    await place.untilSteps('agent', 4);
    const probe = (host: number, ...args: string[]) =>
      hosts.startOn(host, 'healthz', 'agent', ...args).ended;
    const [follower] = hosts.made.pidsOn(2, AGENT);
    const probed = await Promise.all([probe(1), probe(2), probe(3)]);
    assert.deepEqual(
      probed.map(({ code }) => code),
      [0, 0, 1],
    );
    assert.equal(probed[1].stdout, `Process ${follower} trains in "agent".\n`);
    assert.equal(probed[2].stderr, 'No process of this host trains in "agent".\n');
    hosts.made.kill('STOP', follower!);
    const silent = await probe(2, '--timeout', '1');
    assert.equal(silent.code, 1);
    assert.match(silent.stderr, /^A process of this host that trains in "agent" gave no answer/);
    hosts.made.kill('KILL', follower!);
    // nsenter has stopped with it.
    second!.child.kill('SIGCONT');
    const { code, stderr } = await first!.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Lost host 1 \(h2, pid \d+\): nothing was heard for 3000 ms\./);
    assert.equal(place.stateHash('agent'), hosts.hash);
    await second!.ended;
    assert.deepEqual(hosts.made.pidsOn(2, /worker/), []);
  });

  it('is asked to stop on any host: all hosts end alike, and a resume on one goes on', async () => {
    const [first, second] = start('stopped', [1, 1], ...BY_NAME, ...SLOW);
    await place.untilSteps('stopped', 4);
    hosts.signalAgentOn(2, 'USR1');
    for (const { code, stderr } of await allEnd([first!, second!])) assert.equal(code, 75, stderr);
    const resumed = await place.run('resume', 'stopped');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(place.stateHash('stopped'), hosts.hash);
  });

  it('ends soon after the host that leads is gone where workers do not wait, so that it can be started again', async () => {
    const wait = ['--coordinator-wait', '0'];
    const [first, second] = start('headless', [1, 1], ...BY_NAME, ...SLOW, ...wait);
    await place.untilSteps('headless', 4);
    hosts.signalAgentOn(1, 'KILL');
    const { code, stderr } = await second!.ended;
    assert.equal(code, 75, stderr);
    assert.match(stderr, /^REQUEUED: Lost the host that leads, h1 \(pid \d+\)/m);
    await first!.ended;
    assert.deepEqual(hosts.made.pidsOn(2, /worker/), []);
  });

  it('refuses a host with another configuration, and lets nobody in without the key', async () => {
    const shared = ['--hosts', '2', '--run', 'refused', '--hosts-wait', '20', ...BY_NAME];
    const other = place.path('other-key');
    writeFileSync(other, '00'.repeat(32), { mode: 0o600 });
    const [leader, differs, stranger] = [
      hosts.startOn(1, 'train', CONFIG, ...shared),
      hosts.startOn(2, 'train', CONFIG, ...shared, '--set', 'seed=8'),
      hosts.startOn(3, 'train', CONFIG, ...shared.with(-1, 'other-key')),
    ];
    const [alone, refused, unheard] = await allEnd([leader!, differs!, stranger!]);
    assert.equal(alone!.code, 7, alone!.stderr);
    assert.match(alone!.stderr, /^Warning: Refused h2 \(pid \d+\): it was started by another/m);
    assert.match(alone!.stderr, /^TIMEOUT: .* 1 of 2 hosts came within 20 s\./m);
    assert.match(refused!.stderr, /^PROTOCOL: The leader refused this host: it was started by/m);
    assert.match(
      alone!.stderr,
      /^Warning: Refused a connection .* such as one with another key\.$/m,
    );
    assert.match(
      unheard!.stderr,
      /^TIMEOUT: .* was not found within 20 s: what listens at h1:29400 has another key/m,
    );
    assert.equal(existsSync(place.path('refused')), false);
  });

  it('says before anything is started what is wrong with the key', async () => {
    chmodSync(place.path('other-key'), 0o644);
    const shared = ['train', CONFIG, '--hosts', '2', '--rendezvous', 'tcp://127.0.0.1:29400'];
    const open = await place.run(...shared, '--key-file', 'other-key');
    assert.equal(open.code, 8);
    assert.match(open.stderr, /^INSECURE: Cannot use the key file other-key: its mode is 644/);
    const none = await place.run(...shared);
    assert.equal(none.code, 8);
    assert.match(
      none.stderr,
      /^INSECURE: Cannot meet at tcp:\/\/127\.0\.0\.1:29400: there is no key/,
    );
  });
});
