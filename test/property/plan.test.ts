import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { randomStream } from '../../src/core/random.ts';
import { evaluationBatches } from '../../src/data/plan/evaluation-batches.ts';
import { makePlan } from '../../src/data/plan/make-plan.ts';
import type { Plan, PlannedMicroBatch, PlannedStep } from '../../src/data/plan/plan.ts';
import type { Subset } from '../../src/data/plan/subset.ts';

/** A subset of every second sequence of a store. */
function subsetOf(lengths: readonly number[], crop = Number.POSITIVE_INFINITY): Subset {
  const ascending = Int32Array.from(lengths).sort();
  const storeLengths = Int32Array.from(
    { length: 2 * ascending.length },
    (_, i) => ascending[i >> 1]!,
  );
  return {
    sequences: Int32Array.from(ascending, (_, i) => 2 * i + 1),
    effectiveLengths: ascending.map((length) => Math.min(length, crop)),
    storeLengths,
  };
}

const epochOf = (plan: Plan, epoch: number): PlannedStep[] =>
  Array.from({ length: plan.stepsPerEpoch }, (_, step) =>
    plan.stepAt(epoch * plan.stepsPerEpoch + step),
  );
const microBatchesOf = (steps: readonly PlannedStep[]) =>
  steps.flatMap((step) => step.microBatches);
const sequencesOf = (batches: readonly PlannedMicroBatch[]) =>
  batches.flatMap((batch) => batch.rows.map((row) => row.sequence));
const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

const lengthLists = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 30720 }), { minLength: 1, maxLength: 400 }),
  fc.array(fc.constantFrom(1, 2, 3, 512, 513, 2048, 30720), { minLength: 1, maxLength: 400 }),
  fc.array(fc.integer({ min: 500, max: 520 }), { minLength: 1, maxLength: 400 }),
);
const batches = fc.record({
  microBatches: fc.integer({ min: 1, max: 40 }),
  tokensPerMicroBatch: fc.integer({ min: 1, max: 40000 }),
  maxRows: fc.integer({ min: 1, max: 64 }),
  grouping: fc.constantFrom('length' as const, 'random' as const),
  lengthRatio: fc.constantFrom(undefined, 1.005, 1.02, 2),
});
const seeds = fc.nat(0xffffffff);

test('every epoch of every plan holds each sequence exactly once', () => {
  fc.assert(
    fc.property(lengthLists, batches, seeds, fc.nat(5), (lengths, batch, seed, epoch) => {
      const subset = subsetOf(lengths);
      const plan = makePlan({ subset, batch, seed, phase: 1 });
      const steps = epochOf(plan, epoch);
      const found = sequencesOf(microBatchesOf(steps));
      assert.deepEqual(ascending(found), [...subset.sequences]);
      assert.equal(microBatchesOf(steps).length, plan.microBatchesPerEpoch);
      assert.deepEqual(
        steps.map((step) => step.stepInEpoch),
        steps.map((_, i) => i),
      );
      assert.ok(steps.every((step) => step.epoch === epoch));
    }),
  );
});

test('a micro-batch keeps to the budget and its rows are sorted', () => {
  fc.assert(
    fc.property(lengthLists, batches, seeds, (lengths, batch, seed) => {
      const plan = makePlan({ subset: subsetOf(lengths), batch, seed, phase: 0 });
      for (const { rows, paddedLength } of microBatchesOf(epochOf(plan, 0))) {
        assert.ok(rows.length >= 1 && rows.length <= batch.maxRows);
        assert.ok(rows.length === 1 || rows.length * paddedLength <= batch.tokensPerMicroBatch);
        assert.equal(paddedLength, Math.max(...rows.map((row) => row.count)));
        assert.ok(rows.every((row) => row.count > 0));
        if (batch.grouping === 'length') {
          assert.ok(rows.every((row) => 2 * row.count >= paddedLength));
        }
        const order = rows.map((row) => [row.count, row.sequence] as const);
        assert.deepEqual(
          order,
          [...order].sort((a, b) => a[0] - b[0] || a[1] - b[1]),
        );
      }
    }),
  );
});

test('steps have M micro-batches, the last of an epoch what is left', () => {
  fc.assert(
    fc.property(lengthLists, batches, seeds, (lengths, batch, seed) => {
      const plan = makePlan({ subset: subsetOf(lengths), batch, seed, phase: 0 });
      const sizes = epochOf(plan, 2).map((step) => step.microBatches.length);
      assert.ok(sizes.slice(0, -1).every((size) => size === batch.microBatches));
      const left = plan.microBatchesPerEpoch % batch.microBatches;
      assert.equal(sizes.at(-1), left || batch.microBatches);
    }),
  );
});

test('a step is the same whoever asks, in whatever order', () => {
  fc.assert(
    fc.property(
      lengthLists,
      batches,
      seeds,
      fc.array(fc.nat(200), { minLength: 1, maxLength: 8 }),
      (lengths, batch, seed, numbers) => {
        const make = () => makePlan({ subset: subsetOf(lengths, 2000), batch, seed, phase: 3 });
        const together = make();
        for (const n of numbers) assert.deepEqual(together.stepAt(n), make().stepAt(n));
      },
    ),
    { numRuns: 40 },
  );
});

