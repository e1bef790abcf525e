/**
 * The filter gradient of a 'SAME' convolution as one matrix product for each tap. With all rows laid end to end,
 * tap j's gradient is Xᵀ·dY, with X shifted by the tap's offset. The shift carries values from one row into the
 * next; a product over the seams between the rows subtracts them.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

/**
 * `x` `[rows, 1, length, in]` and `dy` `[rows, 1, length, out]` → `[1, taps, in, out]`; an odd number of taps,
 * `length` at least the outermost tap's offset.
 */
export function shiftedFilterGradient(
  tf: TfjsLibrary,
  { matMul, sub }: Kernels,
  { x, dy, taps, dilation }: { x: Tensor; dy: Tensor; taps: number; dilation: number },
): Tensor {
  const [rows, , length, channelsIn] = x.shape as [number, number, number, number];
  const channelsOut = dy.shape[3]!;
  const positions = rows * length;
  const flat = (t: Tensor) => tf.reshape(t, [positions, t.shape[3]!]);
  const [inputs, gradients] = [flat(x), flat(dy)];
  const part = (t: Tensor, begin: number, size: number) =>
    tf.slice(t, [begin, 0], [size, t.shape[1]!]);
  /** `count` positions from `begin` on, of each row except one. */
  const seam = (t: Tensor, firstRow: number, begin: number, count: number) => {
    const channels = t.shape[3]!;
    const rowsOf = tf.reshape(t, [rows, length, channels]);
    const cut = tf.slice(rowsOf, [firstRow, begin, 0], [rows - 1, count, channels]);
    return tf.reshape(cut, [rows * count - count, channels]);
  };
  const ofTap = (tap: number): Tensor => {
    const offset = (tap - (taps - 1) / 2) * dilation;
    const size = positions - Math.abs(offset);
    const shift = Math.abs(offset);
    if (offset === 0) return matMul(inputs, gradients, true);
    if (offset < 0) {
      const all = matMul(part(inputs, 0, size), part(gradients, shift, size), true);
      return sub(all, matMul(seam(x, 0, length - shift, shift), seam(dy, 1, 0, shift), true));
    }
    const all = matMul(part(inputs, shift, size), part(gradients, 0, size), true);
    return sub(all, matMul(seam(x, 1, 0, shift), seam(dy, 0, length - shift, shift), true));
  };
  const stacked = tf.stack(Array.from({ length: taps }, (_, tap) => ofTap(tap)));
  return tf.reshape(stacked, [1, taps, channelsIn, channelsOut]);
}
