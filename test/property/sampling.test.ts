import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { croppedLengths } from '../../src/data/plan/lengths.ts';
import { makePlan } from '../../src/data/plan/make-plan.ts';
import type { Plan } from '../../src/data/plan/plan.ts';
import { appearances, type Sampling, sampledSlots } from '../../src/data/plan/sampling.ts';
import type { Subset } from '../../src/data/plan/subset.ts';
import { trainingShare } from '../../src/run/load-order.ts';

interface Data {
  readonly subset: Subset;
  readonly labels: Int32Array;
  readonly counts: readonly number[];
}

/** A whole store as a subset, its sequences' classes by number. */
function dataOf(rows: readonly { length: number; label: number }[], classes: number): Data {
  const sorted = rows.toSorted((a, b) => a.length - b.length);
  const lengths = Int32Array.from(sorted, ({ length }) => length);
  const labels = Int32Array.from(sorted, ({ label }) => label % classes);
  const counts = Array.from({ length: classes }, (_, label) =>
    labels.reduce((count, other) => count + (other === label ? 1 : 0), 0),
  );
  const sequences = Int32Array.from(lengths.keys());
  return {
    subset: { sequences, effectiveLengths: lengths, storeLengths: lengths },
    labels,
    counts,
  };
}

const batch = {
  microBatches: 3,
  tokensPerMicroBatch: 4000,
  maxRows: 8,
  grouping: 'length' as const,
};

function planOf(
  { subset, labels, counts }: Data,
  sampling: Sampling,
  { seed = 1, phase = 0, crop = Number.POSITIVE_INFINITY } = {},
): Plan {
  const cropped = {
    ...subset,
    effectiveLengths: croppedLengths(subset.sequences, subset.storeLengths, crop),
  };
  const request = { subset: cropped, seed, phase };
  const classes = counts.length;
  return sampling === 'natural'
    ? makePlan({ ...request, batch })
    : makePlan({
        ...request,
        batch,
        slots: sampledSlots({ ...request, labels, classes, sampling }),
      });
}

const rowsOf = (plan: Plan, epoch: number) =>
  Array.from({ length: plan.stepsPerEpoch }, (_, step) =>
    plan.stepAt(epoch * plan.stepsPerEpoch + step),
  ).flatMap(({ microBatches }) => microBatches.flatMap(({ rows }) => rows));

/** Times that each sequence appears in an epoch. */
function timesOf(plan: Plan, epoch: number, sequences: number): number[] {
  const times = new Array<number>(sequences).fill(0);
  for (const { sequence } of rowsOf(plan, epoch)) times[sequence]!++;
  return times;
}

const datasets = fc
  .record({
    classes: fc.integer({ min: 1, max: 6 }),
    rows: fc.array(
      fc.record({
        length: fc.oneof(fc.integer({ min: 1, max: 4000 }), fc.constantFrom(1, 40, 41)),
        // Low numbers are more frequent.
        label: fc.oneof(fc.constant(0), fc.constant(1), fc.nat(5)),
      }),
      { minLength: 1, maxLength: 200 },
    ),
  })
  .map(({ classes, rows }) => dataOf(rows, classes));
const samplings = fc.constantFrom('balanced' as const, 'sqrt' as const);
const seeds = fc.nat(0xffffffff);

test('an epoch has as many rows as sequences, in the proportions that the sampling says', () => {
  fc.assert(
    fc.property(datasets, samplings, seeds, fc.nat(9), (data, sampling, seed, epoch) => {
      const times = timesOf(planOf(data, sampling, { seed }), epoch, data.labels.length);
      const found = data.counts.map((_, label) =>
        times.reduce((sum, count, i) => sum + (data.labels[i] === label ? count : 0), 0),
      );
      assert.deepEqual(found, appearances(data.counts, sampling));
      const present = data.counts.filter((count) => count > 0);
      const weight = (count: number) => (sampling === 'sqrt' ? Math.sqrt(count) : Math.sign(count));
      const total = present.reduce((sum, count) => sum + weight(count), 0);
      found.forEach((count, label) => {
        const share = (data.labels.length * weight(data.counts[label]!)) / total;
        assert.ok(Math.abs(count - share) < 1 + 1e-6, `${count} of ${share}`);
      });
    }),
  );
});

