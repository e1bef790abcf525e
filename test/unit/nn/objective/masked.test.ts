/** The masked objective on hand-made masks, and the share of steps that masks hide. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import type { PhaseFacts } from '../../../../src/data/facts.ts';
import { UNSCALED } from '../../../../src/data/scaling/scaling.ts';
import { drawMask } from '../../../../src/nn/objective/mask.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { preparedBy } from '../../../helper/nn.ts';

const FACTS: PhaseFacts = {
  classes: 0,
  channels: 1,
  scaling: UNSCALED,
  symbols: 5,
  target: { kind: 'none' },
  labelledSequences: 0,
  classCounts: [],
  symbolCounts: [1, 4, 2, 4, 0],
  transitionCounts: [],
  meanValue: 2,
  valueRange: { minimum: -4, maximum: 4 },
};
const EVEN_ODDS = { fraction: 0.5, span: 1 } as const;

function rowOf(
  values: readonly number[],
  change: Partial<Omit<PaddedRows, 'channels' | 'scaled' | 'hidden'>> = {},
): PaddedRows {
  return {
    rows: 1,
    paddedLength: values.length,
    channels: 1,
    lengths: Int32Array.of(values.length),
    values: Int32Array.from(values),
    labels: Int32Array.of(-1),
    sequences: Int32Array.of(0),
    starts: Int32Array.of(0),
    epoch: 0,
    ...change,
  };
}

/** A seed whose mask over sequence 0 is exactly this one. */
function seedOf(mask: string): number {
  for (let seed = 0; seed < 100_000; seed++) {
    const drawn = new Int32Array(mask.length);
    const place = { epoch: 0, sequence: 0, start: 0, count: mask.length };
    drawMask({ seed, ...EVEN_ODDS }, place, drawn);
    if (drawn.join('') === mask) return seed;
  }
  throw new Error(`no seed draws ${mask}`);
}

function prepare(mask: string, values: readonly number[], target: 'classification' | 'regression') {
  const objective = registry.makeObjective(
    { kind: 'masked', target, ...EVEN_ODDS },
    FACTS,
    seedOf(mask),
  );
  return preparedBy(objective, rowOf(values));
}

describe('the masked objective on a mask made by hand', () => {
  it('counts its baselines: the first of the most frequent symbols, and the last visible value', () => {
    const { feeds, sums } = prepare('1011010', [1, 3, 3, 1, 2, 1, 0], 'classification');
    assert.deepEqual([...feeds.positions!.data], [0, 2, 3, 5]);
    assert.deepEqual([...feeds.targets!.data], [1, 3, 1, 1]);
    // Most frequent is 1. Last visible: none before the first step, 3 twice (one was hidden), then 2.
    assert.deepEqual(sums, { weight: 4, frequentCorrect: 3, previousCorrect: 1 });
  });

  it('has no previous value where all steps so far are hidden', () => {
    const { sums } = prepare('1110', [0, 0, 0, 0], 'classification');
    assert.equal(sums.previousCorrect, 0);
  });

  it('standardises numbers by the mean and a quarter of the range; without a previous value the mean stands in', () => {
    const { feeds, sums } = prepare('10110', [4, -4, 0, 2, 2], 'regression');
    // (value − 2) / 2: the truths 4, 0, 2 are 1, −1, 0; before them: the mean (0), −4 (−3), −4 (−3).
    assert.ok(feeds.targets!.data instanceof Float32Array);
    assert.deepEqual([...feeds.targets!.data], [1, -1, 0]);
    assert.deepEqual(sums, {
      weight: 3,
      meanSquares: 1 + 1 + 0,
      previousSquares: (1 - 0) ** 2 + (-1 + 3) ** 2 + (0 + 3) ** 2,
    });
  });

  it('feeds nothing to predict where nothing is hidden', () => {
    const { feeds, sums } = prepare('0000', [1, 1, 1, 1], 'classification');
    assert.deepEqual([feeds.positions!.shape, feeds.targets!.shape], [[0], [0]]);
    assert.deepEqual(sums, { weight: 0, frequentCorrect: 0, previousCorrect: 0 });
  });

  it('looks for the previous value in its own row only', () => {
    const seed = seedOf('011');
    const objective = registry.makeObjective(
      { kind: 'masked', target: 'classification', ...EVEN_ODDS },
      FACTS,
      seed,
    );
    const second = rowOf([1, 1, 1, 1, 1, 1], {
      rows: 2,
      paddedLength: 3,
      lengths: Int32Array.of(3, 2),
      labels: Int32Array.of(-1, -1),
      sequences: Int32Array.of(0, 0),
      starts: Int32Array.of(0, 1),
    });
    // The second row is the window [1, 3) of the same sequence: both steps are hidden.
    const { feeds, sums } = preparedBy(objective, second);
    assert.deepEqual([...feeds.mask!.data], [0, 1, 1, 1, 1, 0]);
    assert.deepEqual([...feeds.positions!.data], [1, 2, 3, 4]);
    assert.equal(sums.previousCorrect, 2);
  });

  it('measures means over what was hidden', () => {
    const { metrics } = registry.makeObjective(
      { kind: 'masked', target: 'classification', ...EVEN_ODDS },
      FACTS,
      0,
    );
    assert.deepEqual(
      metrics({ loss: 6, weight: 4, correct: 3, frequentCorrect: 2, previousCorrect: 1 }),
      {
        loss: { value: 1.5 },
        accuracy: { value: 0.75, baselines: { mostFrequent: 0.5, previousValue: 0.25 } },
      },
    );
    const regression = registry.makeObjective(
      { kind: 'masked', target: 'regression', ...EVEN_ODDS },
      FACTS,
      0,
    );
    assert.deepEqual(
      regression.metrics({ loss: 6, weight: 4, meanSquares: 8, previousSquares: 2 }),
      { loss: { value: 1.5, baselines: { meanValue: 2, previousValue: 0.5 } } },
    );
    assert.deepEqual(regression.headline, { metric: 'loss', better: 'lower' });
  });
});

