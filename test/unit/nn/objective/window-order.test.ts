import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { factsOf, preparedBy } from '../../../helper/nn.ts';

const ROWS: PaddedRows = {
  rows: 2,
  paddedLength: 7,
  channels: 1,
  lengths: Int32Array.of(7, 2),
  values: Int32Array.of(0, 1, 2, 3, 4, 5, 6, 0, 1, 0, 0, 0, 0, 0),
  labels: Int32Array.of(-1, -1),
  sequences: Int32Array.of(4, 5),
  starts: Int32Array.of(10, 0),
  epoch: 0,
};

describe('the window-order objective', () => {
  const objective = registry.makeObjective(
    { kind: 'window-order', windows: 3, dimensions: 4 },
    factsOf({ symbols: 7 }),
    1,
  );

  it('shows windows that follow each other as rows of their own', () => {
    const views = objective.view!(ROWS);
    assert.deepEqual([...views.lengths], [2, 1, 2, 1, 2, 1]);
    assert.deepEqual([...views.starts], [10, 0, 12, 1, 14, 1]);
    assert.deepEqual([...views.values], [0, 1, 0, 0, 2, 3, 1, 0, 4, 5, 1, 0]);
  });

  it('asks about each pair of one sequence in both directions, but for windows that are the same', () => {
    const { feeds, sums } = preparedBy(objective, ROWS);
    const rowOf = (name: string, row: number) => [
      ...feeds[name]!.data.subarray(row * 6, row * 6 + 6),
    ];
    assert.deepEqual(rowOf('pairs', 0), [0, 0, 1, 0, 1, 0]);
    assert.deepEqual(rowOf('isEarlier', 0), [0, 0, 1, 0, 1, 0]);
    assert.deepEqual(rowOf('isEarlier', 4), [0, 0, 0, 0, 0, 0]);
    assert.deepEqual(rowOf('pairs', 3), [0, 1, 0, 0, 0, 0], 'a row of two steps has two windows');
    assert.equal(sums.weight, 6 + 4);
  });

  it('is measured against chance', () => {
    const { loss, accuracy } = objective.metrics({ weight: 10, loss: 5, correct: 8 });
    assert.deepEqual([loss!.value, accuracy!.value], [0.5, 0.8]);
    assert.deepEqual(accuracy!.baselines, { chance: 0.5 });
  });
});
