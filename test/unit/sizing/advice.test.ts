import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advise } from '../../../src/sizing/advice.ts';
import type { Cluster, Speeds } from '../../../src/sizing/cluster.ts';
import { gradientMs } from '../../../src/sizing/cluster.ts';

/** 10 ms a micro-batch, and nothing else costs anything. */
const FREE = { cpuMsPerByte: 0, roundMs: 0 };
const SPEEDS: Speeds = {
  gradients: [{ paddedLength: 100, msPerPosition: 0.1 }],
  ...{ mergeMs: 0, applyMs: 0, spread: 1, sharedMemory: FREE, tcp: FREE },
};
const workload = (floats: number, microBatches: number) => ({
  floats,
  steps: Array.from({ length: 16 }, () =>
    Array.from({ length: microBatches }, () => ({ rows: 1, paddedLength: 100, tokens: 100 })),
  ),
});
const cluster = (hosts: number, gigabitsPerSecond = 10): Cluster => ({
  ...{ hosts, workersPerHost: 2, cores: 8 },
  network: { gigabitsPerSecond, delayMs: 0 },
});

describe('the advice on a cluster', () => {
  it('is content with one that is well used', () => {
    const advice = advise({
      ...{ cluster: cluster(4), speeds: SPEEDS, microBatches: 64, workload: workload(1000, 64) },
    });
    assert.equal(advice, '4 hosts of 2 would be well used.');
  });

  it('names workers without micro-batches, and the M and the hosts that leave none', () => {
    const advice = advise({
      ...{ cluster: cluster(4), speeds: SPEEDS, microBatches: 4, workload: workload(1000, 4) },
    });
    assert.match(
      advice,
      /^4 of 8 workers would have nothing to do, since a step has 4 micro-batches: /,
    );
    assert.match(advice, /batch\.microBatches 8 instead of 4, another training with larger steps,/);
    assert.match(advice, /; or 2 hosts would reach \d+ %\.$/);
  });

  it('says so where nothing would help', () => {
    const slow = {
      ...SPEEDS,
      sharedMemory: { cpuMsPerByte: 1, roundMs: 0 },
      tcp: { cpuMsPerByte: 1, roundMs: 0 },
    };
    const advice = advise({
      ...{ cluster: cluster(2), speeds: slow, microBatches: 4, workload: workload(1e6, 4) },
    });
    assert.match(advice, /: even one host reaches 0 %\.$/);
  });

  it('names a network that is fast enough', () => {
    const advice = advise({
      ...{
        cluster: cluster(2, 0.1),
        speeds: SPEEDS,
        microBatches: 16,
        workload: workload(1e6, 16),
      },
    });
    assert.match(advice, /most of it to the network: /);
    assert.match(advice, /a network of \d+ Gbit\/s would reach \d+ %/);
  });
});

describe('the time of a micro-batch', () => {
  const measured = [
    { paddedLength: 100, msPerPosition: 1 },
    { paddedLength: 400, msPerPosition: 3 },
  ];
  const at = (paddedLength: number) =>
    gradientMs({ rows: 1, paddedLength, tokens: 0 }, measured) / paddedLength;

  it('follows the lengths that were measured, and between them their logarithm', () => {
    assert.deepEqual([50, 100, 400, 4000].map(at), [1, 1, 3, 3]);
    assert.ok(Math.abs(at(200) - 2) < 1e-12);
  });
});
