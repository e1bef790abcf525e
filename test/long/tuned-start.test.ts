/** A run's formulations are chosen when it first starts, kept for later runs like it, and never changed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { readRunConfig } from '../../src/run/folder.ts';
import { TUNED_FROM_MICRO_BATCHES } from '../../src/workflow/tune/settle-formulations.ts';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';
import { whereTensorflowIs } from '../helper/tensorflow.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
const MICRO_BATCHES_A_STEP = 8;
const LONG = [
  '--set',
  `phases.pretrain.duration={steps: ${TUNED_FROM_MICRO_BATCHES / MICRO_BATCHES_A_STEP}}`,
];

describe('the first start of a long run', whereTensorflowIs, () => {
  const place = new Workplace();
  after(() => place.remove());

  /** Starts a run that is saved and ended after two steps. */
  async function begin(...command: readonly string[]) {
    const run = command.at(-1)!;
    const { child, ended } = place.start(...command);
    const before = place.metrics(run).length;
    await place.untilSteps(run, before + 2);
    child.kill('SIGTERM');
    return await ended;
  }
  const engineOf = (run: string) => readRunConfig(place.path(run)).engine;

  it('times the formulations and writes its choice down; the next one finds it', async () => {
    const first = await begin('train', CONFIG, ...LONG, '--run', 'first');
    assert.match(first.stderr, /^Timing on .*: direct convolution, native filterGradient/m);
    const { formulations, tuned } = engineOf('first');
    assert.notEqual(formulations, 'auto');
    assert.equal(Object.keys(tuned!.milliseconds).length >= 4, true);
    assert.equal(readdirSync(place.path('.cache', 'lockstep')).length, 1);

    const second = await begin('train', CONFIG, ...LONG, '--set', 'seed=9', '--run', 'second');
    assert.doesNotMatch(second.stderr, /Timing on/);
    assert.deepEqual(engineOf('second'), engineOf('first'));
  });

  it('decides for every resume, which says when it is elsewhere', async () => {
    const before = engineOf('first');
    const config = place.path('first', 'config.yaml');
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace(/^( +device: ).*$/m, '$1another CPU'),
    );
    const { stderr } = await begin('resume', 'first');
    assert.match(stderr, /were timed on another CPU; it keeps them on .+, where others may/);
    assert.doesNotMatch(stderr, /Timing on/);
    assert.deepEqual(engineOf('first').formulations, before.formulations);
  });
});
