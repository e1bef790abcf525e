import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import type { ChannelStatistics } from '../../../../src/data/scaling/channel-statistics.ts';
import { scaleRows } from '../../../../src/data/scaling/scale-rows.ts';
import type { Scaling, ScalingKind } from '../../../../src/data/scaling/scaling.ts';

const STATISTICS: ChannelStatistics = {
  mean: 10,
  deviation: 2,
  median: 8,
  quartileRange: 1.349,
  level: { mean: 10, deviation: 4 },
  logDeviation: { mean: 0, deviation: 1 },
  minimum: 0,
  maximum: 20,
  missing: 0,
};

function scaling(kind: ScalingKind, change: Partial<Scaling> = {}): Scaling {
  return { kind, hasMissing: false, channels: [STATISTICS, STATISTICS], ...change };
}

/** Rows of one channel, or of the given number. */
function rowsOf(rows: readonly (readonly number[])[], channels = 1, padding = 2): PaddedRows {
  const steps = rows.map((row) => row.length / channels);
  const paddedLength = Math.max(...steps) + padding;
  const values = new Float32Array(rows.length * paddedLength * channels);
  for (const [row, own] of rows.entries()) values.set(own, row * paddedLength * channels);
  const nothing = new Int32Array(rows.length);
  return {
    ...{ rows: rows.length, paddedLength, channels, values, epoch: 0 },
    ...{ lengths: Int32Array.from(steps), labels: nothing, sequences: nothing, starts: nothing },
  };
}

const scaledOf = (rows: PaddedRows, how: Scaling) => scaleRows(rows, how).scaled!;
const near = (found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-6) => {
  assert.equal(found.length, expected.length);
  for (const [index, value] of expected.entries()) {
    assert.ok(Math.abs(found[index]! - value) <= tolerance, `${[...Array.from(found)]}`);
  }
};

describe('data.scaling: sequence', () => {
  const sequence = scaling('sequence');

  it('gives each row mean 0 and deviation 1, and zeros in the padding', () => {
    const { values } = scaledOf(
      rowsOf([
        [1, 3],
        [5, 5, 9, 9],
      ]),
      sequence,
    );
    near(values, [-1, 1, 0, 0, 0, 0, -1, -1, 1, 1, 0, 0]);
  });

  it('gives the same for the same shape at any level and amplitude that float32 holds', () => {
    const shape = [0, 1, -1, 2, 0.5, -2, 3, -3];
    const plain = scaledOf(rowsOf([shape]), sequence).values;
    for (const [offset, amplitude] of [
      [1000, 1],
      [2 ** 20, 1],
      [0, 1e-5],
      [0, 1e-30],
      [0, 1e30],
      [-7, -1],
    ] as const) {
      const moved = shape.map((value) => offset + amplitude * value);
      const sign = Math.sign(amplitude);
      near(
        scaledOf(rowsOf([moved]), sequence).values,
        [...plain].map((value) => sign * value),
      );
    }
  });

  it('tells level and amplitude as two numbers of order 1, finite for any row', () => {
    const e = Math.E;
    const { profile } = scaledOf(
      rowsOf([
        [14 - e, 14 + e],
        [6, 6],
        [-3e38, 3e38],
      ]),
      sequence,
    );
    near(profile!, [1, 1, -1, -8, -2.5, 8]);
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        (row) => {
          const { values, profile } = scaledOf(rowsOf([row]), sequence);
          assert.ok([...values, ...profile!].every(Number.isFinite));
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });

  it('does not blow up small differences where all training sequences were alike', () => {
    const alike = { ...STATISTICS, level: { mean: 10, deviation: 0 } };
    const how = scaling('sequence', { channels: [alike] });
    near(scaledOf(rowsOf([[9.01, 11.01]]), how).profile!, [0.1, 0], 1e-4);
  });

  it('gives zeros for a constant row', () => {
    near(scaledOf(rowsOf([[1e6, 1e6, 1e6]], 1, 0), sequence).values, [0, 0, 0]);
  });

  it('scales each channel by itself', () => {
    const { values, profile } = scaledOf(rowsOf([[1, 100, 3, 300]], 2, 0), sequence);
    near(values, [-1, -1, 1, 1]);
    assert.equal(profile!.length, 4);
  });

  it('sees neither the padding nor what is outside of the window nor what is hidden', () => {
    const visible = rowsOf([[1, 3, 77, 1]], 1, 0);
    const hidden = Int32Array.of(0, 0, 1, 0);
    const { values } = scaledOf({ ...visible, hidden }, sequence);
    const mean = 5 / 3;
    const deviation = Math.sqrt(8 / 9);
    near(
      values,
      [1, 3, 77, 1].map((value) => (value - mean) / deviation),
      1e-5,
    );
    const padded = [0, 5].map((padding) => scaledOf(rowsOf([[1, 3, 8]], 1, padding), sequence));
    assert.deepEqual(padded[0]!.values, padded[1]!.values.slice(0, 3));
    assert.deepEqual(padded[0]!.profile, padded[1]!.profile);
  });
});

describe('data.scaling for all sequences alike', () => {
  it('dataset: by mean and deviation of the training split, and the level stays in the values', () => {
    const { values, profile } = scaledOf(
      rowsOf(
        [
          [10, 12],
          [6, 10],
        ],
        1,
        0,
      ),
      scaling('dataset'),
    );
    near(values, [0, 1, -2, 0]);
    assert.equal(profile, undefined);
  });

  it('robust: by median and quartiles, as many deviations of a normal distribution', () => {
    near(scaledOf(rowsOf([[8, 9]], 1, 0), scaling('robust')).values, [0, 1]);
    const flat = { ...STATISTICS, quartileRange: 0 };
    const how = scaling('robust', { channels: [flat] });
    near(scaledOf(rowsOf([[8, 10]], 1, 0), how).values, [0, 1]);
  });

  it('none: leaves the rows as they are', () => {
    const rows = rowsOf([[1, 2]]);
    assert.equal(scaleRows(rows, scaling('none')), rows);
  });

  it('scales integers that are read as numbers', () => {
    const rows = { ...rowsOf([[10, 14]], 1, 0), values: Int32Array.of(10, 14) };
    near(scaledOf(rows, scaling('dataset')).values, [0, 2]);
  });
});

describe('missing values', () => {
  const hasMissing = true;
  const rows = rowsOf([[1, Number.NaN, 3]], 1, 1);

  it('are 0 and marked, and are in no statistics', () => {
    const { values, missing } = scaledOf(rows, scaling('sequence', { hasMissing }));
    near(values, [-1, 0, 1, 0]);
    assert.deepEqual([...missing!], [0, 1, 0, 0]);
  });

  it('are marked without scaling, too', () => {
    const { values, missing } = scaledOf(rows, scaling('none', { hasMissing }));
    assert.deepEqual([...values], [1, 0, 3, 0]);
    assert.deepEqual([...missing!], [0, 1, 0, 0]);
  });
});
