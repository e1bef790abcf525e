/** A real training run whose worker is killed costs time, not bits. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
const OPTIONS = ['--workers', '2', '--set', 'checkpoint.everySteps=4'];
const KILLED_AFTER_STEPS = 14;

describe('a worker killed in the middle of training', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('ends the run with one line and code 7, and a resume ends where an undisturbed run does', async () => {
    const undisturbed = await place.run('train', CONFIG, '--run', 'undisturbed', ...OPTIONS);
    assert.equal(undisturbed.code, 0, undisturbed.stderr);

    const { child, ended } = place.start('train', CONFIG, '--run', 'killed', ...OPTIONS);
    await place.untilSteps('killed', KILLED_AFTER_STEPS);
    process.kill(workersOf(child.pid!)[1]!, 'SIGKILL');
    const { code, stderr } = await ended;
    assert.equal(code, 7);
    assert.match(stderr, /^WORKER_LOST: .*SIGKILL/m);
    assert.match(stderr, /^EXIT code=7 .* resume="lockstep resume killed"$/m);
    assert.deepEqual(workersOf(child.pid!), [], 'no process is left');

    const resumed = await place.run('resume', 'killed', '--workers', '3');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(stateHash(place, 'killed'), stateHash(place, 'undisturbed'));
  });
});

const stateHash = (place: Workplace, run: string): string =>
  (JSON.parse(readFileSync(place.path(run, 'exit.json'), 'utf8')) as { stateHash: string })
    .stateHash;

/** Process ids of a coordinator's workers. */
function workersOf(pid: number): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === pid && /worker\/main/.test(args.join(' ')))
    .map(([own]) => Number(own));
}
