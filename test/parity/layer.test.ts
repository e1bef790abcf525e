/** Single layers against PyTorch's: their values, and their gradients with respect to input and parameters. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  FeedDescription,
  ForwardContext,
  MicroBatch,
  Program,
} from '../../src/engine/engine.ts';
import { makeLeafLayout, makeStateLayout } from '../../src/engine/layout.ts';
import type { Conv1dOptions, Tensor } from '../../src/engine/ops.ts';
import { squeezeExcite } from '../../src/nn/layer/squeeze-excite.ts';
import { registry } from '../../src/nn/registry.ts';
import { testEngine } from '../helper/engine.ts';
import { PLAIN_SGD } from '../helper/nn.ts';
import { assertClose } from './close.ts';
import { loadLayers } from './fixture.ts';

const CHANNELS = 4;
const TOLERANCE = 1e-5;
const tensors = loadLayers();
const lengths = tensors.get('lengths')!.data as Int32Array;

type Layer = (context: ForwardContext, x: Tensor, parameter: (name: string) => Tensor) => Tensor;
const SAME = { padding: 'same', dilation: 1 } as const;

type AtStride = (
  context: ForwardContext,
  x: Tensor,
  parameter: (name: string) => Tensor,
  stride: number,
) => Tensor;

/** A layer at every `stride`-th position, each of its results repeated. */
const coarse =
  (stride: number, layer: AtStride): Layer =>
  (context, x, parameter) =>
    context.ops.upsample(layer(context, x, parameter, stride), stride);

const strided =
  (options: Pick<Conv1dOptions, 'padding' | 'dilation' | 'groups'>): AtStride =>
  ({ ops }, x, parameter, stride) =>
    ops.conv1d(x, parameter('weight'), { ...options, stride, bias: parameter('bias') });

const LAYERS: Readonly<Record<string, Layer>> = {
  gelu: ({ ops }, x) => ops.gelu(x),
  silu: ({ ops }, x) => ops.silu(x),
  tanh: ({ ops }, x) => ops.tanh(x),
  sigmoid: ({ ops }, x) => ops.sigmoid(x),
  'max-pool': ({ ops }, x) => ops.maxPool1d(x, 3),
  'average-pool': ({ ops }, x) => ops.averagePool1d(x, 3),
  'max-pool-strided': coarse(2, ({ ops }, x) => ops.maxPool1d(x, 3, 2)),
  'max-pool-pairs': coarse(2, ({ ops }, x) => ops.maxPool1d(x, 2, 2)),
  'average-pool-strided': coarse(2, ({ ops }, x) => ops.averagePool1d(x, 3, 2)),
  strided: coarse(2, strided(SAME)),
  'strided-even': coarse(2, strided(SAME)),
  'strided-wide': coarse(4, strided(SAME)),
  'strided-point': coarse(3, strided(SAME)),
  'strided-causal': coarse(2, strided({ padding: 'causal', dilation: 1 })),
  'strided-depthwise': coarse(2, strided({ ...SAME, dilation: 2, groups: CHANNELS })),
  'max-over-length': ({ ops }, x) => ops.maxOverLength(x),
  attention: ({ ops }, x, parameter) => {
    const bias = parameter('bias');
    return ops.attentionOverLength(x, ops.conv1d(x, parameter('weight'), { ...SAME, bias }));
  },
  grouped: ({ ops }, x, parameter) => {
    const options = { ...SAME, dilation: 2, groups: 2, bias: parameter('bias') };
    return ops.conv1d(x, parameter('weight'), options);
  },
  depthwise: ({ ops }, x, parameter) => {
    const options = { ...SAME, groups: CHANNELS, bias: parameter('bias') };
    return ops.conv1d(x, parameter('weight'), options);
  },
  'depthwise-causal': ({ ops }, x, parameter) => {
    const options = { padding: 'causal', dilation: 2, groups: CHANNELS } as const;
    return ops.conv1d(x, parameter('weight'), options);
  },
  'group-norm': ({ ops }, x, parameter) => {
    const [weight, bias] = [parameter('weight'), parameter('bias')];
    return ops.groupNorm(x, { weight, bias, groups: 2, epsilon: 1e-5 });
  },
  'squeeze-excite': (context, x) => squeezeExcite(context, 'squeeze-excite', x),
};
const NAMES = Object.keys(LAYERS);

