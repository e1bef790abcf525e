import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Progress } from '../../../../src/checkpoint/progress.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../../src/worker/training/snapshot.ts';
import { layoutOf } from '../../checkpoint/sample.ts';

const layout = layoutOf({ weight: [2], bias: [1] }, { 'norm.running_mean': [1] });
const NAMES = { layout, optimizer: 'adamw' };

const floats = (...values: number[]) => Float32Array.from(values);
const weights = (value: number) => ({
  parameters: floats(value, -value, 0.1),
  statistics: floats(value),
});

const FULL: Progress = {
  globalStep: 7,
  evaluated: false,
  unfinished: true,
  skippedSteps: 3,
  state: { ...weights(1), moments: [floats(1, 2, 3), floats(Number.NaN, -0, 1e-40)] },
  best: { metric: { name: 'accuracy', value: 0.5 }, stepInPhase: 3, weights: weights(2) },
  waiting: {
    metric: { name: 'loss', value: null },
    stepInPhase: 2,
    evaluations: 4,
    isOver: true,
  },
  average: weights(5),
  results: new Map([['pre-train ü', weights(3)]]),
  initialWeights: weights(4),
};
const BARE: Progress = {
  globalStep: 0,
  evaluated: true,
  unfinished: false,
  skippedSteps: 0,
  state: { ...weights(1), moments: [] },
  best: undefined,
  waiting: undefined,
  average: undefined,
  results: new Map(),
  initialWeights: undefined,
};

describe('a snapshot', () => {
  for (const [what, snapshot] of [
    ['with everything', FULL],
    ['with nothing but weights', BARE],
  ] as const) {
    it(`${what} comes back as it was, in whole words`, () => {
      const bytes = encodeSnapshot(snapshot, NAMES);
      assert.equal(bytes.length % 4, 0);
      assert.deepEqual(decodeSnapshot(new Uint8Array(bytes), layout), snapshot);
    });
  }

  it('that was damaged on the way is refused', () => {
    const bytes = encodeSnapshot(FULL, NAMES);
    for (const at of [0, 40, bytes.length - 1]) {
      const damaged = new Uint8Array(bytes);
      damaged[at]! ^= 1;
      assert.throws(() => decodeSnapshot(damaged, layout), { code: 'PROTOCOL' });
    }
    assert.throws(() => decodeSnapshot(bytes.subarray(0, 20), layout), { code: 'PROTOCOL' });
  });
});
