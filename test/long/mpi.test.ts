/** Runs that Open MPI starts, on hosts that are made up on this machine. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  fixtureConfig,
  LOCKSTEP_PROGRAM,
  type Started,
  Workplace,
} from '../helper/command-line.ts';
import { inFull, MadeUpHosts } from '../helper/made-up-hosts.ts';
import { mpirun, whyNoOpenMpi } from '../helper/open-mpi.ts';

const HOSTS = 2;
const CONFIG = fixtureConfig('two-phases.yaml');
/** Leaves time for what is done to it. */
const SLOW = ['--simulate', 'slow@rank=1,step=3,ms=300'];

describe('mpirun … lockstep train', { skip: whyNoOpenMpi() ?? false }, () => {
  const place = new Workplace();
  let hosts: MadeUpHosts;
  let hash: string;

  before(async () => {
    const alone = await place.run('train', CONFIG, '--run', 'alone');
    assert.equal(alone.code, 0, alone.stderr);
    hash = place.stateHash('alone');
    hosts = await MadeUpHosts.open(HOSTS);
  });
  after(async () => {
    await hosts?.close();
    place.remove();
  });

  const start = (
    run: string,
    args: readonly string[] = [],
    own: readonly string[] = [],
  ): Started => {
    const train = ['train', CONFIG, '--run', run, '--resume', 'auto', ...args];
    return place.startProgramOn(
      hosts,
      1,
      mpirun(HOSTS, place.folder, [...own, LOCKSTEP_PROGRAM, ...train]),
    );
  };

  it('ends with the bits of one process', async () => {
    const { code, stderr } = await start('plain').ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^This is host 1 of 2; h1 \(pid \d+\) leads\.$/m);
    assert.equal(place.stateHash('plain'), hash);
  });

  it('saves when mpirun gets SIGUSR1, ends with 75, and goes on by the same command', async () => {
    const stopped = start('signal', SLOW);
    await place.untilSteps('signal', 5);
    hosts.kill('USR1', hosts.pidsOn(1, /^mpirun /)[0]!);
    const { code, stderr } = await stopped.ended;
    assert.equal(code, 75, stderr);
    assert.equal(stderr.match(/^EXIT code=75 /gm)?.length, HOSTS, stderr);
    const resumed = await start('signal').ended;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(place.stateHash('signal'), hash);
  });

  it('ends on all hosts when one agent is killed, and goes on by the same command', {
    skip: inFull,
  }, async () => {
    const stopped = start('killed', SLOW);
    await place.untilSteps('killed', 5);
    hosts.kill('KILL', hosts.pidsOn(2, /lockstep\.js train/)[0]!);
    const { code, stderr } = await stopped.ended;
    assert.equal(code, 137, stderr);
    assert.deepEqual(hosts.pidsOn(2, /worker/), []);
    const resumed = await start('killed').ended;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(place.stateHash('killed'), hash);
  });

  it('goes on without a killed agent under --enable-recovery', { skip: inFull }, async () => {
    const started = start('recovery', SLOW, ['--enable-recovery']);
    await place.untilSteps('recovery', 5);
    hosts.kill('KILL', hosts.pidsOn(2, /lockstep\.js train/)[0]!);
    const { code, stderr } = await started.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Lost host 1 \(h2, pid \d+\): nothing was heard for 3000 ms\./);
    assert.equal(place.stateHash('recovery'), hash);
  });
});