/** `x` of each layer by position is a table for a convolution of one-hot positions: `[C, positions, 1]`. */
const parameters = [...tensors]
  .filter(([name]) => !/^lengths$|\/(probe|value)$|\/gradient\//.test(name))
  .map(([key, { shape, data }]) => {
    const name = key.replace('/', '.');
    if (!name.endsWith('.x')) return { name, key, shape, data: data as Float32Array };
    return { name, key, shape: [CHANNELS, shape[0]!, 1], data: turned(data as Float32Array) };
  });

describe('layers', () => {
  it('are all compared with PyTorch', () => {
    const known = [...tensors.keys()].filter((key) => key.endsWith('/value'));
    assert.deepEqual(known.map((key) => key.split('/')[0]).sort(), NAMES.toSorted());
  });

  const { program, leaf } = compute(9);
  for (const [index, name] of NAMES.entries()) {
    it(`${name} has PyTorch's value and gradients, however far the rows are padded`, () => {
      const value = leaf[program.leaf.sumOffset + 2 + index]!;
      assertClose([value], tensors.get(`${name}/value`)!.data, TOLERANCE * 10, 'value');
      for (const { key, name: parameter } of parameters) {
        if (!parameter.startsWith(`${name}.`)) continue;
        const { offset, size } = program.state.parameters.find((slot) => slot.name === parameter)!;
        const expected = tensors.get(key.replace('/', '/gradient/'))!.data as Float32Array;
        const gradient = leaf.subarray(offset, offset + size);
        const wanted = parameter.endsWith('.x') ? turned(expected) : expected;
        assertClose(gradient, wanted, TOLERANCE, `gradient of ${parameter}`);
      }
    });
  }

  it('are the same without padding', () => {
    const [whole, padded] = [compute(5, [5, 5]), compute(8, [5, 5])];
    for (const { name, offset, size } of program.state.parameters) {
      const part = (leaf: Float32Array) => leaf.subarray(offset, offset + size);
      assertClose(part(padded.leaf), part(whole.leaf), TOLERANCE, name);
    }
  });
});

/** One leaf of all layers. */
function compute(paddedLength: number, rows: ArrayLike<number> = lengths) {
  const program = programOf();
  const session = testEngine.session(program);
  const flat = new Float32Array(program.state.parameterCount);
  for (const [index, { data }] of parameters.entries()) {
    flat.set(data, program.state.parameters[index]!.offset);
  }
  session.load({
    parameters: flat,
    statistics: new Float32Array(),
    moments: [new Float32Array(flat.length)],
  });
  const leaf = session.gradients(microBatch(rows, paddedLength)).slice();
  session.dispose();
  return { program, leaf };
}

function programOf(): Program {
  const state = makeStateLayout(parameters, []);
  const feeds: FeedDescription[] = [
    { name: 'values', dtype: 'int32', shape: ['rows', 'length'] },
    { name: 'positions', dtype: 'int32', shape: ['positions'] },
    ...NAMES.map((name): FeedDescription => {
      const [rows, channels] = tensors.get(`${name}/probe`)!.shape as [number, number];
      const of = rows === lengths.length ? 'rows' : 'positions';
      return { name, dtype: 'float32', shape: [of, channels] };
    }),
  ];
  return {
    state,
    leaf: makeLeafLayout(state, ['loss', 'weight', ...NAMES], []),
    feeds,
    sums: (context) => {
      const { ops } = context;
      const values = NAMES.map((name) => probed(context, name));
      const loss = values.reduce((sum, value) => ops.add(sum, value));
      return { loss, ...Object.fromEntries(NAMES.map((name, index) => [name, values[index]!])) };
    },
    update: registry.makeUpdateRule(PLAIN_SGD),
    trains: () => true,
  };
}

/** Σ output · probe. */
function probed(context: ForwardContext, name: string): Tensor {
  const { ops, feed, parameter } = context;
  const position = ops.oneHot(feed('values'), 8);
  const x = ops.conv1d(position, parameter(`${name}.x`), SAME);
  const y = LAYERS[name]!(context, x, (own) => parameter(`${name}.${own}`));
  const isOfRows = tensors.get(`${name}/probe`)!.shape[0] === lengths.length;
  const seen = isOfRows ? y : ops.gatherPositions(y, feed('positions'));
  return ops.sum(ops.mul(seen, feed(name)));
}

/** Each valid position holds its own number, modulo that of the positions in the fixture. */
function microBatch(rows: ArrayLike<number>, paddedLength: number): MicroBatch {
  const values = new Int32Array(rows.length * paddedLength);
  const positions: number[] = [];
  for (const [row, length] of Array.from(rows).entries()) {
    for (let step = 0; step < length; step++) {
      values[row * paddedLength + step] = positions.length % 8;
      positions.push(row * paddedLength + step);
    }
  }
  const probes = NAMES.map((name) => {
    const { shape, data } = tensors.get(`${name}/probe`)!;
    const count = shape[0] === lengths.length ? rows.length : positions.length;
    const size = count * shape[1]!;
    const repeated = Float32Array.from({ length: size }, (_, index) => data[index % data.length]!);
    return [name, { shape: [count, shape[1]!], data: repeated }] as const;
  });
  return {
    rows: rows.length,
    paddedLength,
    lengths: Int32Array.from(rows),
    sequences: Int32Array.from(rows, (_, row) => row),
    feeds: {
      values: { shape: [rows.length, paddedLength], data: values },
      positions: { shape: [positions.length], data: Int32Array.from(positions) },
      ...Object.fromEntries(probes),
    },
    hostSums: { weight: 1 },
  };
}

/** `[positions, C]` → `[C, positions]`. */
function turned(data: Float32Array): Float32Array {
  const positions = data.length / CHANNELS;
  return Float32Array.from(data, (_, index) => {
    const [channel, position] = [Math.floor(index / positions), index % positions];
    return data[position * CHANNELS + channel]!;
  });
}
