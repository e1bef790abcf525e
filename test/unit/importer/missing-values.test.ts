import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RawRecord } from '../../../src/data/record.ts';
import { type MissingRule, withoutMissing } from '../../../src/importer/build/missing-values.ts';

const gap = Number.NaN;

function valuesOf(values: number[], rule: MissingRule, more: Partial<RawRecord> = {}) {
  const rest = withoutMissing({ id: 'a', values, ...more }, rule);
  return rest && Array.from(rest.record.values);
}

describe('missing values', () => {
  it('are left as they are by skip', () => {
    assert.deepEqual(valuesOf([1, gap, gap], 'skip'), [1, gap, gap]);
  });

  it('are cut off the end, where all channels are missing', () => {
    assert.deepEqual(valuesOf([gap, 1, gap, gap], 'strip-tail'), [gap, 1]);
    assert.deepEqual(valuesOf([1, 2, 3, gap, gap, gap], 'strip-tail', { channels: 2 }), [
      1,
      2,
      3,
      gap,
    ]);
    assert.equal(valuesOf([gap, gap], 'strip-tail'), undefined);
  });

  it('end a padded sequence whatever the rule, with the labels of its timesteps', () => {
    const padded = { isPadded: true, timestepLabels: ['a', 'b', 'c'] };
    const rest = withoutMissing({ id: 'x', values: [1, 2, gap], ...padded }, 'skip')!;
    assert.deepEqual(
      [rest.record.values, rest.record.timestepLabels],
      [
        [1, 2],
        ['a', 'b'],
      ],
    );
    assert.equal(rest.stripped, 1);
    assert.deepEqual(valuesOf([1, gap, 3, gap], 'interpolate', padded), [1, 2, 3]);
  });

  it('lie on a line between their neighbours, and repeat the nearest at the ends', () => {
    assert.deepEqual(valuesOf([gap, 1, gap, gap, 4, gap], 'interpolate'), [1, 1, 2, 3, 4, 4]);
    assert.equal(withoutMissing({ id: 'a', values: [gap, 1, gap] }, 'interpolate')!.filled, 2);
  });

  it('are filled in channel by channel; a channel without values has none to fill in', () => {
    const two = { channels: 2 };
    assert.deepEqual(valuesOf([1, 10, gap, gap, 3, 30], 'interpolate', two), [1, 10, 2, 20, 3, 30]);
    assert.equal(valuesOf([1, gap, 2, gap], 'interpolate', two), undefined);
  });

  it('stay and are counted by mask, unless there is nothing else', () => {
    const kept = withoutMissing({ id: 'a', values: [gap, 1, gap] }, 'mask')!;
    assert.deepEqual([Array.from(kept.record.values), kept.kept], [[gap, 1, gap], 2]);
    assert.equal(valuesOf([gap, gap], 'mask'), undefined);
  });

  it('do not change other values, and infinity is none', () => {
    const values = [0.1, Infinity, gap, 0.3];
    const filled = valuesOf(values, 'interpolate')!;
    assert.deepEqual([filled[0], filled[1], filled[3]], [0.1, Infinity, 0.3]);
    const whole = [1, 2];
    assert.equal(withoutMissing({ id: 'a', values: whole }, 'interpolate')!.record.values, whole);
  });
});
