/** Runs that Open MPI starts, on hosts that are made up on this machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LOCKSTEP_PROGRAM, type Started } from '../helper/command-line.ts';
import { inFull } from '../helper/made-up-hosts.ts';
import { mpirun, whyNoOpenMpi } from '../helper/open-mpi.ts';
import { CONFIG, SeveralHosts, slow } from '../helper/several-hosts.ts';

const HOSTS = 2;
/** Leaves time for what is done to it. */
const SLOW = slow([1], 300);

describe('mpirun … lockstep train', { skip: whyNoOpenMpi() ?? false }, () => {
  const hosts = new SeveralHosts(HOSTS);
  const { place } = hosts;

  const start = (
    run: string,
    args: readonly string[] = [],
    own: readonly string[] = [],
  ): Started => {
    const train = ['train', CONFIG, '--run', run, '--resume', 'auto', ...args];
    return place.startProgramOn(
      hosts.made,
      1,
      mpirun(HOSTS, place.folder, [...own, LOCKSTEP_PROGRAM, ...train]),
    );
  };

  it('ends with the bits of one process', async () => {
    const { code, stderr } = await start('plain').ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^This is host 1 of 2; h1 \(pid \d+\) leads\.$/m);
    assert.equal(place.stateHash('plain'), hosts.hash);
  });

  it('saves when mpirun gets SIGUSR1, ends with 75, and goes on by the same command', async () => {
    const stopped = start('signal', SLOW);
    await place.untilSteps('signal', 5);
    hosts.made.kill('USR1', hosts.made.pidsOn(1, /^mpirun /)[0]!);
    const { code, stderr } = await stopped.ended;
    assert.equal(code, 75, stderr);
    assert.equal(stderr.match(/^EXIT code=75 /gm)?.length, HOSTS, stderr);
    const resumed = await start('signal').ended;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(place.stateHash('signal'), hosts.hash);
  });

  it('ends on all hosts when one agent is killed, and goes on by the same command', {
    skip: inFull,
  }, async () => {
    const stopped = start('killed', SLOW);
    await place.untilSteps('killed', 5);
    hosts.signalAgentOn(2, 'KILL');
    const { code, stderr } = await stopped.ended;
    assert.equal(code, 137, stderr);
    assert.deepEqual(hosts.made.pidsOn(2, /worker/), []);
    const resumed = await start('killed').ended;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(place.stateHash('killed'), hosts.hash);
  });

  it('goes on without a killed agent under --enable-recovery', { skip: inFull }, async () => {
    const started = start('recovery', SLOW, ['--enable-recovery']);
    await place.untilSteps('recovery', 5);
    hosts.signalAgentOn(2, 'KILL');
    const { code, stderr } = await started.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Lost host 1 \(h2, pid \d+\): nothing was heard for 3000 ms\./);
    assert.equal(place.stateHash('recovery'), hosts.hash);
  });
});
