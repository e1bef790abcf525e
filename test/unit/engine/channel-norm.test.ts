/** The norm over channels against the same written in plain operations, whose gradients are tfjs's. */
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import type {
  FeedDescription,
  ForwardContext,
  MicroBatch,
  Program,
} from '../../../src/engine/engine.ts';
import { makeLeafLayout, makeStateLayout } from '../../../src/engine/layout.ts';
import type { Tensor } from '../../../src/engine/ops.ts';
import { registry } from '../../../src/nn/registry.ts';
import { testEngine } from '../../helper/engine.ts';
import { assertClose } from '../../parity/close.ts';

const CHANNELS = 6;
const EPSILON = 1e-5;
/** Rows of 5 and 3 steps, padded to 7; each valid step is a symbol of its own. */
const LENGTHS = Int32Array.of(5, 3);
const PADDED_LENGTH = 7;
const POSITIONS = Int32Array.of(0, 1, 2, 3, 4, 7, 8, 9);

/** `table` holds the norm's input: column p is what the p-th valid step has. */
const state = makeStateLayout(
  [
    { name: 'table', shape: [CHANNELS, POSITIONS.length, 1] },
    { name: 'norm.weight', shape: [CHANNELS] },
    { name: 'norm.bias', shape: [CHANNELS] },
  ],
  [],
);

describe('channelNorm()', () => {
  for (const offset of [0, 30]) {
    it(`has value and gradients of the plain operations, with inputs around ${offset}`, () => {
      const [loss, fused] = lossAndGradient(offset, normalised);
      const [plainLoss, plain] = lossAndGradient(offset, normalisedPlainly);
      assertClose([loss], [plainLoss], 1e-4, 'loss');
      for (const { name, offset, size } of state.parameters) {
        const part = (gradient: Float32Array) => gradient.subarray(offset, offset + size);
        assertClose(part(fused), part(plain), 1e-4, name);
      }
    });
  }
});

const FEEDS: readonly FeedDescription[] = [
  { name: 'values', dtype: 'int32', shape: ['rows', 'length'] },
  { name: 'positions', dtype: 'int32', shape: ['positions'] },
  { name: 'probe', dtype: 'float32', shape: ['positions', CHANNELS] },
  { name: 'average', dtype: 'float32', shape: [1, CHANNELS] },
];

type Norm = (context: ForwardContext, x: Tensor) => Tensor;

/** The operation itself, at the valid steps. */
const normalised: Norm = ({ ops, parameter, feed }, x) => {
  const [weight, bias] = [parameter('norm.weight'), parameter('norm.bias')];
  return ops.gatherPositions(
    ops.channelNorm(x, { weight, bias, epsilon: EPSILON }),
    feed('positions'),
  );
};

/** (x − mean) / √(variance + ε) · weight + bias at the valid steps; `average` is a row of 1 / C. */
const normalisedPlainly: Norm = ({ ops, parameter, feed }, x) => {
  const values = ops.gatherPositions(x, feed('positions'));
  const mean = (x: Tensor) => ops.linear(x, feed('average'));
  const centred = ops.sub(values, mean(values));
  const variance = mean(ops.mul(centred, centred));
  const unit = ops.div(centred, ops.sqrt(ops.add(variance, ops.scalar(EPSILON))));
  return ops.add(ops.mul(unit, parameter('norm.weight')), parameter('norm.bias'));
};

/** Of Σ norm(x) · probe. */
function lossAndGradient(offset: number, norm: Norm): [number, Float32Array] {
  const program: Program = {
    state,
    leaf: makeLeafLayout(state, ['loss', 'weight'], []),
    feeds: FEEDS,
    sums: (context) => {
      const { ops, feed, parameter } = context;
      const symbols = ops.oneHot(feed('values'), POSITIONS.length);
      const x = ops.conv1d(symbols, parameter('table'), { dilation: 1, padding: 'same' });
      return { loss: ops.sum(ops.mul(norm(context, x), feed('probe'))) };
    },
    outputs: ({ feed }) => feed('probe'),
    update: registry.makeUpdateRule({ kind: 'sgd', momentum: 0, weightDecay: 0 }),
    trains: () => true,
  };
  const session = testEngine.session(program);
  const parameters = uniform('initial-weights', state.parameterCount);
  for (let index = 0; index < state.parameters[0]!.size; index++) parameters[index]! += offset;
  const moment = new Float32Array(state.parameterCount);
  session.load({ parameters, statistics: new Float32Array(), moments: [moment] });
  const leaf = session.gradients(microBatch());
  session.dispose();
  return [leaf[program.leaf.sumOffset]!, leaf.subarray(0, state.parameterCount)];
}

function microBatch(): MicroBatch {
  const values = new Int32Array(LENGTHS.length * PADDED_LENGTH);
  POSITIONS.forEach((position, symbol) => {
    values[position] = symbol;
  });
  return {
    rows: LENGTHS.length,
    paddedLength: PADDED_LENGTH,
    lengths: LENGTHS,
    sequences: Int32Array.of(0, 1),
    feeds: {
      values: { shape: [LENGTHS.length, PADDED_LENGTH], data: values },
      positions: { shape: [POSITIONS.length], data: POSITIONS },
      average: { shape: [1, CHANNELS], data: new Float32Array(CHANNELS).fill(1 / CHANNELS) },
      probe: {
        shape: [POSITIONS.length, CHANNELS],
        data: uniform('synthetic', POSITIONS.length * CHANNELS),
      },
    },
    hostSums: { weight: 1 },
  };
}

/** Numbers in [−1, 1). */
function uniform(purpose: 'initial-weights' | 'synthetic', size: number): Float32Array {
  const stream = randomStream(9, purpose);
  return Float32Array.from({ length: size }, (_, index) => 2 * stream.uniform(index) - 1);
}
