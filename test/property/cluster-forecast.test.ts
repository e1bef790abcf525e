/** The forecast for a cluster, whatever the run, the cluster and the speeds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { exchangePlan } from '../../src/collective/exchange-plan.ts';
import { nodeKey } from '../../src/core/canonical-sum.ts';
import type { Cluster, MicroBatchShape, Speeds } from '../../src/sizing/cluster.ts';
import { forecast, type Workload } from '../../src/sizing/forecast.ts';
import { stepTime, totalMs } from '../../src/sizing/step-time.ts';
import { trafficOf } from '../../src/sizing/traffic.ts';
import { plannedTraffic } from '../helper/planned-traffic.ts';

const milliseconds = (max: number) => fc.double({ min: 0, max, noNaN: true });
const microBatch = fc
  .record({
    rows: fc.integer({ min: 1, max: 32 }),
    paddedLength: fc.integer({ min: 1, max: 4096 }),
  })
  .map((shape): MicroBatchShape => ({ ...shape, tokens: shape.rows * shape.paddedLength }));
const way = fc.record({
  cpuMsPerByte: fc.double({ min: 1e-8, max: 1e-4, noNaN: true }),
  roundMs: milliseconds(5),
});
const speeds: fc.Arbitrary<Speeds> = fc.record({
  gradients: fc
    .uniqueArray(fc.integer({ min: 1, max: 8192 }), { minLength: 1, maxLength: 4 })
    .chain((lengths) =>
      fc.tuple(
        ...lengths
          .toSorted((a, b) => a - b)
          .map((paddedLength) =>
            fc.record({
              paddedLength: fc.constant(paddedLength),
              msPerPosition: fc.double({ min: 1e-6, max: 1e-2, noNaN: true }),
            }),
          ),
      ),
    ),
  mergeMs: milliseconds(5),
  applyMs: milliseconds(5),
  spread: fc.double({ min: 1, max: 2, noNaN: true }),
  sharedMemory: way,
  tcp: way,
});
const cluster: fc.Arbitrary<Cluster> = fc.record({
  hosts: fc.integer({ min: 1, max: 6 }),
  workersPerHost: fc.integer({ min: 1, max: 4 }),
  network: fc.record({
    gigabitsPerSecond: fc.double({ min: 0.01, max: 400, noNaN: true }),
    delayMs: milliseconds(50),
  }),
  cores: fc.integer({ min: 1, max: 64 }),
});
/** One host has shared memory and one worker all merges: without their cost only the network is left. */
const FREE = { mergeMs: 0, sharedMemory: { cpuMsPerByte: 0, roundMs: 0 } };
const step = fc.array(microBatch, { minLength: 1, maxLength: 20 });
const floats = fc.integer({ min: 1, max: 5_000_000 });
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));