test('every sequence of a rare class appears in every epoch, as often as any other but for one', () => {
  fc.assert(
    fc.property(datasets, samplings, seeds, fc.nat(9), (data, sampling, seed, epoch) => {
      const times = timesOf(planOf(data, sampling, { seed }), epoch, data.labels.length);
      const wanted = appearances(data.counts, sampling);
      data.counts.forEach((count, label) => {
        const own = times.filter((_, i) => data.labels[i] === label);
        if (count === 0 || wanted[label]! < count) return;
        assert.ok(Math.min(...own) >= 1);
        assert.ok(Math.max(...own) - Math.min(...own) <= 1);
      });
    }),
  );
});

test('a sequence of a frequent class appears at most once an epoch, and in one of the next few', () => {
  fc.assert(
    fc.property(datasets, samplings, seeds, (data, sampling, seed) => {
      const plan = planOf(data, sampling, { seed });
      const wanted = appearances(data.counts, sampling);
      const rounds = Math.max(
        ...data.counts.map((count, label) => Math.ceil(count / (wanted[label]! || 1))),
      );
      const epochs = Array.from({ length: rounds }, (_, epoch) =>
        timesOf(plan, epoch, data.labels.length),
      );
      data.labels.forEach((label, sequence) => {
        const times = epochs.map((epoch) => epoch[sequence]!);
        if (wanted[label]! < data.counts[label]!) assert.ok(Math.max(...times) <= 1);
        assert.ok(Math.max(...times) >= 1, 'it never appears');
      });
    }),
    { numRuns: 40 },
  );
});

test('a step is the same alone as after all others, and a micro-batch keeps to its budget', () => {
  fc.assert(
    fc.property(datasets, samplings, seeds, fc.nat(300), (data, sampling, seed, n) => {
      const make = () => planOf(data, sampling, { seed, phase: 2, crop: 1000 });
      const inOrder = make();
      for (let step = 0; step < Math.min(n, 20); step++) inOrder.stepAt(step);
      const { microBatches } = inOrder.stepAt(n);
      assert.deepEqual(make().stepAt(n).microBatches, microBatches);
      for (const { rows, paddedLength } of microBatches) {
        assert.ok(rows.length * paddedLength <= batch.tokensPerMicroBatch);
        assert.equal(paddedLength, rows.at(-1)!.count);
      }
    }),
  );
});

test('any number of workers shares out the same micro-batches of a step', () => {
  fc.assert(
    fc.property(
      datasets,
      samplings,
      fc.integer({ min: 1, max: 7 }),
      (data, sampling, worldSize) => {
        const plan = planOf(data, sampling);
        const phases = [{ plan }] as unknown as Parameters<typeof trainingShare>[0]['phases'];
        const shares = Array.from({ length: worldSize }, (_, rank) =>
          trainingShare({ phases }, { rank, worldSize }, { phase: 0, stepInPhase: 5 }),
        );
        const numbers = shares.flatMap(({ share: { begin, end } }) =>
          Array.from({ length: end - begin }, (_, i) => begin + i),
        );
        assert.deepEqual(numbers, [...plan.stepAt(5).microBatches.keys()]);
      },
    ),
    { numRuns: 30 },
  );
});

test('natural slots are the plan without any: each sequence once, the same steps', () => {
  fc.assert(
    fc.property(datasets, seeds, (data, seed) => {
      assert.deepEqual(appearances(data.counts, 'natural'), data.counts);
      const times = timesOf(planOf(data, 'natural', { seed }), 3, data.labels.length);
      assert.ok(times.every((count) => count === 1));
    }),
  );
});

test('equal classes appear as often balanced as they do by nature', () => {
  assert.deepEqual(appearances([7, 7, 7], 'balanced'), [7, 7, 7]);
  assert.deepEqual(appearances([7, 7, 7], 'sqrt'), [7, 7, 7]);
  assert.deepEqual(appearances([90, 9, 0, 1], 'balanced'), [34, 33, 0, 33]);
  assert.deepEqual(appearances([64, 16, 1], 'sqrt'), [50, 25, 6]);
});

test('copies of a sequence in one epoch show windows of their own', () => {
  const rows = [
    ...Array.from({ length: 39 }, () => ({ length: 3000, label: 0 })),
    { length: 3000, label: 1 },
  ];
  const plan = planOf(dataOf(rows, 2), 'balanced', { crop: 100 });
  const rare = rowsOf(plan, 0).filter(({ sequence }) => sequence === 39);
  assert.equal(rare.length, 20);
  assert.ok(new Set(rare.map(({ start }) => start)).size > 15);
});
