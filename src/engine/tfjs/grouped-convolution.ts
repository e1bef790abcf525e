/** Convolutions of groups of channels, each by itself, on activations `[rows, 1, length, channels]`. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Formulations } from '../formulations.ts';
import type { BatchContext } from './batch-context.ts';
import { type ConvolutionInput, convolve } from './convolution.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/** Like `convolve`, for any number of groups. */
export function convolveGroups(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  formulations: Formulations,
  input: ConvolutionInput & { readonly groups: number },
): Tensor {
  const { x, weight, bias, groups } = input;
  if (groups === 1) return convolve(tf, kernels, context, formulations, input);
  const isDepthwise = groups === x.shape[3] && groups === weight.shape[0];
  const y = isDepthwise
    ? convolveChannels(tf, kernels, context, input)
    : convolveParts(tf, kernels, context, formulations, input);
  return bias === undefined ? y : tf.add(y, bias);
}

function convolveParts(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  formulations: Formulations,
  { x, weight, groups, dilation, padding }: ConvolutionInput & { readonly groups: number },
): Tensor {
  const weights = tf.split(weight, groups, 0);
  const parts = tf.split(x, groups, 3).map((part, group) => {
    const input = { x: part, weight: weights[group]!, bias: undefined, dilation, padding };
    return convolve(tf, kernels, context, formulations, input);
  });
  return tf.concat(parts, 3);
}

/**
 * The depthwise convolution: weight `[C, 1, k]`. It needs no kernels for dilation and for the input gradient, which not
 * every device has: a dilated filter has zeros between its taps, and the input gradient is a convolution with the
 * reversed filter.
 */
export function convolveChannels(
  tf: TfjsLibrary,
  kernels: Kernels,
  context: BatchContext,
  { x, weight, dilation, padding }: ConvolutionInput,
): Tensor {
  const { depthwiseConv2d, depthwiseConv2dFilterGradient } = kernels;
  const taps = weight.shape[2]!;
  const reach = (taps - 1) * dilation;
  const past = padding === 'causal' ? reach : Math.floor((taps - 1) / 2) * dilation;
  const future = reach - past;
  const padded = (t: Tensor, before: number, after: number) =>
    tf.pad(t, [
      [0, 0],
      [0, 0],
      [before, after],
      [0, 0],
    ]);
  const operation = tf.customGrad((...inputs: unknown[]) => {
    const [x, weight, save] = inputs as [Tensor, Tensor, (tensors: Tensor[]) => void];
    const seen = padded(x, past, future);
    const filter = channelFilter(tf, weight, dilation);
    save([seen, filter]);
    return {
      value: depthwiseConv2d(seen, filter),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [seen, filter] = saved as [Tensor, Tensor];
        const dx = depthwiseConv2d(padded(dy, future, past), tf.reverse(filter, 1));
        const ofTaps = depthwiseConv2dFilterGradient(seen, dy, { taps, dilation });
        return [
          context.fillPadding(dx),
          tf.transpose(tf.reshape(ofTaps, [1, taps, -1]), [2, 0, 1]),
        ];
      },
    };
  });
  return operation(x, weight);
}

/** `[C, 1, k]` → `[1, (k − 1) · dilation + 1, C, 1]`. */
function channelFilter(tf: TfjsLibrary, weight: Tensor, dilation: number): Tensor {
  const [channels, , taps] = weight.shape as [number, number, number];
  const apart = tf.pad(tf.reshape(weight, [channels, taps, 1]), [
    [0, 0],
    [0, 0],
    [0, dilation - 1],
  ]);
  const size = (taps - 1) * dilation + 1;
  const spread = tf.slice(tf.reshape(apart, [channels, taps * dilation]), [0, 0], [channels, size]);
  return tf.reshape(tf.transpose(spread), [1, size, channels, 1]);
}
