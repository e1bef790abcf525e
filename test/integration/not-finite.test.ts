/**
 * Steps whose gradient is not finite. One sequence of the data is finite but so large that its activations
 * overflow, so the same micro-batch is spoilt on any number of workers and whenever its step is done again.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { readSafetensors } from '../../src/checkpoint/safetensors.ts';
import { firstNonFinite } from '../../src/core/first-non-finite.ts';
import { Workplace } from '../helper/command-line.ts';

const CONFIG = `
name: spoilt
# Scaled by itself, the sequence would be finite.
data: { store: data, scaling: none }
model: { family: dilated, channels: 4, input: value, dilations: [1] }
batch: { microBatches: 4, tokensPerMicroBatch: 120 }
phases:
  - name: finetune
    start: fresh
    objective: { kind: supervised }
    optimizer: { kind: adamw }
    learningRate: { kind: warmup-cosine, peak: 1.0e-2, warmupSteps: 4 }
    duration: { epochs: 3 }
checkpoint: { everySteps: 2 }
`;
const SEQUENCES = 48;
const SKIP = ['--set', 'nonFinite.action=skip'];

describe('a step that is not finite', () => {
  const place = new Workplace();
  after(() => place.remove());
  const run = async (name: string, ...options: string[]) =>
    await place.run('train', 'spoilt.yaml', '--run', name, ...options);
  const succeed = async (name: string, ...options: string[]) => {
    const { code, stderr } = await run(name, ...options);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  /** What the metrics say of skipped steps, but for the ranks. */
  const skippedIn = (name: string) =>
    place
      .metrics(name)
      .filter(({ kind, skipped }) => kind === 'step' && skipped === true)
      .map(({ step, nonFinite }) => ({
        step: step as number,
        nonFinite: (nonFinite as { rank: number }[]).map(({ rank: _, ...where }) => where),
      }));
  const warningsOf = (name: string) =>
    readFileSync(place.path(name, 'logs', 'coordinator.log'), 'utf8')
      .split('\n')
      .filter((line) => /warn: .* the step's update is skipped$/.test(line));
  /** Number, from 0, of the first step that is skipped after the first one of the run. */
  let skippedStep: number;

  before(async () => {
    const rows = Array.from({ length: SEQUENCES }, (_, i) => {
      const values = Array.from({ length: 20 + (i % 20) }, (_, t) =>
        i === 7 ? 3e38 : ((i * 7 + t * t) % 11) / 11,
      );
      return `s${i},${i % 2 ? 'x' : 'y'},train,${values.join(' ')}`;
    });
    writeFileSync(place.path('rows.csv'), ['id,kind,split,values', ...rows].join('\n'));
    writeFileSync(place.path('spoilt.yaml'), CONFIG);
    const columns = [
      '--id',
      'id',
      '--label',
      'kind',
      '--split',
      'split',
      '--value-type',
      'float32',
    ];
    const made = await place.run('data', 'import', 'rows.csv', 'data', ...columns);
    assert.equal(made.code, 0, made.stderr);
    await succeed('one', '--workers', '1', ...SKIP);
    skippedStep = skippedIn('one').find(({ step }) => step > 1)!.step - 1;
  });

  it('is skipped once an epoch, and its micro-batch is named in log and metrics', () => {
    const skipped = skippedIn('one');
    const steps = place.metrics('one').filter(({ kind }) => kind === 'step');
    assert.equal(skipped.length, 3);
    assert.ok(steps.length > 6);
    for (const { nonFinite } of skipped) {
      const [{ sequences, ...where }, ...others] = nonFinite as unknown as [
        { sequences: number[]; layer: string },
      ];
      assert.deepEqual(others, []);
      assert.ok(sequences.length > 0);
      assert.equal(typeof where.layer, 'string');
    }
    assert.equal(warningsOf('one').length, 3);
    assert.match(
      warningsOf('one')[0]!,
      /is (NaN|-?Infinity) in step \d+, micro-batch \d+ \(sequences [\d, …]+\); "[^"]+" is the first layer whose activations are not finite on rank 0: the step's update is skipped$/,
    );
  });

  it('changes neither weights nor moments nor BatchNorm statistics', async () => {
    const { lastCheckpoint } = place.json('one', 'exit.json') as { lastCheckpoint: string };
    for (const file of ['model.safetensors', 'optimizer.safetensors']) {
      const { tensors } = await readSafetensors(place.path(lastCheckpoint, file));
      assert.ok(tensors.size > 0);
      for (const [name, { bytes }] of tensors) {
        assert.equal(firstNonFinite(new Float32Array(new Uint8Array(bytes).buffer)), -1, name);
      }
    }
  });

  it('leaves the same bits on 2 workers', async () => {
    await succeed('two', '--workers', '2', ...SKIP);
    assert.equal(place.stateHash('two'), place.stateHash('one'));
    assert.deepEqual(skippedIn('two'), skippedIn('one'));
  });

  it('leaves the same bits on 3 workers, is skipped again and named once, when one dies in it', async () => {
    const fault = ['--simulate', `kill@rank=1,step=${skippedStep}`];
    await succeed('killed', '--workers', '3', ...SKIP, ...fault);
    assert.equal(place.stateHash('killed'), place.stateHash('one'));
    assert.deepEqual(skippedIn('killed'), skippedIn('one'));
    assert.equal(warningsOf('killed').length, 3);
  });

  it('is skipped by a resumed run like by one that was never stopped', async () => {
    const fault = ['--simulate', `preempt@rank=0,step=${skippedStep}`];
    const { code, stderr } = await run('stopped', '--workers', '2', ...SKIP, ...fault);
    assert.equal(code, 143, stderr);
    const resumed = await place.run('resume', 'stopped', '--workers', '1');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(place.stateHash('stopped'), place.stateHash('one'));
  });

  it('ends the run by default, with code 6; resumed with "skip" it ends like the others', async () => {
    const { code, stderr } = await run('stops', '--workers', '2');
    assert.equal(code, 6, stderr);
    assert.match(stderr, /^NON_FINITE: worker \d .* is (NaN|-?Infinity) in step \d+, micro-batch/m);
    const config = place.path('stops', 'config.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace('action: stop', 'action: skip'));
    const resumed = await place.run('resume', 'stops', '--workers', '2');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(place.stateHash('stops'), place.stateHash('one'));
  });

  it('ends the run when more than nonFinite.limit are skipped in a row', async () => {
    const nan = [0, 1, 2].flatMap((step) => [
      '--simulate',
      `nan@rank=1,step=${skippedStep + step}`,
    ]);
    const limit = ['--set', 'nonFinite.limit=2', ...SKIP, '--workers', '2'];
    const { code, stderr } = await run('limited', ...limit, ...nan);
    assert.equal(code, 6, stderr);
    const steps = `${skippedStep} to ${skippedStep + 2}`;
    assert.match(
      stderr,
      new RegExp(
        `^NON_FINITE: worker \\d .*The gradients of 3 steps in a row, ${steps}, are not`,
        'm',
      ),
    );
    const allowed = ['--set', 'nonFinite.limit=3', ...SKIP, '--workers', '2'];
    await succeed('allowed', ...allowed, ...nan);
  });

  it('leaves the same bits with the portable engine, and in one process', async () => {
    const portable = [...SKIP, '--set', 'engine.kind=portable'];
    await succeed('portable', '--workers', '2', ...portable);
    const debug = await place.run('debug', 'spoilt.yaml', '--run', 'debug', ...portable);
    assert.equal(debug.code, 0, debug.stderr);
    assert.equal(place.stateHash('debug'), place.stateHash('portable'));
    assert.match(debug.stderr, /Warning: .* on rank 0: the step's update is skipped$/m);
    assert.deepEqual(
      skippedIn('portable').map(({ step }) => step),
      skippedIn('one').map(({ step }) => step),
    );
  });
});
