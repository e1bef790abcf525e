import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_FORMULATIONS, type Formulations } from '../../../../src/engine/formulations.ts';
import {
  chooseFormulations,
  combineClearlyFaster,
  type Quartiles,
  quartilesOf,
  type TimedFormulations,
} from '../../../../src/workflow/tune/choose-formulations.ts';

const OTHERS: readonly Partial<Formulations>[] = [
  { convolution: 'transposed' },
  { filterGradient: 'native' },
  { batchNorm: 'composed' },
];

/** The default and each other choice by itself. */
const timed = (milliseconds: readonly Quartiles[]): TimedFormulations[] =>
  [{}, ...OTHERS].map((other, index) => ({
    formulations: { ...DEFAULT_FORMULATIONS, ...other },
    milliseconds: milliseconds[index]!,
  }));
const around = (median: number, spread = 0.1): Quartiles => ({
  lower: median - spread,
  median,
  upper: median + spread,
});

describe('chooseFormulations()', () => {
  it('keeps the default where no other is faster by a twentieth', () => {
    const choice = chooseFormulations(timed([10, 11, 9.6, 9.51].map((ms) => around(ms))));
    assert.deepEqual(choice, DEFAULT_FORMULATIONS);
  });

  it('keeps the default where quartiles overlap, however much faster the median is', () => {
    const choice = chooseFormulations(timed([around(10, 3), around(8, 3), around(10), around(10)]));
    assert.deepEqual(choice, DEFAULT_FORMULATIONS);
  });

  it('takes the fastest of those that are clearly faster', () => {
    const choice = chooseFormulations(timed([10, 9, 8, 12].map((ms) => around(ms))));
    assert.deepEqual(choice, { ...DEFAULT_FORMULATIONS, filterGradient: 'native' });
  });

  it('is never flipped by noise: samples of one distribution choose the default', () => {
    // Within ±2.5 % no median can be a twentieth below another.
    const samples = fc.array(fc.double({ min: 0.976, max: 1.024, noNaN: true }), { minLength: 3 });
    fc.assert(
      fc.property(
        fc.tuple(samples, samples, samples, samples),
        fc.double({ min: 1, max: 1e3, noNaN: true }),
        (all, scale) => {
          const quartiles = all.map((some) => quartilesOf(some.map((ms) => ms * scale)));
          assert.deepEqual(chooseFormulations(timed(quartiles)), DEFAULT_FORMULATIONS);
        },
      ),
    );
  });

  it('leaves the default for nothing that is not a twentieth faster', () => {
    const quartiles = fc
      .tuple(...Array.from({ length: 3 }, () => fc.double({ min: 1, max: 100, noNaN: true })))
      .map((samples) => quartilesOf(samples));
    fc.assert(
      fc.property(fc.tuple(quartiles, quartiles, quartiles, quartiles), (all) => {
        const candidates = timed(all);
        const choice = chooseFormulations(candidates);
        const chosen = candidates.find(({ formulations }) => formulations === choice)!.milliseconds;
        const reference = all[0];
        if (chosen === reference) return;
        assert.ok(chosen.median <= 0.95 * reference.median && chosen.upper < reference.lower);
      }),
    );
  });
});

describe('combineClearlyFaster()', () => {
  it('puts together each choice that is clearly faster by itself', () => {
    const combined = combineClearlyFaster(timed([10, 9, 9.9, 8].map((ms) => around(ms))));
    const expected = {
      convolution: 'transposed',
      filterGradient: 'shifted',
      batchNorm: 'composed',
      projection: 'separate',
    };
    assert.deepEqual(combined, expected);
  });

  it('has nothing to put together where one or none is', () => {
    assert.equal(combineClearlyFaster(timed([10, 9, 10, 10].map((ms) => around(ms)))), undefined);
    assert.equal(combineClearlyFaster(timed([10, 10, 10, 10].map((ms) => around(ms)))), undefined);
  });
});

describe('quartilesOf()', () => {
  it('are samples themselves', () => {
    assert.deepEqual(quartilesOf([5, 1, 4, 2, 3]), { lower: 2, median: 3, upper: 4 });
    assert.deepEqual(quartilesOf([7]), { lower: 7, median: 7, upper: 7 });
  });
});
