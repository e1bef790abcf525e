/** Convolution along the length with both gradients, on activations `[rows, 1, length, channels]`. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Formulations } from '../formulations.ts';
import type { BatchContext } from './batch-context.ts';
import type { ConvolutionShape, Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';
import { shiftedFilterGradient } from './shifted-filter-gradient.ts';

/** What to convolve, and how. */
export interface ConvolutionInput {
  readonly x: Tensor;
  /** `[out, in, kernel]`, as PyTorch keeps it. */
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly dilation: number;
  readonly padding: 'same' | 'causal';
}

/**
 * Differentiable in `x` and `weight`. The incoming gradient must be zero in the padding; the outgoing gradient is
 * zero there, too. The result is not: the caller clears its padding.
 */
export function convolve(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  formulations: Formulations,
  { x, weight: given, bias, dilation, padding }: ConvolutionInput,
): Tensor {
  const weight = padding === 'same' ? centred(tf, given) : given;
  const filter = toFilter(tf, weight);
  const taps = weight.shape[2]!;
  const isCausal = padding === 'causal' && taps > 1;
  const shape: ConvolutionShape = { dilation, padding: isCausal ? 'VALID' : 'SAME' };
  // A causal convolution's input is longer than its output, and with one tap all formulations are the same.
  const { convolution, filterGradient } = formulations;
  const isTransposed = convolution === 'transposed' && !isCausal && taps > 1;
  const reach = ((taps - 1) / 2) * dilation;
  const isShifted =
    filterGradient === 'shifted' &&
    context.isLong &&
    reach <= context.longLength &&
    !isCausal &&
    taps > 1;
  const past = isCausal ? padPast(tf, x, (taps - 1) * dilation) : x;
  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, filter, bias] = inputs as [Tensor, Tensor, Tensor?];
    const save = inputs.at(-1) as (tensors: Tensor[]) => void;
    const hasBias = inputs.length === 4;
    save([x, filter]);
    let y = isTransposed
      ? kernels.conv2dInputGradient(outputShape(x, filter), turned(tf, filter), x, shape)
      : kernels.conv2d(x, filter, shape);
    if (hasBias && bias !== undefined) y = kernels.biasAdd(y, bias);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [x, filter] = saved as [Tensor, Tensor];
        const dx = kernels.conv2dInputGradient(x.shape, filter, dy, shape);
        const gradients = [
          // The padding of a causal convolution's input feeds only padding, so its gradient is zero already.
          isCausal ? dx : context.fillPadding(dx),
          isShifted
            ? shiftedFilterGradient(tf, kernels, { x, dy, taps, dilation })
            : kernels.conv2dFilterGradient(x, filter.shape, dy, shape),
        ];
        return hasBias ? [...gradients, kernels.channelSums(dy)] : gradients;
      },
    };
  });
  return bias === undefined ? operation(past, filter) : operation(past, filter, bias);
}

/**
 * Adds a tap of zeros in front of an even kernel, so that it has a middle: the one that PyTorch's 'same' takes. A
 * hundredth to an eighth of the multiplications are then wasted, but no formulation has to know even kernels.
 */
function centred(tf: TfjsLibrary, weight: Tensor): Tensor {
  if (weight.shape[2]! % 2 === 1) return weight;
  return tf.pad(weight, [
    [0, 0],
    [0, 0],
    [1, 0],
  ]);
}

/** PyTorch's `[out, in, kernel]` → TensorFlow's `[1, kernel, in, out]`. */
function toFilter(tf: TfjsLibrary, weight: Tensor): Tensor4D {
  return tf.expandDims(tf.transpose(weight, [2, 1, 0]), 0);
}

/** `[1, kernel, in, out]` → `[1, kernel, out, in]`, with the taps in reverse. */
function turned(tf: TfjsLibrary, filter: Tensor): Tensor {
  return tf.transpose(tf.reverse(filter, 1), [0, 1, 3, 2]);
}

function outputShape(x: Tensor, filter: Tensor): number[] {
  return [...x.shape.slice(0, 3), filter.shape[3]!];
}

/**
 * Adds zeros before the first position, so that a 'VALID' convolution is causal. A kernel with zeros on its
 * future side under 'SAME' gives the same but is up to seven times slower (filter gradient at dilation 128).
 */
function padPast(tf: TfjsLibrary, x: Tensor, count: number): Tensor {
  return tf.pad(x, [
    [0, 0],
    [0, 0],
    [count, 0],
    [0, 0],
  ]);
}
