import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatCount,
  formatDuration,
  formatMetrics,
  formatNumber,
  formatTable,
} from '../../../src/core/format.ts';

describe('formatters', () => {
  it('durations', () => {
    assert.deepEqual([0, 59.6, 83, 3723, -4].map(formatDuration), [
      '0:00',
      '1:00',
      '1:23',
      '1:02:03',
      '0:00',
    ]);
  });

  it('counts', () => {
    assert.deepEqual([7, 9999, 12_345, 2.5e6, 3e9].map(formatCount), [
      '7',
      '9999',
      '12.3 k',
      '2.5 M',
      '3.0 G',
    ]);
  });

  it('numbers, four digits of them', () => {
    assert.deepEqual([0, 1, 0.123456, 12345.6, 1.5e-7, Number.NaN].map(formatNumber), [
      '0',
      '1',
      '0.1235',
      '12350',
      '1.50e-7',
      'NaN',
    ]);
  });

  it('metrics with their baselines in brackets', () => {
    const metrics = { loss: 1.5, accuracy: 0.25 };
    const baselines = { accuracy: { mostFrequent: 0.1, previousValue: 0.05 } };
    assert.equal(
      formatMetrics({ metrics, baselines }),
      'loss 1.5, accuracy 0.25 (most frequent 0.1, previous value 0.05)',
    );
  });

  it('metrics that are not finite, as JSON keeps them; other things not', () => {
    assert.equal(
      formatMetrics({ metrics: { loss: null, accuracy: 0.5, note: 'x' } }),
      'loss NaN, accuracy 0.5',
    );
  });

  it('tables: the first column to the left, the others to the right', () => {
    assert.equal(
      formatTable([
        ['a', 'bb'],
        ['ccc', 'd'],
      ]),
      'a    bb\nccc   d',
    );
  });
});
