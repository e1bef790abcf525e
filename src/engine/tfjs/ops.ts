/** `Ops` on tfjs tensors, one operation at a time. Inside, activations are `[rows, 1, length, channels]`. */
import type { Tensor1D, Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Formulations } from '../formulations.ts';
import type { BatchNormParameters, Conv1dOptions, ElementwiseOps, Ops, Tensor } from '../ops.ts';
import type { BatchContext } from './batch-context.ts';
import { type BatchNormInput, batchNormInference, batchNormTraining } from './batch-norm.ts';
import { channelNorm } from './channel-norm.ts';
import { convolve } from './convolution.ts';
import { fusedBatchNormTraining, paddingScale } from './fused-batch-norm.ts';
import type { FusedBatchNormKernels, Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';
import { maxPool } from './pooling.ts';

/** A tfjs tensor as the rest of Lockstep sees it. */
export const wrap = (tensor: TfTensor): Tensor => tensor as unknown as Tensor;
/** The tfjs tensor behind a tensor that `wrap` made. */
export const unwrap = (tensor: Tensor): TfTensor => tensor as unknown as TfTensor;

type Unary = (x: TfTensor) => TfTensor;

/** Below this a row counts as zero. It has no direction, so it stays zero. */
const SMALLEST_SQUARE = 1e-12;

/** Element-wise operations without gradients, for optimizers. */
export function makeElementwiseOps(tf: TfjsLibrary, kernels: Kernels): ElementwiseOps {
  const binary =
    (kernel: (a: TfTensor, b: TfTensor) => TfTensor) =>
    (a: Tensor, b: Tensor): Tensor =>
      wrap(kernel(unwrap(a), unwrap(b)));
  return {
    scalar: (value) => wrap(tf.scalar(value)),
    add: binary(kernels.add),
    sub: binary(kernels.sub),
    mul: binary(kernels.mul),
    div: binary(kernels.div),
    minimum: binary(kernels.minimum),
    sqrt: (a) => wrap(kernels.sqrt(unwrap(a))),
    sum: (a) => wrap(tf.sum(unwrap(a))),
  };
}

/** Differentiable operations for one pass over one micro-batch. */
export function makeOps(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  formulations: Formulations,
): Ops {
  const activation = (x: TfTensor, channels = x.shape.at(-1)!) =>
    tf.reshape(x, [context.rows, 1, context.paddedLength, channels]);
  /** Makes a differentiable function of one tensor from its value and its gradient. */
  const differentiable = (
    forward: (x: TfTensor) => { y: TfTensor; keep: TfTensor[] },
    backward: (dy: TfTensor, kept: TfTensor[]) => TfTensor,
  ): Unary =>
    tf.customGrad((...inputs: unknown[]) => {
      const [x, save] = inputs as [TfTensor, (tensors: TfTensor[]) => void];
      const { y, keep } = forward(x);
      save(keep);
      return { value: y, gradFunc: (dy: TfTensor, saved: TfTensor[]) => backward(dy, saved) };
    });

  const relu = differentiable(
    (x) => {
      const y = kernels.relu(x);
      return { y, keep: [y] };
    },
    (dy, [y]) => kernels.reluGradient(dy, y!),
  );

  const meanOverLength = differentiable(
    (x) => ({ y: tf.mul(tf.sum(x, [1, 2]), context.inverseLengths), keep: [] }),
    (dy) => {
      const share = tf.reshape(tf.mul(dy, context.inverseLengths), [context.rows, 1, 1, -1]);
      return context.fillPadding(tf.tile(share, [1, 1, context.paddedLength, 1]));
    },
  );

  /** y = x / |x|, so dx = (dy − y · Σ dy·y) / |x|, with the sum over a row. */
  const unitRows = differentiable(
    (x) => {
      const squares = tf.sum(kernels.square(x), 1, true);
      const inverse = kernels.rsqrt(kernels.maximum(squares, tf.scalar(SMALLEST_SQUARE)));
      const y = kernels.mul(x, inverse);
      return { y, keep: [y, inverse] };
    },
    (dy, [y, inverse]) => {
      const along = tf.sum(kernels.mul(dy, y!), 1, true);
      return kernels.mul(kernels.sub(dy, kernels.mul(y!, along)), inverse!);
    },
  );

  const crossEntropy = (logits: TfTensor, labels: TfTensor): TfTensor =>
    differentiable(
      (z) => {
        const [losses, gradient] = kernels.sparseSoftmaxCrossEntropy(z, labels);
        return { y: losses, keep: [gradient] };
      },
      (dy, [gradient]) => kernels.mul(gradient!, tf.expandDims(dy, 1)),
    )(logits);

  const sigmoidCrossEntropy = (logits: TfTensor, targets: TfTensor): TfTensor =>
    differentiable(
      (z) => {
        const [losses, gradient] = kernels.sigmoidCrossEntropy(z, targets);
        return { y: losses, keep: [gradient] };
      },
      (dy, [gradient]) => kernels.mul(gradient!, dy),
    )(logits);

  /** All positions differ, so the gradient puts rows back and never adds any. */
  function gatherPositions(x: TfTensor, positions: TfTensor): TfTensor {
    const channels = x.shape[3]!;
    return differentiable(
      (x) => ({
        y: tf.gather(tf.reshape(x, [-1, channels]), positions as Tensor1D),
        keep: [positions],
      }),
      (dy, [positions]) => {
        const count = context.rows * context.paddedLength;
        const put = tf.scatterND(tf.reshape(positions!, [-1, 1]), dy, [count, channels]);
        return activation(put);
      },
    )(x);
  }

  function linear(x: TfTensor, weight: TfTensor, bias: TfTensor | undefined): TfTensor {
    const y = tf.matMul(x as never, weight as never, false, true);
    return bias === undefined ? y : tf.add(y, bias);
  }

  const convolved = (
    x: Tensor,
    weight: TfTensor,
    bias: TfTensor | undefined,
    options: Conv1dOptions,
  ) =>
    convolve(tf, kernels, context, formulations, {
      x: unwrap(x),
      weight,
      bias,
      dilation: options.dilation,
      padding: options.padding,
    });

  function conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions): Tensor {
    const bias = options.bias === undefined ? undefined : unwrap(options.bias);
    const y = convolved(x, unwrap(weight), bias, options);
    return wrap(context.isPadded ? clearPadding(y) : y);
  }

  /** The incoming gradient is already zero in the padding. Returns a new tensor, since tfjs frees each once. */
  const clearPadding = differentiable(
    (x) => ({ y: context.fillPadding(x), keep: [] }),
    (dy) => tf.reshape(dy, dy.shape),
  );

  function batchNorm(x: Tensor, parameters: BatchNormParameters): Tensor {
    const input = batchNormInput(unwrap(x), parameters);
    if (!context.training) {
      const runningMean = unwrap(parameters.runningMean);
      const runningVar = unwrap(parameters.runningVar);
      return wrap(batchNormInference(tf, kernels, context, { ...input, runningMean, runningVar }));
    }
    const { y, statistics } = batchNormTraining(tf, kernels, context, input);
    context.statistics.set(parameters.name, statistics);
    return wrap(y);
  }

  function fusedConv1dBatchNorm(
    fusedBatchNorm: FusedBatchNormKernels,
  ): NonNullable<Ops['conv1dBatchNorm']> {
    return (x, weight, options, parameters) => {
      const scale = paddingScale(kernels, context);
      const scaled = (t: TfTensor) => (scale === undefined ? t : tf.mul(t, scale));
      const bias = options.bias === undefined ? undefined : scaled(unwrap(options.bias));
      const input = convolved(x, scaled(unwrap(weight)), bias, options);
      const { y, statistics } = fusedBatchNormTraining(
        tf,
        { ...kernels, fusedBatchNorm },
        context,
        batchNormInput(input, parameters),
        scale,
      );
      context.statistics.set(parameters.name, statistics);
      return wrap(y);
    };
  }

  const { fusedBatchNorm } = kernels;
  const isFused =
    formulations.batchNorm === 'fused' && context.training && context.onTap === undefined;

  return {
    scalar: (value) => wrap(tf.scalar(value)),
    add: (a, b) => wrap(tf.add(unwrap(a), unwrap(b))),
    sub: (a, b) => wrap(tf.sub(unwrap(a), unwrap(b))),
    mul: (a, b) => wrap(tf.mul(unwrap(a), unwrap(b))),
    div: (a, b) => wrap(tf.div(unwrap(a), unwrap(b))),
    minimum: (a, b) => wrap(tf.minimum(unwrap(a), unwrap(b))),
    sqrt: (a) => wrap(tf.sqrt(unwrap(a))),
    sum: (a) => wrap(tf.sum(unwrap(a))),
    relu: (x) => wrap(relu(unwrap(x))),
    oneHot: (indices, depth) => {
      const channels = (unwrap(indices).shape[2] ?? 1) * depth;
      // Padding holds index 0, which would count as a symbol.
      return wrap(
        context.fillPadding(activation(kernels.oneHot(unwrap(indices), depth), channels)),
      );
    },
    toFloat: (x) => wrap(tf.cast(unwrap(x), 'float32')),
    fill: (x, condition, value) => {
      const original = unwrap(x);
      const filler = tf.fill(original.shape, value, original.dtype as 'float32');
      return wrap(tf.where(tf.cast(unwrap(condition), 'bool'), filler, original));
    },
    asChannel: (x) => wrap(activation(unwrap(x), unwrap(x).shape[2] ?? 1)),
    concatChannels: (parts) => wrap(tf.concat(parts.map(unwrap), 3)),
    conv1d,
    batchNorm,
    ...(isFused && fusedBatchNorm !== undefined
      ? { conv1dBatchNorm: fusedConv1dBatchNorm(fusedBatchNorm) }
      : {}),
    channelNorm: (x, { weight, bias, epsilon }) =>
      wrap(
        channelNorm(tf, kernels, context, {
          x: unwrap(x),
          weight: unwrap(weight),
          bias: unwrap(bias),
          epsilon,
        }),
      ),
    maxPool1d: (x, size) => wrap(maxPool(tf, kernels, context, unwrap(x), size)),
    meanOverLength: (x) => wrap(meanOverLength(unwrap(x))),
    repeatOverLength: (x) => {
      const once = tf.reshape(unwrap(x), [context.rows, 1, 1, unwrap(x).shape[1]!]);
      return wrap(context.fillPadding(tf.tile(once, [1, 1, context.paddedLength, 1])));
    },
    splitRows: (x, size) => wrap(tf.reshape(unwrap(x), [-1, size])),
    flatten: (x) => wrap(tf.reshape(unwrap(x), [-1])),
    linear: (x, weight, bias) =>
      wrap(linear(unwrap(x), unwrap(weight), bias === undefined ? undefined : unwrap(bias))),
    unitRows: (x) => wrap(unitRows(unwrap(x))),
    gatherPositions: (x, positions) => wrap(gatherPositions(unwrap(x), unwrap(positions))),
    softmaxCrossEntropy: (logits, labels) => wrap(crossEntropy(unwrap(logits), unwrap(labels))),
    isCorrect: (logits, labels) => wrap(kernels.isCorrect(unwrap(logits), unwrap(labels))),
    sigmoidCrossEntropy: (logits, targets) =>
      wrap(sigmoidCrossEntropy(unwrap(logits), unwrap(targets))),
    isPositive: (x) => wrap(kernels.isPositive(unwrap(x))),
    squeezeLast: (x) => wrap(tf.squeeze(unwrap(x), [-1])),
    tap: (layer, x) => {
      context.onTap?.(layer, unwrap(x));
      return x;
    },
  };
}

function batchNormInput(
  x: TfTensor,
  { weight, bias, epsilon }: BatchNormParameters,
): BatchNormInput {
  return { x, weight: unwrap(weight), bias: unwrap(bias), epsilon };
}