describe('a forecast for a cluster', () => {
  it('has no part below zero, and a faster network makes no step slower', () => {
    fc.assert(
      fc.property(
        step,
        floats,
        cluster,
        speeds,
        fc.double({ min: 1, max: 10, noNaN: true }),
        (...of) => {
          const [microBatches, length, given, measured, times] = of;
          const parts = stepTime(microBatches, length, given, measured);
          for (const [name, ms] of Object.entries(parts)) assert.ok(ms >= -1e-9, `${name} ${ms}`);
          const gigabitsPerSecond = times * given.network.gigabitsPerSecond;
          const faster = { ...given, network: { ...given.network, gigabitsPerSecond } };
          const after = stepTime(microBatches, length, faster, measured);
          assert.ok(totalMs(after) <= totalMs(parts) + 1e-6);
          assert.ok(after.network <= parts.network + 1e-9);
        },
      ),
    );
  });

  it('needs no network on one host, and nothing but computing and the update for one worker', () => {
    fc.assert(
      fc.property(step, floats, cluster, speeds, (microBatches, length, given, measured) => {
        const oneHost = stepTime(microBatches, length, { ...given, hosts: 1 }, measured);
        assert.equal(oneHost.network + oneHost.encryption, 0);
        const slow = { gigabitsPerSecond: 1e-6, delayMs: 1e6 };
        const disconnected = { ...given, hosts: 1, network: slow };
        assert.deepEqual(stepTime(microBatches, length, disconnected, measured), oneHost);
        const alone = { ...given, hosts: 1, workersPerHost: 1 };
        const { computing, uneven, update, ...exchange } = stepTime(
          microBatches,
          length,
          alone,
          measured,
        );
        assert.ok(computing > 0 && update === measured.applyMs);
        assert.ok(Math.abs(uneven) <= 1e-9 * computing, 'it is no slower than itself');
        assert.ok(Object.values(exchange).every((ms) => ms === 0));
      }),
    );
  });

  it('computes no longer and sends no less on twice as many hosts, with equal micro-batches', () => {
    const powers = fc.integer({ min: 0, max: 2 });
    fc.assert(
      fc.property(microBatch, powers, powers, floats, cluster, speeds, (...of) => {
        const [one, hostPower, workerPower, length, given, measured] = of;
        const steps = [Array.from({ length: 32 }, () => one)];
        const workload: Workload = { steps, floats: length + 2 ** 17 };
        // Without delay: shorter steps may spare TCP a slow start.
        const network = { ...given.network, delayMs: 0 };
        const small = {
          ...given,
          network,
          hosts: 2 ** hostPower,
          workersPerHost: 2 ** workerPower,
        };
        const large = { ...small, hosts: 2 * small.hosts };
        const [before, after] = [small, large].map((size) =>
          forecast(workload, size, { ...measured, ...FREE }),
        );
        assert.ok(after!.parts.computing <= before!.parts.computing);
        assert.ok(after!.parts.network >= before!.parts.network - 1e-9);
        assert.ok(after!.efficiency <= before!.efficiency * (1 + 1e-9));
      }),
    );
  });

  it('is no better than all workers computing alone', () => {
    fc.assert(
      fc.property(step, floats, cluster, speeds, (microBatches, length, given, measured) => {
        const { efficiency, tokensPerSecond, stepMs } = forecast(
          { steps: [microBatches], floats: length },
          given,
          { ...measured, mergeMs: 0 },
        );
        assert.ok(efficiency > 0 && efficiency <= 1 + 1e-9, String(efficiency));
        const tokens = microBatches.reduce((sum, one) => sum + one.tokens, 0);
        assert.ok(close(tokensPerSecond, (1000 * tokens) / stepMs));
      }),
    );
  });

  it('counts the bytes that the exchange plans of all ranks send', () => {
    fc.assert(
      fc.property(
        cluster,
        fc.integer({ min: 1, max: 20 }),
        floats,
        (given, microBatches, length) => {
          const { hosts, workersPerHost } = given;
          const size = { microBatches, floats: length };
          const traffic = trafficOf(given, size);
          const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
          const sent = sum(
            traffic.flatMap((one) => [one.gatherSent, ...one.sent.map(({ bytes }) => bytes)]),
          );
          const received = sum(
            traffic.flatMap((one) => [
              one.gatherReceived,
              ...one.received.map(({ bytes }) => bytes),
            ]),
          );
          assert.equal(sent, received);
          if (workersPerHost > 1) return;
          // Every worker is a host: all that a plan sends is between hosts.
          const shape = { ...size, workers: hosts, everywhere: (hosts - 1) * length <= 2 ** 16 };
          const planned = traffic.map((_, rank) => exchangePlan(rank, shape).sentBytes);
          assert.equal(sent, sum(planned));
        },
      ),
    );
  });

  it('counts for each host what the exchange plans of its ranks say, subtree by subtree', () => {
    // Of none, of so few that everyone sends everything, and of more than a frame.
    const lengths = fc.oneof(floats, fc.constantFrom(0, 1, 16, 2 ** 16, 2 ** 17 + 3, 2 ** 21 + 5));
    const small = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(small, small, fc.integer({ min: 1, max: 70 }), lengths, (...drawn) => {
        const [hosts, workersPerHost, microBatches, length] = drawn;
        const [given, size] = [
          { hosts, workersPerHost },
          { microBatches, floats: length },
        ];
        const planned = Array.from({ length: hosts }, (_, host) =>
          plannedTraffic(host, given, size),
        );
        assert.deepEqual(trafficOf(given, size), planned);
      }),
    );
  });

  it('has each subtree of a host once, and plans an exchange once for all steps', () => {
    fc.assert(
      fc.property(
        cluster,
        fc.integer({ min: 1, max: 20 }),
        floats,
        (given, microBatches, length) => {
          const size = { microBatches, floats: length };
          const traffic = trafficOf(given, size);
          assert.equal(trafficOf({ ...given }, size), traffic);
          assert.equal(traffic.length, given.hosts);
          for (const nodes of traffic.flatMap(({ sent, received }) => [sent, received])) {
            assert.equal(new Set(nodes.map(({ node }) => nodeKey(node))).size, nodes.length);
          }
        },
      ),
    );
  });

  it('takes a step of more micro-batches than a call has room for arguments', () => {
    const one: MicroBatchShape = { rows: 1, paddedLength: 8, tokens: 8 };
    const steps = [Array.from({ length: 16 * 65_536 }, () => one)];
    const way = { cpuMsPerByte: 1e-6, roundMs: 0.1 };
    const measured: Speeds = {
      ...{ gradients: [{ paddedLength: 8, msPerPosition: 1e-3 }], mergeMs: 0, applyMs: 1 },
      ...{ spread: 1, sharedMemory: way, tcp: way },
    };
    const network = { gigabitsPerSecond: 10, delayMs: 0.05 };
    const given: Cluster = { hosts: 2, workersPerHost: 2, cores: 4, network };
    const { parts } = forecast({ steps, floats: 1000 }, given, measured);
    assert.ok(close(parts.computing, (8e-3 * 16 * 65_536) / 4));
  });

  it('sends each byte of a vector over the cables once each way, where shares are whole subtrees', () => {
    const powers = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(powers, powers, powers, floats, (hostPower, workerPower, microPower, length) => {
        const [hosts, workersPerHost] = [2 ** hostPower, 2 ** workerPower];
        const size = { microBatches: hosts * 2 ** microPower, floats: length + 2 ** 17 };
        const traffic = trafficOf({ hosts, workersPerHost }, size);
        const sent = traffic.flatMap((one) => [
          one.gatherSent,
          ...one.sent.map(({ bytes }) => bytes),
        ]);
        const ring = 2 * (hosts - 1) * 4 * size.floats;
        assert.equal(
          sent.reduce((a, b) => a + b, 0),
          ring,
        );
      }),
    );
  });
});
