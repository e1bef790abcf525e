/** `Ops` on tfjs tensors, one operation at a time. Inside, activations are `[rows, 1, length, channels]`. */
import type { Tensor1D, Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { LockstepError } from '../../core/errors.ts';
import type { Formulations } from '../formulations.ts';
import type { BatchNormParameters, Conv1dOptions, ElementwiseOps, Ops, Tensor } from '../ops.ts';
import { makeActivations } from './activations.ts';
import type { BatchContext } from './batch-context.ts';
import { type BatchNormInput, batchNormInference, batchNormTraining } from './batch-norm.ts';
import { channelNorm } from './channel-norm.ts';
import { differentiable } from './differentiable.ts';
import { dropout } from './dropout.ts';
import { asProjection, fold, projectionOf, setProjectionOf } from './folded-projection.ts';
import { fusedBatchNormTraining, paddingScale } from './fused-batch-norm.ts';
import { gramFrequencies } from './gram-frequencies.ts';
import { groupNorm } from './group-norm.ts';
import { convolveGroups } from './grouped-convolution.ts';
import type { FusedBatchNormKernels, Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';
import { attentionOverLength, averagePool, maxOverLength, maxPool } from './pooling.ts';
import { averagePoolStrided, convolveStrided, maxPoolStrided, upsample } from './strided.ts';

/** A tfjs tensor as the rest of Lockstep sees it. */
export const wrap = (tensor: TfTensor): Tensor => tensor as unknown as Tensor;
/** The tfjs tensor behind a tensor that `wrap` made. */
export const unwrap = (tensor: Tensor): TfTensor => tensor as unknown as TfTensor;

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
  const activations = makeActivations(tf, kernels, context);

  const meanOverLength = differentiable(
    tf,
    (x) => ({ y: tf.mul(tf.sum(x, [1, 2]), context.inverseLengths), keep: [] }),
    (dy) => {
      const share = tf.reshape(tf.mul(dy, context.inverseLengths), [context.rows, 1, 1, -1]);
      return context.fillPadding(tf.tile(share, [1, 1, context.paddedLength, 1]));
    },
  );

  /** tfjs's own gradient of a tile has some operations for each position. */
  const repeatOverLength = differentiable(
    tf,
    (x) => {
      const once = tf.reshape(x, [context.rows, 1, 1, x.shape[1]!]);
      return { y: context.fillPadding(tf.tile(once, [1, 1, context.paddedLength, 1])), keep: [] };
    },
    (dy) => tf.sum(dy, [1, 2]),
  );

  const detach = differentiable(
    tf,
    (x) => ({ y: tf.reshape(x, x.shape), keep: [] }),
    (dy) => tf.zeros(dy.shape),
  );

  /** y = x / |x|, so dx = (dy − y · Σ dy·y) / |x|, with the sum over a row. */
  const unitRows = differentiable(
    tf,
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
      tf,
      (z) => {
        const [losses, gradient] = kernels.sparseSoftmaxCrossEntropy(z, labels);
        return { y: losses, keep: [gradient] };
      },
      (dy, [gradient]) => kernels.mul(gradient!, tf.expandDims(dy, 1)),
    )(logits);

  const sigmoidCrossEntropy = (logits: TfTensor, targets: TfTensor): TfTensor =>
    differentiable(
      tf,
      (z) => {
        const [losses, gradient] = kernels.sigmoidCrossEntropy(z, targets);
        return { y: losses, keep: [gradient] };
      },
      (dy, [gradient]) => kernels.mul(gradient!, dy),
    )(logits);

  /** All positions differ, so the gradient puts rows back and never adds any. */
  function gatherPositions(x: TfTensor, positions: TfTensor): TfTensor {
    if (context.stride > 1) throw refuseTimesteps(context.stride);
    const channels = x.shape[3]!;
    return differentiable(
      tf,
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

  function convolved(
    x: Tensor,
    weight: TfTensor,
    bias: TfTensor | undefined,
    { dilation, padding, groups = 1, stride = 1 }: Conv1dOptions,
  ): TfTensor {
    const options = { bias, dilation, padding, groups };
    if (stride > 1) {
      const input = { x: unwrap(x), weight, ...options };
      return convolveStrided(tf, kernels, levelsOf(stride), formulations, input);
    }
    const projection = groups === 1 ? projectionOf(unwrap(x)) : undefined;
    const input = projection && fold(tf, projection, weight, clearPadding);
    return convolveGroups(tf, kernels, context, formulations, {
      ...(input ?? { x: unwrap(x), weight }),
      ...options,
    });
  }

  function conv1d(x: Tensor, weight: Tensor, options: Conv1dOptions): Tensor {
    const bias = options.bias === undefined ? undefined : unwrap(options.bias);
    const { stride = 1 } = options;
    const y = clearPaddingOf(coarserBy(stride))(convolved(x, unwrap(weight), bias, options));
    if (formulations.projection === 'folded' && stride === 1) {
      setProjectionOf(y, asProjection(unwrap(x), unwrap(weight), bias));
    }
    return wrap(y);
  }

  /**
   * The incoming gradient is already zero in the padding. Both ways it gives a new tensor or is no operation: tfjs frees
   * each tensor once, and counts a gradient twice for one that goes in and out.
   */
  const clearPaddingOf = ({ isPadded, fillPadding }: BatchContext) =>
    isPadded
      ? differentiable(
          tf,
          (x) => ({ y: fillPadding(x), keep: [] }),
          (dy) => tf.reshape(dy, dy.shape),
        )
      : (x: TfTensor) => x;
  const clearPadding = clearPaddingOf(context);

  function coarserBy(stride: number): BatchContext {
    if (Number.isInteger(stride) && stride >= 1) return context.coarser(stride);
    throw new LockstepError(
      'EXTENSION_INVALID',
      `The model asks for a stride of ${stride}.`,
      'A stride is a whole number from 1 on.',
    );
  }

  const levelsOf = (stride: number) => ({ fine: context, coarse: coarserBy(stride) });

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
      const after = coarserBy(options.stride ?? 1);
      const scale = paddingScale(kernels, after);
      const scaled = (t: TfTensor) => (scale === undefined ? t : tf.mul(t, scale));
      const bias = options.bias === undefined ? undefined : scaled(unwrap(options.bias));
      const input = convolved(x, scaled(unwrap(weight)), bias, options);
      const { y, statistics } = fusedBatchNormTraining(
        tf,
        { ...kernels, fusedBatchNorm },
        after,
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

  const ops: Ops = {
    scalar: (value) => wrap(tf.scalar(value)),
    add: (a, b) => wrap(tf.add(unwrap(a), unwrap(b))),
    sub: (a, b) => wrap(tf.sub(unwrap(a), unwrap(b))),
    mul: (a, b) => wrap(tf.mul(unwrap(a), unwrap(b))),
    div: (a, b) => wrap(tf.div(unwrap(a), unwrap(b))),
    minimum: (a, b) => wrap(tf.minimum(unwrap(a), unwrap(b))),
    sqrt: (a) => wrap(tf.sqrt(unwrap(a))),
    sum: (a) => wrap(tf.sum(unwrap(a))),
    relu: (x) => wrap(activations.relu(unwrap(x))),
    gelu: (x) => wrap(activations.gelu(unwrap(x))),
    silu: (x) => wrap(activations.silu(unwrap(x))),
    tanh: (x) => wrap(activations.tanh(unwrap(x))),
    sigmoid: (x) => wrap(activations.sigmoid(unwrap(x))),
    dropout: (x, options) => wrap(dropout(tf, context, unwrap(x), options)),
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
    concatChannels: (parts) => wrap(tf.concat(parts.map(unwrap), unwrap(parts[0]!).rank - 1)),
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
    groupNorm: (x, { weight, bias, groups, epsilon }) =>
      wrap(
        groupNorm(tf, context, clearPadding, {
          x: unwrap(x),
          weight: unwrap(weight),
          bias: unwrap(bias),
          ...{ groups, epsilon },
        }),
      ),
    scaleChannels: (x, factors) => {
      const perRow = tf.reshape(unwrap(factors), [context.rows, 1, 1, unwrap(x).shape[3]!]);
      return wrap(tf.mul(unwrap(x), perRow));
    },
    maxPool1d: (x, size, stride = 1) =>
      wrap(
        stride === 1
          ? maxPool(tf, kernels, context, unwrap(x), size)
          : maxPoolStrided(tf, levelsOf(stride), unwrap(x), size),
      ),
    averagePool1d: (x, size, stride = 1) => {
      const means =
        stride === 1
          ? averagePool(tf, kernels, context, unwrap(x), size)
          : averagePoolStrided(tf, kernels, levelsOf(stride), unwrap(x), size);
      return wrap(clearPaddingOf(coarserBy(stride))(means));
    },
    coarser: (stride) => {
      const coarse = coarserBy(stride);
      return coarse === context ? ops : makeOps(tf, kernels, coarse, formulations);
    },
    upsample: (x, stride) => wrap(upsample(tf, levelsOf(stride), unwrap(x))),
    meanOverLength: (x) => wrap(meanOverLength(unwrap(x))),
    maxOverLength: (x) => wrap(maxOverLength(tf, kernels, context, unwrap(x))),
    attentionOverLength: (x, scores) =>
      wrap(attentionOverLength(tf, context, unwrap(x), unwrap(scores))),
    repeatOverLength: (x) => wrap(repeatOverLength(unwrap(x))),
    gramFrequencies: (symbols, options) =>
      wrap(gramFrequencies(tf, context, unwrap(symbols), options)),
    detach: (x) => wrap(detach(unwrap(x))),
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
  return ops;
}

/** The positions that an objective names are those of the sequence. */
function refuseTimesteps(stride: number): LockstepError {
  return new LockstepError(
    'CONFIG_INVALID',
    `The objective predicts single timesteps, but the model has features for every ${stride}th one only.`,
    'Choose an objective on whole sequences, or a model with features for each timestep.',
  );
}

function batchNormInput(
  x: TfTensor,
  { weight, bias, epsilon }: BatchNormParameters,
): BatchNormInput {
  return { x, weight: unwrap(weight), bias: unwrap(bias), epsilon };
}