const batch = {
  microBatches: 8,
  tokensPerMicroBatch: 16384,
  maxRows: 64,
  grouping: 'length',
} as const;
const stream = randomStream(77, 'synthetic');
const logUniform = Array.from({ length: 5000 }, (_, i) =>
  Math.floor(512 * 60 ** stream.uniform(i)),
);

test('5 000 log-uniform lengths are padded by less than a tenth and fill their micro-batches', () => {
  const plan = makePlan({ subset: subsetOf(logUniform), batch, seed: 1, phase: 0 });
  const all = microBatchesOf(epochOf(plan, 0));
  const tokens = logUniform.reduce((sum, length) => sum + length, 0);
  const padded = all.reduce((sum, one) => sum + one.rows.length * one.paddedLength, 0);
  assert.ok(padded / tokens < 1.1, `padded to ${padded / tokens} of the tokens`);
  // The best that whole rows allow, were every micro-batch full.
  const fewest = logUniform.reduce(
    (sum, length) => sum + 1 / Math.max(1, Math.floor(batch.tokensPerMicroBatch / length)),
    0,
  );
  assert.ok(all.length < 1.1 * fewest, `${all.length} micro-batches, at least ${fewest}`);
});

test('grouped at random, a micro-batch mixes all lengths in full rows; the price is padding', () => {
  const subset = subsetOf(logUniform.slice(0, 1000), 4096);
  const eightRows = { ...batch, maxRows: 8, tokensPerMicroBatch: 8 * 4096 };
  const plan = (grouping: 'length' | 'random') =>
    makePlan({ subset, batch: { ...eightRows, grouping }, seed: 1, phase: 0 });
  const spreadOf = (one: PlannedMicroBatch) => one.rows.at(-1)!.count / one.rows[0]!.count;
  const [sorted, mixed] = (['length', 'random'] as const).map((grouping) =>
    microBatchesOf(epochOf(plan(grouping), 0)),
  ) as [PlannedMicroBatch[], PlannedMicroBatch[]];
  assert.equal(mixed.length, 125);
  assert.ok(mixed.every((one) => one.rows.length === 8));
  assert.ok(mixed.filter((one) => spreadOf(one) > 2).length > 0.9 * mixed.length);
  assert.ok(sorted.every((one) => spreadOf(one) <= 2));
});

test('epochs, phases and seeds each order and group the sequences anew', () => {
  const sequencesAt = (seed: number, phase: number, epoch: number) =>
    sequencesOf(
      microBatchesOf(
        epochOf(makePlan({ subset: subsetOf(logUniform), batch, seed, phase }), epoch),
      ),
    );
  const orders = [
    sequencesAt(1, 0, 0),
    sequencesAt(2, 0, 0),
    sequencesAt(1, 1, 0),
    sequencesAt(1, 0, 1),
  ];
  assert.equal(new Set(orders.map(String)).size, orders.length);

  const groups = (epoch: number) =>
    new Set(
      microBatchesOf(
        epochOf(makePlan({ subset: subsetOf(logUniform), batch, seed: 1, phase: 0 }), epoch),
      )
        .filter((one) => one.rows.length > 1)
        .map((one) => String(one.rows.map((row) => row.sequence))),
    );
  const first = groups(0);
  const again = [...groups(1)].filter((group) => first.has(group));
  assert.ok(again.length < first.size / 20, `${again.length} of ${first.size} groups came again`);
});

test('lengths are mixed within an epoch: no step is all short or all long', () => {
  const plan = makePlan({ subset: subsetOf(logUniform), batch, seed: 1, phase: 0 });
  const early = microBatchesOf(epochOf(plan, 0).slice(0, plan.stepsPerEpoch >> 1));
  const longShare = early.filter((one) => one.paddedLength > 8192).length / early.length;
  const all = microBatchesOf(epochOf(plan, 0));
  const expected = all.filter((one) => one.paddedLength > 8192).length / all.length;
  assert.ok(Math.abs(longShare - expected) < 0.05);
});

test('a cropped sequence gives a window within it, another one each epoch', () => {
  const subset = subsetOf(logUniform.slice(0, 300), 1000);
  const plan = makePlan({ subset, batch, seed: 1, phase: 0 });
  const startsOf = (epoch: number) =>
    new Map(
      microBatchesOf(epochOf(plan, epoch)).flatMap((one) =>
        one.rows.map((row) => {
          const length = subset.storeLengths[row.sequence]!;
          assert.equal(row.count, Math.min(1000, length));
          assert.ok(row.start >= 0 && row.start + row.count <= length);
          return [row.sequence, row.start] as const;
        }),
      ),
    );
  const first = startsOf(0);
  const second = startsOf(1);
  const long = [...first.keys()].filter((sequence) => subset.storeLengths[sequence]! > 2000);
  const moved = long.filter((sequence) => first.get(sequence) !== second.get(sequence));
  assert.ok(moved.length > 0.9 * long.length);
  const late = long.filter(
    (sequence) => first.get(sequence)! + 1000 > subset.storeLengths[sequence]! / 2,
  );
  assert.ok(late.length > long.length / 3, 'windows reach the second half of the sequences');
});

