/** Runs under a real Slurm, of two nodes that are made up on this machine. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CLONE } from '../helper/clone.ts';
import { fixtureConfig, LOCKSTEP_PROGRAM, Workplace } from '../helper/command-line.ts';
import { inFull, MadeUpHosts } from '../helper/made-up-hosts.ts';
import { Slurm, whyNoSlurm } from '../helper/slurm.ts';

const NODES = 3;
const CONFIG = fixtureConfig('two-phases.yaml');
const SCRIPT = join(CLONE, 'launcher', 'slurm', 'lockstep.sbatch');
/** Leaves time for what is done to it. */
const slow = (ms: number): string[] => ['--simulate', `slow@rank=0,step=3,ms=${ms}`];

describe('launcher/slurm/lockstep.sbatch', { skip: whyNoSlurm() ?? false }, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;
  let slurm: Slurm;
  let hash: string;

  before(async () => {
    const alone = await place.run('train', CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    hash = place.stateHash('alone');
    hosts = await MadeUpHosts.open(NODES + 1);
    slurm = await Slurm.start(hosts, NODES, place.path('slurm'));
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  const output = (run: string): string => readFileSync(place.path(`${run}.out`), 'utf8');
  /** Two nodes of the three, where Slurm's own options don't say another number. */
  const submit = (
    run: string,
    train: readonly string[] = [],
    own: readonly string[] = [],
  ): string =>
    slurm
      .run(
        ...['sbatch', '--parsable', '--open-mode=append', `--output=${place.path(`${run}.out`)}`],
        `--export=ALL,LOCKSTEP=${LOCKSTEP_PROGRAM}`,
        ...[...own, `--chdir=${place.folder}`, SCRIPT, CONFIG, place.path(run), ...train],
      )
      .trim();
  /** By a job that may preempt those of the other partitions, and ends at once. */
  const takeNodes = (nodes: string = `--nodes=${NODES}`): string =>
    slurm.run(
      ...['sbatch', '--parsable', '--partition=urgent', nodes, '--exclusive'],
      ...['--output=/dev/null', '--wrap=true'],
    );
  async function completes(job: string, run: string, restarts: number): Promise<void> {
    assert.equal(await slurm.ended(job), 'COMPLETED', output(run));
    assert.equal(slurm.job(job).Restarts, String(restarts), output(run));
    assert.equal(place.stateHash(run), hash);
  }

  it('is submitted by lockstep launch, and ends with the bits of one process', async () => {
    const launch = ['launch', CONFIG, '--slurm', '--run', place.path('plain'), '--nodes', '2'];
    const own = [
      '--sbatch',
      `output=${place.path('plain.out')}`,
      '--sbatch',
      `chdir=${place.folder}`,
    ];
    const told = slurm.run(LOCKSTEP_PROGRAM, ...launch, ...own);
    const job = /^Submitted job (\d+) for the run ".*plain"\.$/m.exec(told)?.[1];
    await completes(job!, 'plain', 0);
    assert.match(output('plain'), /^This is host 1 of 2; h1 \(pid \d+\) leads\.$/m);
  });

  it('saves at SIGUSR1, queues itself again and goes on', async () => {
    const job = submit('signal', slow(300));
    await place.untilSteps('signal', 5);
    slurm.run('scancel', '--signal=USR1', job);
    await completes(job, 'signal', 1);
    assert.match(output('signal'), /^EXIT code=75 /m);
  });

  it('saves and goes on where one of its tasks was killed before', async () => {
    const job = submit('task', slow(1000), ['--exclude=h3']);
    await place.untilSteps('task', 5);
    hosts.kill('KILL', hosts.pidsOn(2, /lockstep\.js train/)[0]!);
    await place.untilSteps('task', 8);
    slurm.run('scancel', '--signal=USR1', job);
    await completes(job, 'task', 1);
    assert.match(output('task'), /Lost host 1 \(h2, pid \d+\)/);
    assert.match(output('task'), /^EXIT code=75 /m);
  });

  it('saves when a job of a higher partition takes its nodes, and goes on after that', async () => {
    const job = submit('preempted', slow(300));
    await place.untilSteps('preempted', 5);
    takeNodes();
    await completes(job, 'preempted', 1);
    assert.match(output('preempted'), /^EXIT code=143 /m);
  });

  it('saves when its nodes are taken with notice (GraceTime), and goes on after that', {
    skip: inFull,
  }, async () => {
    const job = submit('noticed', slow(300), ['--partition=graceful']);
    await place.untilSteps('noticed', 5);
    takeNodes();
    await completes(job, 'noticed', 1);
    assert.match(output('noticed'), /^EXIT code=143 /m);
  });

  it('goes on when a node dies, is queued again by Slurm, and ends once the node is back', async () => {
    const job = submit('node', slow(1000), ['--exclude=h3']);
    await place.untilSteps('node', 5);
    slurm.killNode(2);
    await slurm.reaches(job, 'PENDING');
    slurm.startNode(2);
    await completes(job, 'node', 1);
    assert.match(output('node'), /Lost host 1 \(h2, pid \d+\)/);
  });

  it('saves at scontrol requeue and goes on', { skip: inFull }, async () => {
    const job = submit('requeued', slow(300));
    await place.untilSteps('requeued', 5);
    slurm.run('scontrol', 'requeue', job);
    await completes(job, 'requeued', 1);
    assert.match(output('requeued'), /^EXIT code=143 /m);
  });

  it('goes on where a node is drained, and elsewhere once it is queued again', {
    skip: inFull,
  }, async () => {
    const job = submit('drained', slow(1000));
    await place.untilSteps('drained', 5);
    const [node] = slurm.job(job).NodeList === 'h[1-2]' ? ['h2'] : ['h3'];
    slurm.run('scontrol', 'update', `nodename=${node}`, 'state=drain', 'reason=test');
    await place.untilSteps('drained', 8);
    slurm.run('scancel', '--signal=USR1', job);
    await completes(job, 'drained', 1);
    assert.equal(slurm.job(job).NodeList, 'h[1,3]');
    slurm.run('scontrol', 'update', `nodename=${node}`, 'state=resume');
  });

  it('saves before its time is up, as often as that takes', { skip: inFull }, async () => {
    const job = submit('time', slow(1500), ['--time=1', '--signal=USR1@30']);
    assert.equal(await slurm.ended(job), 'COMPLETED', output('time'));
    assert.equal(place.stateHash('time'), hash);
    assert.match(output('time'), /^EXIT code=75 /m);
  });

  const ARRAY = ['--array=0-1', '--nodes=1'];
  const elements = (job: string): [string, string] => [`${job}_0`, `${job}_1`];

  it('as an array of jobs: ends with the bits of one process', async () => {
    const job = submit('array', [], ARRAY);
    for (const element of elements(job)) await completes(element, 'array', 0);
    assert.match(output('array'), /is here: 2 of 2 hosts\.$/m);
  });

  it('as an array of jobs: goes on when one that was cancelled is queued again', {
    skip: inFull,
  }, async () => {
    const [first, second] = elements(submit('cancelled', slow(300), ARRAY));
    await place.untilSteps('cancelled', 5);
    slurm.run('scancel', second);
    await slurm.reaches(second, 'CANCELLED');
    slurm.run('scontrol', 'requeue', second);
    await completes(first, 'cancelled', 0);
    await completes(second, 'cancelled', 1);
  });

  for (const [how, partition] of [
    ['at once', 'main'],
    ['with notice (GraceTime)', 'graceful'],
  ] as const) {
    it(`as an array of jobs: one whose node is taken ${how} leaves the run to the other, and comes back`, {
      skip: inFull,
    }, async () => {
      const run = `array-${partition}`;
      const job = submit(run, slow(1000), [...ARRAY, '--exclusive', `--partition=${partition}`]);
      const [first, second] = elements(job);
      await place.untilSteps(run, 5);
      takeNodes(`--nodelist=${slurm.job(second).NodeList}`);
      await completes(first, run, 0);
      await completes(second, run, 1);
      assert.match(output(run), /^EXIT code=143 .*SIGTERM: this host has left the run/m);
    });
  }

  it('as an array of jobs: one whose time is nearly up leaves the run to the other, and comes back', async () => {
    const [first, second] = elements(submit('left', slow(1000), ARRAY));
    await place.untilSteps('left', 5);
    slurm.run('scancel', '--signal=USR1', second);
    await completes(first, 'left', 0);
    await completes(second, 'left', 1);
    assert.match(output('left'), /^EXIT code=75 .*SIGUSR1: this host has left the run/m);
  });

  for (const [which, names] of [
    ['follows', /^Host 1 \(h(\d), /m],
    ['leads', /h(\d) \(pid \d+\) leads\.$/m],
  ] as const) {
    it(`as an array of jobs: bears the death of the node that ${which}, whose job runs elsewhere`, {
      skip: inFull,
    }, async () => {
      const run = `node-that-${which}`;
      const job = submit(run, slow(2000), [...ARRAY, '--exclusive']);
      await place.untilSteps(run, 5);
      const node = Number(names.exec(output(run))![1]);
      slurm.killNode(node);
      for (const element of elements(job)) {
        assert.equal(await slurm.ended(element), 'COMPLETED', output(run));
      }
      slurm.startNode(node);
      assert.equal(place.stateHash(run), hash);
      assert.equal(output(run).match(/is here: 2 of 2 hosts\.$/gm)?.length, 2, output(run));
    });
  }
});
