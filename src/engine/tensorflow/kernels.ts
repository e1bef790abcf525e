/**
 * TensorFlow operations by their own names, outside tfjs's tape, for the layers' forward passes and gradients.
 * Calling the backend directly also costs a fraction of a tfjs operation.
 */
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { ConvolutionShape, Kernels } from '../tfjs/kernels.ts';
import type { TfjsLibrary } from '../tfjs/library.ts';
import { backendOf, type OpAttribute } from './binding.ts';

/** The kernels on TensorFlow. */
export function makeKernels(tf: TfjsLibrary): Kernels {
  const backend = backendOf(tf);
  const shapeTensor = (shape: readonly number[]) => tf.tensor1d([...shape], 'int32');
  const { binding } = backend;
  const type = (name: string, value: number): OpAttribute => ({
    name,
    type: binding.TF_ATTR_TYPE,
    value,
  });
  const flag = (name: string, value: boolean): OpAttribute => ({
    name,
    type: binding.TF_ATTR_BOOL,
    value,
  });
  const text = (name: string, value: string): OpAttribute => ({
    name,
    type: binding.TF_ATTR_STRING,
    value,
  });
  const decimal = (name: string, value: number): OpAttribute => ({
    name,
    type: binding.TF_ATTR_FLOAT,
    value,
  });
  const integers = (name: string, value: number[]): OpAttribute => ({
    name,
    type: binding.TF_ATTR_INT,
    value,
  });
  const float = [type('T', binding.TF_FLOAT)];
  const channelsLast = [...float, text('data_format', 'NHWC')];
  const batchNorm = (epsilon: number): OpAttribute[] => [
    ...channelsLast,
    type('U', binding.TF_FLOAT),
    decimal('epsilon', epsilon),
    flag('is_training', true),
  ];
  /** Repeats `[C]` once for each of `rows`. */
  const repeated = (value: Tensor, rows: Tensor) =>
    tf.tile(tf.reshape(value, [1, value.shape[0]!]), [rows.shape[0]!, 1]);
  /**
   * `[…, C]` → `[N, C]`. In a graph, TensorFlow joins a sum over channels with the filter gradient of the same tensor
   * into one operation of oneDNN, and its sum is wrong in some graphs, at random. It does not join it through this.
   */
  const asMatrix = (x: Tensor) => {
    const channels = x.shape.at(-1)!;
    const shape = shapeTensor([x.size / channels, channels]);
    const attributes = [...float, type('Tshape', binding.TF_INT32)];
    return backend.executeSingleOutput('Reshape', attributes, [x, shape]);
  };
  /** Truths as 1 and 0. */
  const asFloat = (truths: Tensor) =>
    backend.executeSingleOutput(
      'Cast',
      [type('SrcT', binding.TF_BOOL), type('DstT', binding.TF_FLOAT), flag('Truncate', false)],
      [truths],
    );
  const float1 = (op: string) => (a: Tensor) => backend.executeSingleOutput(op, float, [a]);
  const float2 = (op: string) => (a: Tensor, b: Tensor) =>
    backend.executeSingleOutput(op, float, [a, b]);
  const convolution = ({ dilation, padding }: ConvolutionShape): OpAttribute[] => [
    ...float,
    integers('strides', [1, 1, 1, 1]),
    text('padding', padding),
    text('data_format', 'NHWC'),
    integers('dilations', [1, 1, dilation, 1]),
  ];
  const pooling = (size: number): OpAttribute[] => [
    ...channelsLast,
    integers('ksize', [1, 1, size, 1]),
    integers('strides', [1, 1, 1, 1]),
    text('padding', 'SAME'),
  ];

  const depthwiseConv2d = (x: Tensor, filter: Tensor) =>
    backend.executeSingleOutput(
      'DepthwiseConv2dNative',
      convolution({ dilation: 1, padding: 'VALID' }),
      [x, filter],
    );
  /** `[B, 1, L, C]` → `[L, B · C]`: every channel of every row as a channel of its own. */
  const sideBySide = (x: Tensor) => {
    const [rows, , length, channels] = x.shape as [number, number, number, number];
    const turned = tf.transpose(tf.reshape(x, [rows, length, channels]), [1, 0, 2]);
    return tf.reshape(turned, [length, rows * channels]);
  };

  return {
    add: float2('AddV2'),
    sub: float2('Sub'),
    mul: float2('Mul'),
    div: float2('RealDiv'),
    minimum: float2('Minimum'),
    maximum: float2('Maximum'),
    sqrt: float1('Sqrt'),
    rsqrt: float1('Rsqrt'),
    square: float1('Square'),
    relu: float1('Relu'),
    tanh: float1('Tanh'),
    sigmoid: float1('Sigmoid'),
    erf: float1('Erf'),
    exp: float1('Exp'),
    reluGradient: float2('ReluGrad'),
    biasAdd: (x: Tensor, bias: Tensor) =>
      backend.executeSingleOutput('BiasAdd', channelsLast, [x, bias]),
    channelSums: (x: Tensor) =>
      backend.executeSingleOutput('BiasAddGrad', channelsLast, [asMatrix(x)]),
    /** `a · b`, either transposed first. */
    matMul: (a: Tensor, b: Tensor, transposeA = false, transposeB = false) =>
      backend.executeSingleOutput(
        'MatMul',
        [...float, flag('transpose_a', transposeA), flag('transpose_b', transposeB)],
        [a, b],
      ),
    /** NHWC convolution along the width. */
    conv2d: (x: Tensor, filter: Tensor, shape: ConvolutionShape) =>
      backend.executeSingleOutput('Conv2D', convolution(shape), [x, filter]),
    conv2dInputGradient: (xShape, filter, dy, shape) =>
      backend.executeSingleOutput('Conv2DBackpropInput', convolution(shape), [
        shapeTensor(xShape),
        filter,
        dy,
      ]),
    conv2dFilterGradient: (x, filterShape, dy, shape) =>
      backend.executeSingleOutput('Conv2DBackpropFilter', convolution(shape), [
        x,
        shapeTensor(filterShape),
        dy,
      ]),
    depthwiseConv2d,
    // The forward convolution with dy as its filter takes a fiftieth of the time of a product for each tap.
    depthwiseConv2dFilterGradient: (x, dy, { taps, dilation }) => {
      const [rows, , length, channels] = dy.shape as [number, number, number, number];
      const all = rows * channels;
      const [seen, filter] = [sideBySide(x), sideBySide(dy)];
      const reach = (taps - 1) * dilation;
      const everywhere = depthwiseConv2d(
        tf.reshape(seen, [1, 1, length + reach, all]),
        tf.reshape(filter, [1, length, all, 1]),
      );
      const padded = tf.pad(tf.reshape(everywhere, [reach + 1, all]), [
        [0, dilation - 1],
        [0, 0],
      ]);
      const atTaps = tf.slice(tf.reshape(padded, [taps, dilation, all]), [0, 0, 0], [taps, 1, all]);
      const ofRows = tf.reshape(atTaps, [taps, rows, channels]);
      return tf.reshape(tf.sum(ofRows, 1), [1, taps, channels, 1]);
    },
    maxPool: (x, size) => backend.executeSingleOutput('MaxPool', pooling(size), [x]),
    maxPoolGradient: (x, y, dy, size) =>
      backend.executeSingleOutput('MaxPoolGrad', pooling(size), [x, y, dy]),
    /** Losses `[n]` and the gradient of each with respect to its logits `[n, K]`. */
    sparseSoftmaxCrossEntropy: (logits: Tensor, labels: Tensor) =>
      backend.executeMultipleOutputs(
        'SparseSoftmaxCrossEntropyWithLogits',
        [...float, type('Tlabels', binding.TF_INT32)],
        [logits, labels],
        2,
      ) as [Tensor, Tensor],
    // Writes in place, so it touches only the few padded rows; a mask would be a pass over all.
    fillRows: (x, rows, value) =>
      backend.executeSingleOutput('InplaceUpdate', float, [x, rows, repeated(value, rows)]),
    fillRowsOfCopy: (x, rows, value) =>
      backend.executeSingleOutput(
        'TensorScatterUpdate',
        [...float, type('Tindices', binding.TF_INT32)],
        [x, tf.reshape(rows, [rows.shape[0]!, 1]), repeated(value, rows)],
      ),
    fusedBatchNorm: {
      forward: (x, { weight, bias, epsilon }) => {
        const none = tf.tensor1d([]);
        const [y, mean, unbiasedVariance, ...reserved] = backend.executeMultipleOutputs(
          'FusedBatchNormV3',
          [...batchNorm(epsilon), decimal('exponential_avg_factor', 1)],
          [x, weight, bias, none, none],
          6,
        ) as [Tensor, Tensor, Tensor, ...Tensor[]];
        return { y, mean, unbiasedVariance, reserved };
      },
      backward: (dy, x, { weight, reserved, epsilon }) =>
        backend
          .executeMultipleOutputs(
            'FusedBatchNormGradV3',
            batchNorm(epsilon),
            [dy, x, weight, ...reserved],
            5,
          )
          .slice(0, 3) as [Tensor, Tensor, Tensor],
    },
    oneHot: (indices, depth) => tf.oneHot(indices as never, depth, 1, 0, 'float32'),
    // softplus(z) − z·y is −log σ(z) for y = 1 and −log(1 − σ(z)) for y = 0, without overflow.
    sigmoidCrossEntropy: (logits, targets) => [
      float2('Sub')(float1('Softplus')(logits), float2('Mul')(logits, targets)),
      float2('Sub')(float1('Sigmoid')(logits), targets),
    ],
    isPositive: (x) => asFloat(backend.executeSingleOutput('Greater', float, [x, tf.scalar(0)])),
    isCorrect: (logits, labels) => {
      const predicted = backend.executeSingleOutput(
        'ArgMax',
        [...float, type('Tidx', binding.TF_INT32), type('output_type', binding.TF_INT32)],
        [logits, tf.scalar(1, 'int32')],
      );
      const hits = backend.executeSingleOutput(
        'Equal',
        [type('T', binding.TF_INT32)],
        [predicted, labels],
      );
      return asFloat(hits);
    },
  };
}
