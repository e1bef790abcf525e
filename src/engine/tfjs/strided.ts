/**
 * Between the positions of a context and every n-th of them, on activations `[rows, 1, length, channels]`. Position j of
 * the coarser context stands for position j · stride of the finer one. All of it is written in operations whose sizes
 * follow from the two lengths by factors and offsets, so that one recording serves every micro-batch.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Formulations } from '../formulations.ts';
import { type BatchContext, everyNth } from './batch-context.ts';
import { type ConvolutionInput, convolve } from './convolution.ts';
import { differentiable } from './differentiable.ts';
import { convolveGroups } from './grouped-convolution.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';
import { LOWEST } from './pooling.ts';

/** The finer and the coarser context. */
interface Levels {
  readonly fine: BatchContext;
  readonly coarse: BatchContext;
}

const strideOf = ({ fine, coarse }: Levels): number => coarse.stride / fine.stride;

/** Adds zeros, or another value, on both sides along the length. */
const padSides = (tf: TfjsLibrary, x: Tensor, before: number, after: number, value = 0): Tensor =>
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

/** `length` positions from `begin` on. */
function cut(tf: TfjsLibrary, x: Tensor, begin: number, length: number): Tensor {
  const [rows, , , channels] = x.shape as [number, number, number, number];
  return tf.slice(x, [0, 0, begin, 0], [rows, 1, length, channels]);
}

/** Each position followed by stride − 1 zeros: `[rows, 1, L, C]` → `[rows, 1, stride · L, C]`. */
function spread(tf: TfjsLibrary, x: Tensor, stride: number): Tensor {
  const [rows, , length, channels] = x.shape as [number, number, number, number];
  const apart = tf.pad(tf.reshape(x, [rows, length, 1, channels]), [
    [0, 0],
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  return tf.reshape(apart, [rows, 1, length * stride, channels]);
}

/** Every n-th position. Differentiable. */
function subsampled(tf: TfjsLibrary, levels: Levels, x: Tensor): Tensor {
  const stride = strideOf(levels);
  return differentiable(
    tf,
    (x) => ({ y: everyNth(tf, x, stride), keep: [] }),
    (dy) => cut(tf, spread(tf, dy, stride), 0, levels.fine.paddedLength),
  )(x);
}

/**
 * A convolution at every n-th position; like `convolve` otherwise. A few positions side by side become channels of one,
 * so that it is a convolution of stride 1 of fewer, wider positions.
 */
export function convolveStrided(
  tf: TfjsLibrary,
  kernels: Kernels,
  levels: Levels,
  formulations: Formulations,
  input: ConvolutionInput & { readonly groups: number },
): Tensor {
  const { fine, coarse } = levels;
  if (input.groups > 1 || input.dilation > 1) {
    return subsampled(tf, levels, convolveGroups(tf, kernels, fine, formulations, input));
  }
  if (input.weight.shape[2] === 1) {
    const x = subsampled(tf, levels, input.x);
    return convolve(tf, kernels, coarse, formulations, { ...input, x });
  }
  return convolveBlocks(tf, kernels, levels, input);
}

function convolveBlocks(
  tf: TfjsLibrary,
  kernels: Kernels,
  levels: Levels,
  { x, weight, bias, padding }: ConvolutionInput,
): Tensor {
  const { fine, coarse } = levels;
  const { rows, paddedLength } = fine;
  const stride = strideOf(levels);
  const [out, channels, taps] = weight.shape as [number, number, number];
  const blocksOfKernel = Math.ceil(taps / stride);
  const past = padding === 'causal' ? taps - 1 : Math.floor((taps - 1) / 2);
  const blocks = coarse.paddedLength + blocksOfKernel - 1;
  const shape = { dilation: 1, padding: 'VALID' } as const;
  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, filter] = inputs as [Tensor, Tensor];
    const save = inputs.at(-1) as (tensors: Tensor[]) => void;
    const padded = padSides(tf, x, past, stride * blocksOfKernel - 1 - past);
    const seen = tf.reshape(cut(tf, padded, 0, blocks * stride), [
      rows,
      1,
      blocks,
      stride * channels,
    ]);
    save([seen, filter]);
    const y = kernels.conv2d(seen, filter, shape);
    const hasBias = inputs.length === 4;
    return {
      value: hasBias ? kernels.biasAdd(y, inputs[2] as Tensor) : y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [seen, filter] = saved as [Tensor, Tensor];
        const dSeen = kernels.conv2dInputGradient(seen.shape, filter, dy, shape);
        const ofPositions = tf.reshape(dSeen, [rows, 1, blocks * stride, channels]);
        const dx = cut(tf, padSides(tf, ofPositions, 0, past), past, paddedLength);
        const gradients = [
          fine.fillPadding(dx),
          kernels.conv2dFilterGradient(seen, filter.shape, dy, shape),
        ];
        return hasBias ? [...gradients, kernels.channelSums(dy)] : gradients;
      },
    };
  });
  const whole = tf.pad(weight, [
    [0, 0],
    [0, 0],
    [0, blocksOfKernel * stride - taps],
  ]);
  const byBlock = tf.reshape(whole, [out, channels, blocksOfKernel, stride]);
  const filter = tf.reshape(tf.transpose(byBlock, [2, 3, 1, 0]), [
    1,
    blocksOfKernel,
    stride * channels,
    out,
  ]);
  return bias === undefined ? operation(x, filter) : operation(x, filter, bias);
}

