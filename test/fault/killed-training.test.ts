/** Real training runs whose workers are killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fixtureConfig, LOCKSTEP, Workplace } from '../helper/command-line.ts';
import { childrenOf } from '../helper/processes.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
const EVERY_4 = ['--set', 'checkpoint.everySteps=4'];
const OPTIONS = ['--workers', '2', ...EVERY_4];
const KILLED_AFTER_STEPS = 14;

const place = new Workplace();
after(() => place.remove());
before(async () => {
  const undisturbed = await place.run('train', CONFIG, '--run', 'undisturbed', ...EVERY_4);
  assert.equal(undisturbed.code, 0, undisturbed.stderr);
});

describe('workers killed in the middle of training', () => {
  it('cost time and no bit: the first one, that writes, and then another', async () => {
    // The second one between the phases, where a survivor has to go back to the end of the first.
    const faults = ['kill@rank=0,step=3', 'kill@rank=2,step=12'].flatMap((f) => ['--simulate', f]);
    const options = [...EVERY_4, '--workers', '3', ...faults];
    const { code, stderr } = await place.run('train', CONFIG, '--run', 'killed', ...options);
    assert.equal(code, 0, stderr);
    const log = readFileSync(place.path('killed', 'logs', 'coordinator.log'), 'utf8');
    for (const worker of [0, 2]) assert.match(log, new RegExp(`Lost worker ${worker} \\(pid`));
    assert.equal(stateHash(place, 'killed'), stateHash(place, 'undisturbed'));
    assert.deepEqual(resultsOf(place, 'killed'), resultsOf(place, 'undisturbed'));
  });

  it('by their own doing: a gradient that is not finite ends the run with code 6', async () => {
    const options = [...OPTIONS, '--simulate', 'nan@rank=1,step=2'];
    const { code, stderr } = await place.run('train', CONFIG, '--run', 'nan', ...options);
    assert.equal(code, 6, stderr);
    assert.match(stderr, /^NON_FINITE: worker 1 .* is NaN in step 2, micro-batch 4/m);
  });

  it('end the run with code 7 and all that was done saved, where all are needed; a resume goes on', async () => {
    const options = [...OPTIONS, '--max-restarts', '0', '--min-workers', '2'];
    const { child, ended } = place.start('train', CONFIG, '--run', 'needed', ...options);
    await place.untilSteps('needed', KILLED_AFTER_STEPS);
    process.kill(workersOf(child.pid!)[1]!, 'SIGKILL');
    const { code, stderr } = await ended;
    assert.equal(code, 7);
    assert.match(stderr, /^WORKER_LOST: .*SIGKILL/m);
    assert.match(stderr, /^EXIT code=7 /m);
    assert.ok(stderr.includes(` resume="${LOCKSTEP} resume needed"\n`), stderr);
    const { globalStep, lastCheckpoint } = place.json('needed', 'exit.json') as {
      globalStep: number;
      lastCheckpoint: string;
    };
    assert.match(lastCheckpoint, new RegExp(`step-0*${globalStep}$`));

    const resumed = await place.run('resume', 'needed', '--workers', '1');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(stateHash(place, 'needed'), stateHash(place, 'undisturbed'));
  });
});

describe('a run of which something else is lost', () => {
  it('goes on when its coordinator is killed: the same state, every line of the metrics once', async () => {
    const { child, ended } = place.start('train', CONFIG, '--run', 'headless', ...OPTIONS);
    await place.untilSteps('headless', KILLED_AFTER_STEPS);
    process.kill(childrenOf(child.pid!, /coordinator-main/)[0]!, 'SIGKILL');
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^ {2}Warning: The coordinator was killed by SIGKILL; another one/m);
    assert.equal(stateHash(place, 'headless'), stateHash(place, 'undisturbed'));
    assert.deepEqual(resultsOf(place, 'headless'), resultsOf(place, 'undisturbed'));
  });

  it('is saved and ends when its launcher is killed', async () => {
    const launcher = fileURLToPath(new URL('../../launcher/start.js', import.meta.url));
    const argv = [launcher, CONFIG, '--run', 'orphan', ...OPTIONS];
    const child = spawn(process.execPath, argv, { cwd: place.path(), stdio: 'ignore' });
    await place.untilSteps('orphan', 2);
    child.kill('SIGKILL');
    while (!existsSync(place.path('orphan', 'exit.json'))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { code, globalStep, lastCheckpoint } = place.json('orphan', 'exit.json') as {
      code: number;
      globalStep: number;
      lastCheckpoint: string;
    };
    assert.equal(code, 143);
    assert.match(lastCheckpoint, new RegExp(`step-0*${globalStep}$`));
  });

  it('goes on when nobody reads its output any more', async () => {
    const { child, ended } = place.start('train', CONFIG, '--run', 'unread', ...OPTIONS);
    await place.untilSteps('unread', 2);
    child.stdout!.destroy();
    child.stderr!.destroy();
    const { code } = await ended;
    assert.equal(code, 0);
    assert.equal(stateHash(place, 'unread'), stateHash(place, 'undisturbed'));
  });
});

/**
 * What the metrics tell of steps and evaluations, without times: every line once, by step. The line of an evaluation
 * comes before that of its step when another worker reports the step late.
 */
const resultsOf = (place: Workplace, run: string): unknown[] => {
  const kinds = ['step', 'evaluation', 'phaseEnd'];
  const rank = ({ step, kind }: Record<string, unknown>): number =>
    Number(step) * kinds.length + kinds.indexOf(String(kind));
  return place
    .metrics(run)
    .filter(({ kind }) => kinds.includes(String(kind)))
    .sort((a, b) => rank(a) - rank(b))
    .map(({ kind, step, phase, metrics, learningRate }) => ({
      ...{ kind, step, phase, metrics, learningRate },
    }));
};

const stateHash = (place: Workplace, run: string): string =>
  (JSON.parse(readFileSync(place.path(run, 'exit.json'), 'utf8')) as { stateHash: string })
    .stateHash;

const workersOf = (pid: number): number[] => childrenOf(pid, /worker\/main/);
