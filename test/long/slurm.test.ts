/** Runs under a real Slurm, of two nodes that are made up on this machine. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CLONE } from '../helper/clone.ts';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';
import { MadeUpHosts } from '../helper/made-up-hosts.ts';
import { Slurm, whyNoSlurm } from '../helper/slurm.ts';

const NODES = 2;
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
    hash = stateHash('alone');
    hosts = await MadeUpHosts.open(NODES + 1);
    slurm = await Slurm.start(hosts, NODES, place.path('slurm'));
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  const stateHash = (run: string): string =>
    (place.json(run, 'exit.json') as { stateHash: string }).stateHash;
  const output = (run: string): string => readFileSync(place.path(`${run}.out`), 'utf8');
  const submit = (run: string, ...args: readonly string[]): string =>
    slurm
      .run(
        ...['sbatch', '--parsable', `--output=${place.path(`${run}.out`)}`],
        `--export=ALL,LOCKSTEP=${join(CLONE, 'bin', 'lockstep.js')}`,
        ...[`--chdir=${place.folder}`, SCRIPT, CONFIG, place.path(run), ...args],
      )
      .trim();
  async function completes(job: string, run: string, restarts: number): Promise<void> {
    assert.equal(await slurm.ended(job), 'COMPLETED', output(run));
    assert.equal(slurm.job(job).Restarts, String(restarts), output(run));
    assert.equal(stateHash(run), hash);
  }

  it('ends with the bits of one process', async () => {
    await completes(submit('plain'), 'plain', 0);
    assert.match(output('plain'), /^This is host 1 of 2; h1 \(pid \d+\) leads\.$/m);
  });

  it('saves at SIGUSR1, queues itself again and goes on', async () => {
    const job = submit('signal', ...slow(300));
    await place.untilSteps('signal', 5);
    slurm.run('scancel', '--signal=USR1', job);
    await completes(job, 'signal', 1);
    assert.match(output('signal'), /^EXIT code=75 /m);
  });

  it('goes on when a node dies, is queued again by Slurm, and ends once the node is back', async () => {
    const job = submit('node', ...slow(1000));
    await place.untilSteps('node', 5);
    slurm.killNode(2);
    await slurm.reaches(job, 'PENDING');
    slurm.startNode(2);
    await completes(job, 'node', 1);
    assert.match(output('node'), /Lost host 1 \(h2, pid \d+\)/);
  });
});