/** What each place of a window sees: `size` times `[rows, 1, coarse length, C]`. */
function places(
  tf: TfjsLibrary,
  levels: Levels,
  x: Tensor,
  { size, outside }: { size: number; outside: number },
): Tensor[] {
  const stride = strideOf(levels);
  const [rows, , , channels] = x.shape as [number, number, number, number];
  const past = pastOf(size);
  const padded = padSides(tf, x, past, size - 1 - past, outside);
  const reach = (levels.coarse.paddedLength - 1) * stride + 1;
  return Array.from({ length: size }, (_, place) =>
    tf.stridedSlice(
      padded,
      [0, 0, place, 0],
      [rows, 1, place + reach, channels],
      [1, 1, stride, 1],
    ),
  );
}

/** The gradient of `places`. */
function placesGradient(tf: TfjsLibrary, levels: Levels, parts: readonly Tensor[]): Tensor {
  const size = parts.length;
  const moved = parts.map((part, place) =>
    padSides(tf, spread(tf, part, strideOf(levels)), place, size - 1 - place),
  );
  return cut(tf, tf.addN(moved), pastOf(size), levels.fine.paddedLength);
}

/** Positions of a window before its own one. */
const pastOf = (size: number): number => Math.floor((size - 1) / 2);

/** Maxima of windows at every n-th position; of equal values the first one has the gradient. */
export function maxPoolStrided(tf: TfjsLibrary, levels: Levels, x: Tensor, size: number): Tensor {
  const { fine, coarse } = levels;
  return differentiable(
    tf,
    (x) => {
      const filled = fine.fillPaddingOfCopy(x, tf.fill([x.shape[3]!], LOWEST));
      const seen = places(tf, levels, filled, { size, outside: LOWEST });
      const y = seen.reduce((most, part) => tf.maximum(most, part));
      return { y: coarse.isPadded ? coarse.fillPaddingOfCopy(y) : y, keep: [filled, y] };
    },
    (dy, [filled, y]) => {
      const seen = places(tf, levels, filled!, { size, outside: LOWEST });
      let left = tf.onesLike(y!);
      const parts = seen.map((part) => {
        const isFirst = tf.mul(tf.cast(tf.equal(part, y!), 'float32'), left);
        left = tf.sub(left, isFirst);
        return tf.mul(dy, isFirst);
      });
      return placesGradient(tf, levels, parts);
    },
  )(x);
}

/** Means over the valid positions of windows at every n-th position; the caller clears the padding. */
export function averagePoolStrided(
  tf: TfjsLibrary,
  kernels: Kernels,
  levels: Levels,
  x: Tensor,
  size: number,
): Tensor {
  const { fine } = levels;
  const windowSums = (x: Tensor) => tf.addN(places(tf, levels, x, { size, outside: 0 }));
  const ones = fine.fillPadding(tf.fill([fine.rows, 1, fine.paddedLength, 1], 1));
  // A window that lies in the padding has no valid position.
  const shares = kernels.div(tf.scalar(1), kernels.maximum(windowSums(ones), tf.scalar(1)));
  return differentiable(
    tf,
    (x) => ({ y: kernels.mul(windowSums(x), shares), keep: [shares] }),
    (dy, [shares]) => {
      const share = kernels.mul(dy, shares!);
      const dx = placesGradient(
        tf,
        levels,
        Array.from({ length: size }, () => share),
      );
      return fine.fillPadding(dx);
    },
  )(x);
}

/** Each position of the coarser context as often as the finer one has positions of it. */
export function upsample(tf: TfjsLibrary, levels: Levels, x: Tensor): Tensor {
  const { fine, coarse } = levels;
  const stride = strideOf(levels);
  const { rows } = fine;
  return differentiable(
    tf,
    (x) => {
      const channels = x.shape[3]!;
      const one = tf.reshape(x, [rows, coarse.paddedLength, 1, channels]);
      const repeated = tf.reshape(tf.tile(one, [1, 1, stride, 1]), [
        rows,
        1,
        coarse.paddedLength * stride,
        channels,
      ]);
      return { y: fine.fillPadding(cut(tf, repeated, 0, fine.paddedLength)), keep: [] };
    },
    (dy) => {
      const channels = dy.shape[3]!;
      const whole = cut(tf, padSides(tf, dy, 0, stride - 1), 0, coarse.paddedLength * stride);
      const byPosition = tf.reshape(whole, [rows, coarse.paddedLength, stride, channels]);
      return tf.reshape(tf.sum(byPosition, 2), [rows, 1, coarse.paddedLength, channels]);
    },
  )(x);
}
