/** `train --resume auto`: the same command, again and again. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

const CONFIG = fixtureConfig('two-phases.yaml');

describe('train --resume auto', () => {
  const place = new Workplace();
  after(() => place.remove());
  const again = ['train', CONFIG, '--run', 'run', '--resume', 'auto'];

  it('begins a run, goes on with it, and is done when it is done', async () => {
    assert.equal((await place.run('train', CONFIG, '--run', 'undisturbed')).code, 0);
    const first = await place.run(...again, '--simulate', 'preempt@rank=0,step=5');
    assert.equal(first.code, 143, first.stderr);
    const second = await place.run(...again, '--workers', '2');
    assert.equal(second.code, 0, second.stderr);
    assert.equal(place.stateHash('run'), place.stateHash('undisturbed'));
    const third = await place.run(...again);
    assert.equal(third.code, 0, third.stderr);
    assert.equal(third.stdout.split('\n')[0], second.stdout.split('\n')[0]);
  });

  it('refuses a run of another configuration, and leaves it alone', async () => {
    const before = place.stateHash('run');
    const { code, stderr } = await place.run(...again, '--set', 'seed=8');
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^RUN_EXISTS: .*"run": it has another configuration \(seed was 7, here/m);
    assert.equal(place.stateHash('run'), before);
  });

  it('ends at once, and writes nothing more, when another host has taken the folder over', async () => {
    const slow = ['--simulate', 'slow@rank=0,step=3,ms=1000'];
    const run = place.start('train', CONFIG, '--run', 'taken', ...slow);
    await place.untilSteps('taken', 4);
    const other = JSON.stringify({ host: 'elsewhere', pid: 12, started: 'another boot/1' });
    writeFileSync(place.path('other'), other);
    renameSync(place.path('other'), place.path('taken', 'lock'));
    const { code, stderr } = await run.ended;
    const metrics = () => readFileSync(place.path('taken', 'metrics.jsonl'), 'utf8');
    const last = metrics();
    assert.equal(code, 7, stderr);
    assert.match(stderr, /^RUN_TAKEN_OVER: Another process has taken "taken" over/m);
    assert.match(stderr, /^EXIT code=7 /m);
    assert.equal(readFileSync(place.path('taken', 'lock'), 'utf8'), other);
    assert.equal(existsSync(place.path('taken', 'exit.json')), false);
    assert.equal(metrics(), last);
  });
});