test('a window may be the very first and the very last', () => {
  const subset = subsetOf([12], 10);
  const plan = makePlan({ subset, batch, seed: 4, phase: 0 });
  const starts = new Set(
    Array.from({ length: 60 }, (_, n) => plan.stepAt(n).microBatches[0]!.rows[0]!.start),
  );
  assert.deepEqual(ascending([...starts]), [0, 1, 2]);
});

test('one sequence, and M beyond all micro-batches, are plans too', () => {
  const one = makePlan({ subset: subsetOf([700]), batch, seed: 0, phase: 0 });
  assert.equal(one.stepsPerEpoch, 1);
  assert.deepEqual(one.stepAt(5), {
    epoch: 5,
    stepInEpoch: 0,
    microBatches: [{ rows: [{ sequence: 1, start: 0, count: 700 }], paddedLength: 700, epoch: 5 }],
  });
  const wide = makePlan({
    subset: subsetOf([5, 6, 7]),
    batch: { ...batch, microBatches: 65536, tokensPerMicroBatch: 1, maxRows: 1 },
    seed: 0,
    phase: 0,
  });
  assert.equal(wide.stepsPerEpoch, 1);
  assert.equal(wide.stepAt(0).microBatches.length, 3);
  assert.throws(() => one.stepAt(-1), RangeError);
});

test('an evaluation takes each sequence once, from its start, with hardly any padding', () => {
  const subset = subsetOf(logUniform, 9000);
  const list = evaluationBatches(subset, batch);
  const all = Array.from({ length: list.length }, (_, position) => list.at(position));
  assert.deepEqual(ascending(sequencesOf(all)), [...subset.sequences]);
  let tokens = 0;
  let padded = 0;
  for (const { rows, paddedLength, epoch } of all) {
    assert.equal(epoch, 0);
    assert.ok(rows.length === 1 || rows.length * paddedLength <= batch.tokensPerMicroBatch);
    assert.ok(rows.every((row) => row.start === 0));
    tokens += rows.reduce((sum, row) => sum + row.count, 0);
    padded += rows.length * paddedLength;
  }
  assert.ok(padded / tokens < 1.02, `padded to ${padded / tokens} of the tokens`);
  assert.throws(() => list.at(list.length), RangeError);
});

test('the plan of given numbers never changes: a checkpoint resumes by it in any process', () => {
  const plan = makePlan({ subset: subsetOf(logUniform, 9000), batch, seed: 1, phase: 2 });
  const steps = [0, 1, plan.stepsPerEpoch - 1, plan.stepsPerEpoch, 12345].map(plan.stepAt);
  const hash = createHash('sha256').update(JSON.stringify(steps)).digest('hex');
  assert.equal(hash, '14abdd21eb37913d7faac2fec42cb755671dcf087e9bc2950495467a6c5d5df8');
});

test('a length ratio of 1.02 leaves less than 1 % of padding where lengths differ sixtyfold', () => {
  const lengths = Array.from({ length: 20_000 }, (_, i) => Math.floor(512 * 60 ** (i / 20_000)));
  const share = (lengthRatio?: number) => {
    const batch = { microBatches: 8, tokensPerMicroBatch: 65_536, maxRows: 256, lengthRatio };
    const request = { seed: 1, phase: 0, batch: { ...batch, grouping: 'length' as const } };
    const plan = makePlan({ ...request, subset: subsetOf(lengths) });
    const all = microBatchesOf(epochOf(plan, 0));
    const tokens = all.flatMap(({ rows }) => rows).reduce((sum, { count }) => sum + count, 0);
    const places = all.reduce((sum, { rows, paddedLength }) => sum + rows.length * paddedLength, 0);
    return 1 - tokens / places;
  };
  assert.ok(share(1.02) < 0.01, String(share(1.02)));
  assert.ok(share() > 0.02, String(share()));
});

test('a step of k times as many micro-batches has those of k steps, within an epoch', () => {
  fc.assert(
    fc.property(lengthLists, batches, seeds, fc.integer({ min: 2, max: 4 }), (...of) => {
      const [lengths, batch, seed, times] = of;
      const plan = (microBatches: number) =>
        makePlan({ subset: subsetOf(lengths), batch: { ...batch, microBatches }, seed, phase: 1 });
      const small = epochOf(plan(batch.microBatches), 0);
      const first = small.slice(0, times).flatMap(({ microBatches }) => microBatches);
      assert.deepEqual(plan(times * batch.microBatches).stepAt(0).microBatches, first);
    }),
  );
});
