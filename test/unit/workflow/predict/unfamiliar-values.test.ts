import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnfamiliarCount } from '../../../../src/workflow/predict/unfamiliar-count.ts';
import { unfamiliarValues } from '../../../../src/workflow/predict/unfamiliar-values.ts';
import { STANDARD } from '../../../helper/channel-program.ts';

const symbols = {
  valueType: 'uint8',
  valueRange: { minimum: 0, maximum: 5 },
  symbolCounts: [3, 0, 9, 1, 0, 2],
  channelStatistics: [],
} as const;
const real = {
  valueType: 'float32',
  valueRange: { minimum: -1, maximum: 3 },
  symbolCounts: [],
  channelStatistics: [],
} as const;

describe('unfamiliarValues()', () => {
  it('are the symbols that training never saw, each once', () => {
    const find = unfamiliarValues(symbols);
    assert.deepEqual(find(Int32Array.of(0, 2, 3, 5)), []);
    assert.deepEqual(find(Int32Array.of(4, 0, 1, 4, 300)), [1, 4, 300]);
  });

  it('are the extremes of real values, outside the range of training by more than its width', () => {
    const find = unfamiliarValues(real);
    assert.deepEqual(find(Float32Array.of(-5, 0, 7)), []);
    assert.deepEqual(find(Float32Array.of(-5.5, 8, 9, 0)), [-5.5, 9]);
  });
});

describe('unfamiliarValues() of several channels', () => {
  it('compares each with its own range, and passes over missing values', () => {
    const channelStatistics = [
      { ...STANDARD, minimum: 0, maximum: 1 },
      { ...STANDARD, minimum: 1000, maximum: 1100 },
    ];
    const find = unfamiliarValues({ ...real, channelStatistics });
    assert.deepEqual(find(Float32Array.of(0.5, 1050, Number.NaN, 1150)), []);
    assert.deepEqual(find(Float32Array.of(1050, 1050, 0.5, 0.5)), [1050, 0.5]);
  });
});

describe('UnfamiliarCount', () => {
  const count = (values: readonly (readonly number[])[]) => {
    const counted = new UnfamiliarCount();
    for (const [i, unfamiliar] of values.entries()) counted.add(unfamiliar, `s${i}`);
    return counted;
  };

  it('says how many sequences, which values and one example', () => {
    assert.equal(
      count([[], [4], [1, 4]]).describe(symbols),
      '2 of 3 sequences hold symbols that training never saw (4, 1), such as "s1": do not rely on their predictions.',
    );
    assert.equal(
      count([[9]]).describe(real),
      '1 of 1 sequences hold values far outside those of training, -1…3 (9), such as "s0": do not rely on their predictions.',
    );
  });

  it('names at most eight values', () => {
    const many = Array.from({ length: 20 }, (_, value) => value);
    assert.match(count([many]).describe(symbols)!, /\(0, 1, 2, 3, 4, 5, 6, 7, …\)/);
  });

  it('says nothing where there is nothing to say', () => {
    assert.equal(count([[], []]).describe(symbols), undefined);
  });
});
