/** Group normalisation (Wu and He 2018) of each sequence over its valid positions, on `[rows, 1, length, C]`. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext } from './batch-context.ts';
import type { TfjsLibrary } from './library.ts';

/**
 * Written in differentiable operations.
 * @param clearPadding differentiable, too
 */
export function groupNorm(
  tf: TfjsLibrary,
  { rows, inverseLengths }: BatchContext,
  clearPadding: (x: Tensor) => Tensor,
  input: { x: Tensor; weight: Tensor; bias: Tensor; epsilon: number; groups: number },
): Tensor {
  const { x, weight, bias, epsilon, groups } = input;
  const channels = x.shape[3]!;
  const size = channels / groups;
  /** The mean over a group and the valid positions, for each of the group's channels: `[rows, 1, 1, C]`. */
  const mean = (x: Tensor): Tensor => {
    const ofChannels = tf.mul(tf.sum(x, [1, 2]), inverseLengths);
    const ofGroups = tf.mean(tf.reshape(ofChannels, [rows, groups, size]), 2, true);
    const all = tf.mul(ofGroups, tf.ones([1, 1, size]));
    return tf.reshape(all, [rows, 1, 1, channels]);
  };
  const centred = clearPadding(tf.sub(x, mean(x)));
  const deviation = tf.sqrt(tf.add(mean(tf.square(centred)), tf.scalar(epsilon)));
  return clearPadding(tf.add(tf.mul(tf.div(centred, deviation), weight), bias));
}
