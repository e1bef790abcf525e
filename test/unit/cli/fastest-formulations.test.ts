import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fastestOf } from '../../../src/cli/tune/measure-formulations.ts';
import { DEFAULT_FORMULATIONS } from '../../../src/engine/formulations.ts';

describe('fastestOf()', () => {
  const timed = (milliseconds: readonly number[]) =>
    [
      {},
      { convolution: 'transposed' },
      { filterGradient: 'native' },
      { batchNorm: 'composed' },
    ].map((other, index) => ({
      formulations: { ...DEFAULT_FORMULATIONS, ...other } as typeof DEFAULT_FORMULATIONS,
      milliseconds: milliseconds[index]!,
    }));

  it('keeps the default where every other choice is slower or as slow', () => {
    assert.deepEqual(fastestOf(timed([10, 11, 10, 12])), DEFAULT_FORMULATIONS);
  });

  it('takes each choice that is faster by itself', () => {
    const fastest = { convolution: 'transposed', filterGradient: 'shifted', batchNorm: 'composed' };
    assert.deepEqual(fastestOf(timed([10, 9, 10.5, 8])), fastest);
  });
});
