/**
 * The kernels as tfjs operations of the WASM backend. The backend has no filter gradient of a convolution, and
 * its input gradient knows no dilation, so this file composes both from other operations.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConvolutionShape, Kernels } from '../tfjs/kernels.ts';
import type { TfjsLibrary } from '../tfjs/library.ts';
import { LOWEST } from '../tfjs/pooling.ts';

/** The kernels on the WASM backend. */
export function makeKernels(tf: TfjsLibrary): Kernels {
  const matMul: Kernels['matMul'] = (a, b, transposeA = false, transposeB = false) =>
    tf.matMul(a, b, transposeA, transposeB);

  const conv2d = (x: Tensor, filter: Tensor, { dilation, padding }: ConvolutionShape): Tensor => {
    const pad = padding === 'SAME' ? 'same' : 'valid';
    return tf.conv2d(x as Tensor4D, filter as Tensor4D, 1, pad, 'NHWC', [1, dilation]);
  };
  /** Adds zeros, or another value, on both sides along the width. */
  const padSides = (x: Tensor, before: number, after: number, value = 0): Tensor =>
    tf.pad(
      x,
      [
        [0, 0],
        [0, 0],
        [before, after],
        [0, 0],
      ],
      value,
    );
  const padWidth = (x: Tensor, count: number): Tensor => padSides(x, count, count);
  const sliceWidth = (x: Tensor, begin: number, length: number): Tensor => {
    const [rows, , , channels] = x.shape as [number, number, number, number];
    return tf.slice(x, [0, 0, begin, 0], [rows, 1, length, channels]);
  };

  // The WASM backend ignores the dtype float32 and leaves the bits of integers.
  const oneHot = (indices: Tensor, depth: number): Tensor =>
    tf.cast(tf.oneHot(indices as never, depth), 'float32');

  const fillRows: Kernels['fillRows'] = (x, rows, value) => {
    const [positions, count] = [x.shape[0]!, rows.shape[0]!];
    const indices = tf.reshape(rows, [count, 1]);
    const isFilled = tf.scatterND(indices, tf.ones([count, 1]), [positions, 1]);
    const rest = tf.mul(x, tf.sub(tf.scalar(1), isFilled));
    return tf.add(rest, tf.mul(isFilled, tf.reshape(value, [1, -1])));
  };

  return {
    add: (a, b) => tf.add(a, b),
    sub: (a, b) => tf.sub(a, b),
    mul: (a, b) => tf.mul(a, b),
    div: (a, b) => tf.div(a, b),
    minimum: (a, b) => tf.minimum(a, b),
    maximum: (a, b) => tf.maximum(a, b),
    sqrt: (x) => tf.sqrt(x),
    rsqrt: (x) => tf.rsqrt(x),
    square: (x) => tf.square(x),
    relu: (x) => tf.relu(x),
    tanh: (x) => tf.tanh(x),
    sigmoid: (x) => tf.sigmoid(x),
    erf: (x) => tf.erf(x),
    exp: (x) => tf.exp(x),
    reluGradient: (dy, y) => tf.mul(dy, tf.step(y)),
    biasAdd: (x, bias) => tf.add(x, bias),
    channelSums: (dy) => {
      const channels = dy.shape.at(-1)!;
      const flat = tf.reshape(dy, [-1, channels]);
      return tf.reshape(matMul(tf.ones([1, flat.shape[0]!]), flat), [channels]);
    },
    matMul,
    conv2d,
    // The full correlation of dy with the flipped filter: all outputs that an input position has fed.
    conv2dInputGradient: (_xShape, filter, dy, shape) => {
      const turned = tf.transpose(tf.reverse(filter, 1), [0, 1, 3, 2]);
      const reach = (filter.shape[1]! - 1) * shape.dilation;
      const padded = shape.padding === 'VALID' ? padWidth(dy, reach) : dy;
      return conv2d(padded, turned, shape);
    },
    // For each tap: the inputs that it saw, times the gradients of the outputs that they fed.
    conv2dFilterGradient: (x, filterShape, dy, { dilation, padding }) => {
      const [, taps, channelsIn, channelsOut] = filterShape as [number, number, number, number];
      const [rows, , length] = dy.shape as [number, number, number];
      const seen = padding === 'SAME' ? padWidth(x, ((taps - 1) * dilation) / 2) : x;
      const gradients = tf.reshape(dy, [rows * length, channelsOut]);
      const ofTaps = Array.from({ length: taps }, (_, tap) => {
        const inputs = sliceWidth(seen, tap * dilation, length);
        return matMul(tf.reshape(inputs, [rows * length, channelsIn]), gradients, true);
      });
      return tf.reshape(tf.stack(ofTaps), [...filterShape]);
    },
    depthwiseConv2d: (x, filter) =>
      tf.depthwiseConv2d(x as Tensor4D, filter as Tensor4D, 1, 'valid'),
    depthwiseConv2dFilterGradient: (x, dy, { taps, dilation }) => {
      const [, , length, channels] = dy.shape as [number, number, number, number];
      const ofTaps = Array.from({ length: taps }, (_, tap) =>
        tf.sum(tf.mul(sliceWidth(x, tap * dilation, length), dy), [0, 1, 2]),
      );
      return tf.reshape(tf.stack(ofTaps), [1, taps, channels, 1]);
    },
    maxPool: (x, size) => tf.maxPool(x as Tensor4D, [1, size], 1, 'same'),
    // Each place of a window takes the gradient if it has the maximum and no place before it has.
    maxPoolGradient: (x, y, dy, size) => {
      const reach = (size - 1) / 2;
      const length = x.shape[2]!;
      const seen = padSides(x, reach, reach, LOWEST);
      let left = tf.onesLike(y);
      const parts: Tensor[] = [];
      for (let place = 0; place < size; place++) {
        const isEqual = tf.cast(tf.equal(sliceWidth(seen, place, length), y), 'float32');
        const isFirst = tf.mul(isEqual, left);
        left = tf.sub(left, isFirst);
        parts.push(padSides(tf.mul(dy, isFirst), place, size - 1 - place));
      }
      return sliceWidth(tf.addN(parts), reach, length);
    },
    fillRows,
    fillRowsOfCopy: fillRows,
    oneHot,
    sparseSoftmaxCrossEntropy: (logits, labels) => {
      const classes = logits.shape[1]!;
      const shifted = tf.sub(logits, tf.max(logits, 1, true));
      const exponentials = tf.exp(shifted);
      const sums = tf.sum(exponentials, 1, true);
      const truth = oneHot(labels, classes);
      const ofTruth = tf.sum(tf.mul(shifted, truth), 1);
      const losses = tf.sub(tf.reshape(tf.log(sums), [-1]), ofTruth);
      return [losses, tf.sub(tf.div(exponentials, sums), truth)];
    },
    // softplus(z) − z·y is −log σ(z) for y = 1 and −log(1 − σ(z)) for y = 0, without overflow.
    sigmoidCrossEntropy: (logits, targets) => [
      tf.sub(tf.softplus(logits), tf.mul(logits, targets)),
      tf.sub(tf.sigmoid(logits), targets),
    ],
    isPositive: (x) => tf.cast(tf.greater(x, tf.scalar(0)), 'float32'),
    isCorrect: (logits, labels) => tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'),
  };
}
