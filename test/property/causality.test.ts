/** The future never shows in a causal network, in training mode either; in the others it does. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { ModelConfig } from '../../src/config/model-section.ts';
import { randomStream } from '../../src/core/random.ts';
import type { MicroBatch, Program } from '../../src/engine/engine.ts';
import { initialState } from '../../src/nn/initial-state.ts';
import { makeProgram } from '../../src/nn/program.ts';
import { registry } from '../../src/nn/registry.ts';
import { testEngine } from '../helper/engine.ts';
import { factsOf, PLAIN_SGD } from '../helper/nn.ts';

const ROWS = 3;
const LENGTH = 60;
/** The row that changes stands between a padded one and a whole one. */
const LENGTHS = Int32Array.of(41, 60, 60);
const CHANGED_ROW = 1;
const SYMBOLS = 9;
const CHANNELS = 4;

const shared = { channels: CHANNELS, dilations: [1, 2, 8], maskValue: -1 };
const causal: Record<string, ModelConfig> = {
  'embedding, kernel 3': { family: 'causal', kernel: 3, input: 'embedding', ...shared },
  'value, kernel 2': { family: 'causal', kernel: 2, input: 'value', ...shared },
};
const others: Record<string, ModelConfig> = {
  dilated: { family: 'dilated', kernel: 3, input: 'embedding', ...shared },
  reference: { family: 'reference', channels: CHANNELS, maskValue: -1 },
};

describe('in training mode, changing one row from a step on', () => {
  for (const [name, config] of Object.entries(causal)) {
    const read = featureReader(config);
    for (const changedFrom of [1, 17, 59]) {
      it(`changes nothing before step ${changedFrom} of the causal network (${name}), and no other row`, () => {
        const [before, after] = [read(symbols()), read(symbolsChangedFrom(changedFrom))];
        const end = (CHANGED_ROW * LENGTH + changedFrom) * CHANNELS;
        const nextRow = (CHANGED_ROW + 1) * LENGTH * CHANNELS;
        assert.deepEqual(after.subarray(0, end), before.subarray(0, end));
        assert.deepEqual(after.subarray(nextRow), before.subarray(nextRow));
        assert.notDeepEqual(after, before);
      });
    }
  }

  for (const [name, config] of Object.entries(others)) {
    it(`changes what comes before it in the ${name} network, and other rows through BatchNorm`, () => {
      const read = featureReader(config);
      const [before, after] = [read(symbols()), read(symbolsChangedFrom(17))];
      const [start, end] = [CHANGED_ROW * LENGTH, CHANGED_ROW * LENGTH + 17].map(
        (position) => position * CHANNELS,
      );
      const nextRow = (CHANGED_ROW + 1) * LENGTH * CHANNELS;
      assert.notDeepEqual(after.subarray(start, end), before.subarray(start, end));
      assert.notDeepEqual(after.subarray(0, start), before.subarray(0, start));
      assert.notDeepEqual(after.subarray(nextRow), before.subarray(nextRow));
    });
  }
});

/**
 * Features `[rows, length, channels]`, computed as in training: the gradient of Σ features · probe with
 * respect to the probe.
 */
function featureReader(config: ModelConfig): (values: Int32Array) => Float32Array {
  const facts = factsOf({ classes: 2, symbols: SYMBOLS });
  const model = registry.makeModel(config, facts);
  const probe = { name: 'probe', shape: [ROWS * LENGTH, CHANNELS] };
  const parameters = [
    ...model.parameters,
    { ...probe, initial: { kind: 'constant', value: 0 } as const },
  ];
  const objective = registry.makeObjective({ kind: 'supervised', classWeights: 'none' }, facts, 0);
  const update = registry.makeUpdateRule(PLAIN_SGD);
  const program: Program = {
    ...makeProgram({ model, objective, update, facts, parameters }),
    feeds: [
      { name: 'values', dtype: 'int32', shape: ['rows', 'length'] },
      { name: 'positions', dtype: 'int32', shape: [ROWS * LENGTH] },
    ],
    sums: ({ ops, feed, ...context }) => {
      const features = model.features({ ops, feed, ...context });
      const all = ops.gatherPositions(features, feed('positions'));
      return { loss: ops.sum(ops.mul(all, context.parameter('probe'))) };
    },
  };
  const { offset, size } = program.state.parameters.at(-1)!;
  const session = testEngine.session(program);
  session.load(initialState(parameters, program.state, { seed: 3, momentCount: 1 }));
  after(() => session.dispose());
  return (values) => session.gradients(microBatch(values)).slice(offset, offset + size);
}

function symbols(): Int32Array {
  const stream = randomStream(1, 'synthetic');
  return Int32Array.from({ length: ROWS * LENGTH }, (_, index) =>
    index % LENGTH < LENGTHS[Math.floor(index / LENGTH)]! ? stream.integer(index, SYMBOLS) : 0,
  );
}

function symbolsChangedFrom(step: number): Int32Array {
  return symbols().map((symbol, index) =>
    Math.floor(index / LENGTH) === CHANGED_ROW && index % LENGTH >= step
      ? (symbol + 1) % SYMBOLS
      : symbol,
  );
}

function microBatch(values: Int32Array): MicroBatch {
  return {
    rows: ROWS,
    paddedLength: LENGTH,
    lengths: LENGTHS,
    sequences: Int32Array.of(0, 1, 2),
    feeds: {
      values: { shape: [ROWS, LENGTH], data: values },
      positions: {
        shape: [ROWS * LENGTH],
        data: Int32Array.from({ length: ROWS * LENGTH }, (_, position) => position),
      },
    },
    hostSums: { weight: 1 },
  };
}
