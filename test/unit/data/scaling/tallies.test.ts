/** The statistics of a channel, against plain sums over all of its values. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { randomStream } from '../../../../src/core/random.ts';
import { QuantileSample } from '../../../../src/data/scaling/quantile-sample.ts';
import { RealTally } from '../../../../src/data/scaling/real-tally.ts';
import { SymbolTally } from '../../../../src/data/scaling/symbol-tally.ts';

const close = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) <= 1e-12 * Math.max(1, Math.abs(expected)), `${found}`);

/** Short ones, and one longer than what is counted at once; of few symbols and of many. */
const sequenceOfBytes = fc
  .tuple(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(40_001)), fc.constantFrom(4, 66, 256))
  .chain(([length, symbols]) =>
    fc.tuple(fc.nat(1000), fc.nat(256 - symbols)).map(([seed, least]) => {
      const stream = randomStream(seed, 'synthetic');
      return Uint8Array.from({ length }, (_, at) => least + stream.integer(at, symbols));
    }),
  );

function momentsOf(values: readonly number[]) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

describe('the statistics of real values', () => {
  const sequences = [
    [1, 5, 2, 6, 3, 7],
    [1000, -1, Number.NaN, -2],
    [4, 8, 4, 8],
  ];
  const tally = new RealTally(0, 2);
  for (const [number, values] of sequences.entries()) tally.add(values, number !== 1);
  const found = tally.finish();

  it('are of one channel, and of the training split', () => {
    const { mean, deviation } = momentsOf([1, 2, 3, 4, 4]);
    close(found.mean, mean);
    close(found.deviation, deviation);
    assert.equal(found.median, 3);
    assert.equal(found.quartileRange, 2);
  });

  it('know the range and the missing values of all splits', () => {
    assert.deepEqual([found.minimum, found.maximum, found.missing], [1, 1000, 1]);
  });

  it('know how level and deviation of single sequences are distributed; a constant one has no logarithm', () => {
    assert.deepEqual(found.level, { mean: 3, deviation: 1 });
    close(found.logDeviation.mean, Math.log(Math.sqrt(2 / 3)));
    assert.equal(found.logDeviation.deviation, 0);
  });

  it('lose no digit at an offset of a million', () => {
    const far = new RealTally(0, 1);
    const near = new RealTally(0, 1);
    for (let sequence = 0; sequence < 50; sequence++) {
      const values = [sequence, sequence + 0.5, sequence + 0.25];
      far.add(
        values.map((value) => value + 2 ** 20),
        true,
      );
      near.add(values, true);
    }
    close(far.finish().mean - 2 ** 20, near.finish().mean);
    close(far.finish().deviation, near.finish().deviation);
  });
});

describe('the statistics of integers', () => {
  it('are those of the same numbers as real values', () => {
    const stream = randomStream(3, 'synthetic');
    const symbols = new SymbolTally(1, 3);
    const reals = new RealTally(1, 3);
    for (let sequence = 0; sequence < 20; sequence++) {
      const values = Array.from({ length: 30 }, (_, i) => stream.integer(30 * sequence + i, 900));
      for (const tally of [symbols, reals]) tally.add(values, true);
    }
    const [found, expected] = [symbols.finish(), reals.finish()];
    close(found.mean, expected.mean);
    close(found.deviation, expected.deviation);
    close(found.level.deviation, expected.level.deviation);
    close(found.logDeviation.mean, expected.logDeviation.mean);
    assert.ok(Math.abs(found.median - expected.median) <= 10);
    assert.deepEqual([found.minimum, found.maximum], [expected.minimum, expected.maximum]);
  });

  it('are the same for bytes, which are counted faster, as for wider numbers', () => {
    const sequences = fc.array(fc.tuple(sequenceOfBytes, fc.boolean()), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(sequences, (given) => {
        const [bytes, words] = [new SymbolTally(0, 1), new SymbolTally(0, 1)];
        for (const [values, isTraining] of given) {
          bytes.add(values, isTraining);
          words.add(Uint16Array.from(values), isTraining);
        }
        const all = given.flatMap(([values]) => [...values]).sort((a, b) => a - b);
        const { minimum, maximum } = bytes.finish();
        assert.deepEqual([minimum, maximum], [all[0], all.at(-1)]);
        assert.deepEqual(bytes.finish(), words.finish());
        assert.deepEqual(bytes.pairs, words.pairs);
        assert.deepEqual(bytes.counts(), words.counts());
      }),
    );
  });
});

describe('QuantileSample', () => {
  it('is exact while everything fits', () => {
    const sample = new QuantileSample(8);
    sample.add([5, Number.NaN, 1, 4], { begin: 0, stride: 1 });
    sample.add([9, 2, 9, 3], { begin: 1, stride: 2 });
    assert.deepEqual(sample.at([0, 0.25, 0.5, 0.875, 1]), [1, 2, 3, 4.5, 5]);
    assert.deepEqual(new QuantileSample().at([0.5]), [0]);
  });

  it('keeps to the quantiles of a long stream, even of a periodic one, and is the same each time', () => {
    const made = () => {
      const sample = new QuantileSample(4096);
      const period = Array.from({ length: 64 }, (_, index) => index);
      for (let times = 0; times < 3125; times++) sample.add(period, { begin: 0, stride: 1 });
      return sample.at([0.25, 0.5, 0.75]);
    };
    const [first, median, third] = made();
    assert.deepEqual([first, median, third], made());
    for (const [found, expected] of [
      [first!, 15.75],
      [median!, 31.5],
      [third!, 47.25],
    ] as const) {
      assert.ok(Math.abs(found - expected) < 3, `${found}`);
    }
  });
});
