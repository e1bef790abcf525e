/**
 * A projection of each timestep in front of a convolution, folded into its filter. Both are linear, so
 *
 *   W ∗ (P·v + b) = (W·[P b]) ∗ [v; 1]
 *
 * where the channel of ones is 0 outside the row, as the projection's result is. A network that projects 1 channel to
 * 64 then convolves 2 channels instead of 64, both ways.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TfjsLibrary } from './library.ts';

/** A convolution of one tap: `x` `[rows, 1, length, in]`, `weight` `[out, in, 1]`, `bias` `[out]`. */
export interface Projection {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
}

const projections = new WeakMap<Tensor, Projection>();

/** Says that `y` is the result of this projection. */
export function setProjectionOf(y: Tensor, projection: Projection | undefined): void {
  if (projection !== undefined) projections.set(y, projection);
}

/** The projection whose result `y` is; undefined for any other tensor. */
export function projectionOf(y: Tensor): Projection | undefined {
  return projections.get(y);
}

/** The convolution must lose so many of its input channels: folding costs some small operations. */
const LEAST_GAIN = 4;

/** The convolution as a projection that is worth folding; undefined for any other. */
export function asProjection(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): Projection | undefined {
  const [out, channels, taps] = weight.shape as [number, number, number];
  const isFoldable = taps === 1 && channels === x.shape[3] && (channels + 1) * LEAST_GAIN <= out;
  return isFoldable && bias !== undefined ? { x, weight, bias } : undefined;
}

/**
 * Input and weight of the convolution that equals `weight` `[out, in, taps]` after the projection; differentiable.
 * @param clearPadding writes zeros into the padding
 */
export function fold(
  tf: TfjsLibrary,
  { x, weight: projecting, bias }: Projection,
  weight: Tensor,
  clearPadding: (x: Tensor) => Tensor,
): { x: Tensor; weight: Tensor } {
  const [middle, channels] = projecting.shape as [number, number];
  const [out, , taps] = weight.shape as [number, number, number];
  const matrix = tf.reshape(projecting, [middle, channels]);
  const withBias = tf.concat([matrix, tf.reshape(bias, [middle, 1])], 1);
  const byTap = tf.reshape(tf.transpose(weight, [0, 2, 1]), [out * taps, middle]);
  const product = tf.matMul(byTap as never, withBias as never);
  const ones = tf.fill([...x.shape.slice(0, 3), 1], 1);
  return {
    x: clearPadding(tf.concat([x, ones], 3)),
    weight: tf.transpose(tf.reshape(product, [out, taps, channels + 1]), [0, 2, 1]),
  };
}
