import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type StepRow, speedOver, timingOf } from '../../../src/bench/step-bench.ts';
import { flopsOf, lengthsOf, type StepShape } from '../../../src/bench/step-shapes.ts';
import { tableLine } from '../../../src/bench/step-table.ts';

const shape: StepShape = { model: 'dilated', rows: 8, paddedLength: 2048, shortBy: 100 };
const timing = (median: number) => ({ median, minimum: median, maximum: median });
const row = (compiled: number, pytorch: number): StepRow => ({
  shape,
  threads: 1,
  timings: { compiled: timing(compiled), PyTorch: timing(pytorch) },
  peakBytes: { compiled: 512e6, PyTorch: 611.6e6 },
  tokensPerSecond: 96_400,
  shareOfPeak: 0.8,
});

describe('bench step', () => {
  it('gives the rows of a padded shape evenly different lengths', () => {
    assert.deepEqual(lengthsOf({ ...shape, rows: 3 }), [2048, 1998, 1948]);
    assert.deepEqual(lengthsOf({ ...shape, rows: 1 }), [2048]);
  });

  it('counts three products a convolution: forward and two gradients', () => {
    const one = { model: 'dilated', rows: 1, paddedLength: 1, shortBy: 0 } as const;
    assert.equal(flopsOf(one), 12 * 3 * 2 * 3 * 64 * 64 + 2 * 2 * 64);
  });

  it('takes the median of what it timed, with its spread', () => {
    assert.deepEqual(timingOf([3, 9, 1]), { median: 3, minimum: 1, maximum: 9 });
  });

  it('compares by the geometric mean and the worst row', () => {
    assert.deepEqual(speedOver([row(1, 2), row(1, 8)], 'PyTorch'), { mean: 4, minimum: 2 });
    assert.equal(speedOver([row(1, 2)], 'eager'), undefined);
  });

  it('writes a line a shape', () => {
    const line = tableLine(row(170.1, 233.24));
    const expected =
      /^dilated {4}8 × 1948…2048 {2}1 {8}170\.1 \(170\.1…170\.1\) 512 +233\.2 \(233\.2…233\.2\) 612 +96 k +80 %$/;
    assert.match(line, expected);
  });
});
