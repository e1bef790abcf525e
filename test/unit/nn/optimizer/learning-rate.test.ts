import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { learningRateAt } from '../../../../src/nn/optimizer/learning-rate.ts';

const cosine = (peak: number, warmupSteps: number, finalFraction: number) =>
  ({ kind: 'warmup-cosine', peak, warmupSteps, finalFraction }) as const;

test('a constant rate is the same at every step', () => {
  const rate = { kind: 'constant', value: 0.003 } as const;
  assert.deepEqual(
    [0, 5, 99].map((step) => learningRateAt(rate, step, 100)),
    [0.003, 0.003, 0.003],
  );
});

test('the warm-up rises by peak / W a step and reaches the peak with its last', () => {
  const rate = cosine(0.8, 4, 0);
  const rising = [0, 1, 2, 3].map((step) => learningRateAt(rate, step, 100));
  assert.deepEqual(rising, [0.2, 0.4, 0.8 * 0.75, 0.8]);
  assert.ok(learningRateAt(rate, 4, 100) < 0.8);
});

test('the cosine is half-way at the middle and exact at the last step', () => {
  // Steps 4 (peak) … 104 (last).
  const rate = cosine(1, 5, 0.2);
  assert.equal(learningRateAt(rate, 4, 105), 1);
  assert.ok(Math.abs(learningRateAt(rate, 54, 105) - 0.6) < 1e-15);
  assert.equal(learningRateAt(rate, 104, 105), 0.2);
  assert.equal(learningRateAt(cosine(3e-4, 5, 0), 104, 105), 0);
});

test('without a warm-up step 0 has the peak', () => {
  assert.equal(learningRateAt(cosine(0.5, 0, 0), 0, 10), 0.5);
  assert.equal(learningRateAt(cosine(0.5, 0, 0), 9, 10), 0);
});

test('a phase of one step has the peak, and so ends a warm-up as long as its phase', () => {
  assert.equal(learningRateAt(cosine(0.5, 0, 0), 0, 1), 0.5);
  assert.equal(learningRateAt(cosine(0.5, 1, 0), 0, 1), 0.5);
  assert.equal(learningRateAt(cosine(0.5, 6, 0), 5, 6), 0.5);
});

test('every rate is finite, within (0, peak] in the warm-up and never rises after it', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 300 })
        .chain((steps) => fc.tuple(fc.constant(steps), fc.integer({ min: 0, max: steps }))),
      fc.double({ min: 0, max: 1, noNaN: true }),
      ([steps, warmupSteps], finalFraction) => {
        const rate = cosine(0.01, warmupSteps, finalFraction);
        const rates = Array.from({ length: steps }, (_, s) => learningRateAt(rate, s, steps));
        rates.forEach((value, s) => {
          if (s < warmupSteps) assert.ok(value > 0 && value <= 0.01);
          else assert.ok(value >= 0.01 * finalFraction * (1 - 1e-12));
          if (s >= Math.max(1, warmupSteps)) assert.ok(value <= rates[s - 1]! * (1 + 1e-15));
        });
      },
    ),
  );
});
