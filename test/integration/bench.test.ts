import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { CollectiveRow } from '../../src/bench/collective-bench.ts';
import { byLayer, type StepProfile } from '../../src/bench/step-profile.ts';
import { CHANNELS, flopsOf } from '../../src/bench/step-shapes.ts';
import { Workplace } from '../helper/command-line.ts';
import { whereTensorflowIs } from '../helper/tensorflow.ts';

describe('lockstep bench collective', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('times an all-reduce of several ranks, each sum right', async () => {
    const options = ['--workers', '3', '--sizes', '4,100000', '--rounds', '1', '--json'];
    const { code, stdout, stderr } = await place.run('bench', 'collective', ...options);
    assert.equal(code, 0, stderr);
    const { rows } = JSON.parse(stdout) as { rows: CollectiveRow[] };
    assert.deepEqual(
      rows.map(({ bytes }) => bytes),
      [4, 100_000],
    );
    for (const { timings } of rows) {
      assert.deepEqual(Object.keys(timings), ['Lockstep']);
      assert.ok(timings.Lockstep!.minimum > 0);
    }
  });

  it('answers sizes and workers that are none', async () => {
    const size = await place.run('bench', 'collective', '--sizes', '10');
    assert.equal(size.code, 2);
    assert.match(
      size.stderr,
      /--sizes has "10", which is not a number of bytes, a multiple of 4\./,
    );
    const workers = await place.run('bench', 'collective', '--workers', '1');
    assert.match(workers.stderr, /--workers has "1", which is not a number of ranks, 2 or more\./);
  });
});

describe('lockstep bench data', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('answers a part that there is not, and a Python that does not start', async () => {
    const absent = await place.run(
      'bench',
      'data',
      '--parts',
      'import',
      '--peer',
      'no-such-python',
    );
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /^USAGE: Cannot start the Python "no-such-python"\./);
    const { code, stderr } = await place.run('bench', 'data', '--parts', 'speed');
    assert.equal(code, 2);
    assert.match(
      stderr,
      /--parts has "speed", which is none of import, plan, padding, pipeline, wait\./,
    );
  });
});

describe('lockstep bench faults', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('injects faults into a run, says what its log names, and that no bit has changed', async () => {
    const options = ['--faults', '3', '--workers', '2', '--seed', '34'];
    const { code, stdout, stderr } = await place.run('bench', 'faults', ...options);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^kill, worker \d: [\d.]+ s without a step; the log names: killed \(\d\)$/m,
    );
    assert.match(stdout, /^fault +count +without a step, s +the log names$/m);
    assert.match(stdout, /^3 of 3 faults \(100 %\) were named by their cause and worker$/m);
    assert.match(stdout, /^all \d runs, \d+ steps, ended in the state of undisturbed ones$/m);
  });

  it('answers numbers that are none', async () => {
    const workers = await place.run('bench', 'faults', '--workers', '1');
    assert.equal(workers.code, 2);
    assert.match(
      workers.stderr,
      /--workers has "1", which is not a number of workers, 2 or more\./,
    );
    const faults = await place.run('bench', 'faults', '--faults', '0');
    assert.match(faults.stderr, /--faults is 0, which is not a positive integer\./);
  });
});

describe('lockstep bench', () => {
  const place = new Workplace();
  after(() => place.remove());

  it(
    'profile times each operation of a step under the layer that it belongs to',
    whereTensorflowIs,
    async () => {
      const shape = ['--model', 'reference', '--rows', '2', '--length', '64'];
      const { code, stdout, stderr } = await place.run('bench', 'profile', ...shape, '--json');
      assert.equal(code, 0, stderr);
      const profile = JSON.parse(stdout) as StepProfile;
      assert.deepEqual(
        byLayer(profile.operations).map(({ layer }) => layer),
        [
          ...['encoder', 'model.0.m.0 + model.0.m.1', 'model.0.m.2', 'model.0.m.3 + model.0.m.4'],
          ...['model.0', 'decoder', 'loss', 'leaf', 'optimizer'],
        ],
      );
      const layersOf = (wanted: string, pass: string) =>
        profile.operations
          .filter((each) => each.op === wanted && each.pass === pass)
          .map(({ layer }) => layer);
      const forward = layersOf('FusedBatchNormV3', 'forward');
      assert.deepEqual(forward, ['model.0.m.0 + model.0.m.1', 'model.0.m.3 + model.0.m.4']);
      assert.deepEqual(layersOf('FusedBatchNormGradV3', 'gradient'), forward.toReversed());
      assert.deepEqual(layersOf('ReluGrad', 'gradient'), ['model.0', 'model.0.m.2']);
      const flops = profile.operations.reduce((sum, { flops = 0 }) => sum + flops, 0);
      // Operation by operation the encoder's input gets a gradient, which no graph computes.
      const step = { model: 'reference', rows: 2, paddedLength: 64, shortBy: 0 } as const;
      assert.equal(flops, flopsOf(step) + 2 * 64 * 2 * CHANNELS);
      assert.ok(profile.step.median > 0 && profile.peakBytes > 5e7);
    },
  );

  it('answers a model, a thread count, a peer and a size that are none', async () => {
    const model = await place.run('bench', 'step', '--models', 'reference,transformer');
    assert.equal(model.code, 2);
    assert.match(model.stderr, /--models has "transformer", which is none of reference, dilated\./);
    const threads = await place.run('bench', 'step', '--threads', 'two');
    assert.equal(threads.code, 2);
    assert.match(threads.stderr, /--threads has "two", which is not a number of threads\./);
    const size = await place.run('bench', 'profile', '--rows', '0');
    assert.equal(size.code, 2);
    assert.match(size.stderr, /--rows is 0, which is not a positive integer\./);
    const peer = ['--threads', '1', '--rounds', '1', '--peer', 'no-such-python'];
    const absent = await place.run('bench', 'step', ...peer);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /"PyTorch" cannot be started: .*no-such-python/);
  });
});
