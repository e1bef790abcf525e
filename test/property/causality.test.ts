/** The future never shows in a causal network, in training mode either; in the others it does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelConfig } from '../../src/config/model-section.ts';
import { randomStream } from '../../src/core/random.ts';
import type { MicroBatch, Program } from '../../src/engine/engine.ts';
import { initialState } from '../../src/model/initial-state.ts';
import { makeModel } from '../../src/model/registry.ts';
import { makeProgram } from '../../src/objective/program.ts';
import { makeObjective } from '../../src/objective/registry.ts';
import { testEngine } from '../helper/engine.ts';

const ROWS = 2;
const LENGTH = 60;
const SYMBOLS = 9;
const CHANNELS = 4;

const shared = {
  channels: CHANNELS,
  input: 'embedding' as const,
  dilations: [1, 2, 8],
  maskValue: -1,
};
const causal: ModelConfig = { family: 'causal', kernel: 3, ...shared };
const dilated: ModelConfig = { family: 'dilated', kernel: 3, ...shared };

describe('in training mode, changing what comes after a step', () => {
  for (const changedFrom of [1, 17, 59]) {
    it(`changes nothing before step ${changedFrom} of a causal network, and nothing in other rows`, () => {
      const [before, after] = featuresWithAndWithoutChange(causal, changedFrom);
      const end = changedFrom * CHANNELS;
      assert.deepEqual(after.subarray(0, end), before.subarray(0, end));
      const otherRow = LENGTH * CHANNELS;
      assert.deepEqual(after.subarray(otherRow), before.subarray(otherRow));
      assert.notDeepEqual(after, before);
    });
  }

  it('changes what comes before it in the dilated network, and other rows through BatchNorm', () => {
    const [before, after] = featuresWithAndWithoutChange(dilated, 17);
    assert.notDeepEqual(after.subarray(0, 17 * CHANNELS), before.subarray(0, 17 * CHANNELS));
    assert.notDeepEqual(after.subarray(LENGTH * CHANNELS), before.subarray(LENGTH * CHANNELS));
  });
});

/** Features `[rows, length, channels]`, computed as in training, read through one sum a number. */
function featuresWithAndWithoutChange(
  config: ModelConfig,
  changedFrom: number,
): [Float32Array, Float32Array] {
  const model = makeModel(config, { classes: 2, symbols: SYMBOLS, pretextOutputs: SYMBOLS });
  const objective = makeObjective(
    { kind: 'supervised', classWeights: 'none' },
    {
      classes: 2,
      symbols: SYMBOLS,
      classCounts: [1, 1],
      symbolCounts: [],
      transitionCounts: [],
      meanValue: 0,
      valueRange: { minimum: 0, maximum: 8 },
    },
    0,
  );
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  const base = makeProgram(model, objective, optimizer);
  const program: Program = {
    ...base,
    sums: (context) => {
      const features = model.features(context);
      const picked = context.ops.gatherPositions(features, context.feed('position'));
      return { loss: context.ops.sum(context.ops.mul(picked, context.feed('channel'))) };
    },
  };
  const session = testEngine.session(program);
  session.load(initialState(model, program.state, { seed: 3, momentCount: 1 }));
  const read = (values: Int32Array): Float32Array => {
    const features = new Float32Array(ROWS * LENGTH * CHANNELS);
    for (let index = 0; index < features.length; index++) {
      const batch = microBatch(values, Math.floor(index / CHANNELS), index % CHANNELS);
      features[index] = session.gradients(batch)[program.leaf.sumOffset]!;
    }
    return features;
  };
  const values = symbols();
  const changed = values.slice();
  for (let step = changedFrom; step < LENGTH; step++)
    changed[step] = (changed[step]! + 1) % SYMBOLS;
  const result: [Float32Array, Float32Array] = [read(values), read(changed)];
  session.dispose();
  return result;
}

function symbols(): Int32Array {
  const stream = randomStream(1, 'synthetic');
  return Int32Array.from({ length: ROWS * LENGTH }, (_, index) => stream.integer(index, SYMBOLS));
}

function microBatch(values: Int32Array, position: number, channel: number): MicroBatch {
  const picked = new Float32Array(CHANNELS);
  picked[channel] = 1;
  return {
    rows: ROWS,
    paddedLength: LENGTH,
    lengths: Int32Array.of(LENGTH, LENGTH),
    sequences: Int32Array.of(0, 1),
    feeds: {
      values: { shape: [ROWS, LENGTH], data: values },
      position: { shape: [1], data: Int32Array.of(position) },
      channel: { shape: [1, CHANNELS], data: picked },
    },
    hostSums: { weight: 1 },
  };
}