describe('the share of hidden steps', () => {
  const count = 100_000;
  for (const [fraction, span] of [
    [0.15, 1],
    [0.15, 5],
    [0.4, 20],
    [0.01, 3],
    [0.9, 8],
  ] as const) {
    it(`is ${fraction} in spans of ${span}`, () => {
      const mask = new Int32Array(count);
      drawMask({ seed: 11, fraction, span }, { epoch: 2, sequence: 5, start: 0, count }, mask);
      const share = mask.reduce((a, b) => a + b, 0) / count;
      assert.ok(
        Math.abs(share - fraction) < 4.5 * deviationOfShare(fraction, span, count),
        `${share}`,
      );
    });
  }

  it('is the same at the first, second and last step of a sequence as anywhere', () => {
    const sequences = 20_000;
    const spec = { seed: 4, fraction: 0.3, span: 7 };
    const hidden = [0, 0, 0];
    for (let sequence = 0; sequence < sequences; sequence++) {
      const mask = new Int32Array(9);
      drawMask(spec, { epoch: 0, sequence, start: 0, count: 9 }, mask);
      [0, 1, 8].forEach((step, i) => {
        hidden[i]! += mask[step]!;
      });
    }
    const bound = 4.5 * Math.sqrt((0.3 * 0.7) / sequences);
    for (const sum of hidden) assert.ok(Math.abs(sum / sequences - 0.3) < bound, `${hidden}`);
  });

  /** Neighbours share spans: both of two steps d apart are visible when span + d places begin none. */
  function deviationOfShare(fraction: number, span: number, count: number): number {
    const startsNot = (1 - fraction) ** (1 / span);
    const covariance = (apart: number) => startsNot ** (span + apart) - startsNot ** (2 * span);
    let variance = covariance(0);
    for (let apart = 1; apart < span; apart++) variance += 2 * covariance(apart);
    return Math.sqrt(variance / count);
  }
});

describe('a mask', () => {
  it('is the same over any window, in any order of asking, however its row is padded', () => {
    const spec = fc.record({
      seed: fc.nat(2 ** 32 - 1),
      fraction: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      span: fc.integer({ min: 1, max: 40 }),
    });
    const window = fc.tuple(fc.nat(150), fc.integer({ min: 1, max: 50 }), fc.nat(9));
    fc.assert(
      fc.property(spec, fc.nat(), fc.array(window, { minLength: 1 }), (spec, sequence, windows) => {
        const whole = new Int32Array(210);
        drawMask(spec, { epoch: 1, sequence, start: 0, count: 210 }, whole);
        for (const [start, count, padding] of windows) {
          const row = new Int32Array(count + padding);
          drawMask(spec, { epoch: 1, sequence, start, count }, row);
          assert.deepEqual(row.subarray(0, count), whole.subarray(start, start + count));
          assert.ok(row.subarray(count).every((hidden) => hidden === 0));
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
