/** `lockstep plan-cluster`, as a user types it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import type { ClusterPlan } from '../../src/sizing/plan-cluster.ts';
import { fixtureConfig, Workplace } from '../helper/command-line.ts';

const CONFIG = fixtureConfig('two-phases.yaml');
const CLUSTER = ['--hosts', '6', '--workers', '2', '--gbps', '1', '--delay-ms', '0.5'];

describe('lockstep plan-cluster', () => {
  const place = new Workplace();
  after(() => place.remove());
  const plan = async (...args: string[]): Promise<ClusterPlan> => {
    const { code, stdout, stderr } = await place.run('plan-cluster', CONFIG, ...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as ClusterPlan;
  };

  it('predicts 1, 2, 4 … hosts, from measurements on this one', async () => {
    const { code, stdout, stderr } = await place.run('plan-cluster', CONFIG, ...CLUSTER);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Phase "finetune": \d+ steps of its plan, 8 micro-batches a step/m);
    assert.match(stdout, /^Measured here: a worker computes [\d.]+ ?k? positions\/s at length/m);
    assert.match(stdout, /^Hosts of 2, a network of 1 Gbit\/s and 0.5 ms:$/m);
    const hosts = [...stdout.matchAll(/^ *(\d+) +(\d+) +[\d.]+ /gm)].map(([, hosts]) => hosts);
    assert.deepEqual(hosts, ['1', '2', '4', '6']);
    assert.match(stdout, /^4 of 12 workers would have nothing to do, since a step has 8 micro-/m);
  });

  it('takes the speed of computing as given', async () => {
    const given = await plan(...CLUSTER, '--tokens-per-second', '10000', '--cores', '4');
    const twice = await plan(...CLUSTER, '--tokens-per-second', '20000', '--cores', '4');
    assert.equal(given.computedBy, 'given');
    const [slow, fast] = [given, twice].map(({ forecasts }) => forecasts[0]!.parts);
    assert.ok(Math.abs(slow!.computing / fast!.computing - 2) < 1e-9);
    assert.equal(given.forecasts[0]!.parts.network, 0);
    assert.ok(given.forecasts[1]!.parts.network > 0);
  });

  it('takes it from the metrics of a run, a last line that is being written left out', async () => {
    const timings = { dataMs: 1, computeMs: 50, exchangeMs: 5, applyMs: 2 };
    const line = {
      kind: 'step',
      phase: 'finetune',
      positions: [1000, 500],
      timings: [timings, timings],
    };
    const lines = Array.from({ length: 12 }, () => JSON.stringify(line));
    mkdirSync(place.path('recorded'));
    writeFileSync(place.path('recorded', 'metrics.jsonl'), `${lines.join('\n')}\n{"kind":"st`);
    const { computedBy, speeds } = await plan(...CLUSTER, '--from', 'recorded');
    assert.equal(computedBy, 'run');
    const { msPerPosition } = speeds.gradients[0]!;
    assert.equal(msPerPosition, (50 + 50) / (1000 + 500));
    assert.equal(speeds.applyMs, 2);
    // The longest share alone says nothing of how far the workers' speeds differ.
    assert.equal(speeds.spread, 1);
    const none = await place.run('plan-cluster', CONFIG, ...CLUSTER, '--from', 'nowhere');
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^RUN_NOT_FOUND: Cannot read "nowhere\/metrics.jsonl"/);
  });

  it('refuses what is no cluster', async () => {
    const refusals: [string[], RegExp][] = [
      [['--hosts', '0', '--gpus', '8', '--gbps', '1'], /with --hosts 0: it must be an integer/],
      [['--hosts', '2', '--workers', '1.5', '--gbps', '1'], /--workers 1.5: it must be an integer/],
      [['--hosts', '2', '--workers', '1', '--gbps', '0'], /--gbps 0: it must be a number above 0/],
      [['--hosts', '2', '--gbps', '1'], /neither --gpus nor --workers is given/],
      [['--hosts', '2', '--workers', '1'], /gbps/],
      [['--workers', '1', '--gpus', '1', '--gbps', '1'], /exclude each other/],
      [['--workers', '1', '--gbps', '1', '--delay-ms', '-1'], /--delay-ms -1: it must be a number/],
      [['--workers', '1', '--gbps', '1', '--set', 'batch.microBatches=0'], /microBatches/],
      [['--hosts', '999', '--gpus', '9', '--gbps', '1'], /8991: it must be at most 4096/],
    ];
    for (const [args, says] of refusals) {
      const { code, stderr, stdout } = await place.run('plan-cluster', CONFIG, ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
      assert.equal(stdout, '');
    }
  });
});
