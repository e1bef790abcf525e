/** Counts the n-grams of each row. All numbers are integers below 2²⁴, so float32 is exact in any order. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { GramOptions } from '../ops.ts';
import type { BatchContext } from './batch-context.ts';
import type { TfjsLibrary } from './library.ts';

/** int32 `[rows, length]` → `[rows, orders · buckets]`. */
export function gramFrequencies(
  tf: TfjsLibrary,
  context: BatchContext,
  symbols: Tensor,
  { orders, buckets, multiplier, before }: GramOptions,
): Tensor {
  const { rows, paddedLength } = context;
  const positions = rows * paddedLength;
  const longest = Math.max(...orders);
  const values = tf.cast(symbols, 'float32');
  const modulo = (x: Tensor) =>
    tf.sub(x, tf.mul(tf.floor(tf.mul(x, tf.scalar(1 / buckets))), tf.scalar(buckets)));
  const join = (key: Tensor, last: Tensor) =>
    modulo(tf.add(tf.mul(key, tf.scalar(multiplier)), last));
  /** The value at the timestep before. */
  const delayed = (x: Tensor, first: number) => {
    const padded = tf.pad(
      x,
      [
        [0, 0],
        [1, 0],
      ],
      first,
    );
    return tf.slice(padded, [0, 0], [rows, paddedLength]);
  };

  const isValid = tf.reshape(context.fillPaddingOfCopy(tf.ones([rows, 1, paddedLength, 1])), [
    positions,
  ]);
  const numbers = tf.reshape(tf.cumsum(tf.ones([1, rows]), 1, true), [rows, 1]);
  const rowOfPosition = tf.reshape(tf.tile(numbers, [1, paddedLength]), [positions, 1]);
  const frequencies = (keys: Tensor): Tensor => {
    const places = tf.concat([rowOfPosition, tf.reshape(keys, [positions, 1])], 1);
    const counts = tf.scatterND(tf.cast(places, 'int32'), isValid, [rows, buckets]);
    return tf.mul(counts, context.inverseLengths);
  };

  const found = new Map<number, Tensor>();
  let keys = modulo(values);
  let keyBefore = before % buckets;
  for (let order = 1; order <= longest; order++) {
    if (order > 1) {
      keys = join(delayed(keys, keyBefore), values);
      keyBefore = (keyBefore * multiplier + before) % buckets;
    }
    if (orders.includes(order)) found.set(order, frequencies(keys));
  }
  const parts = orders.map((order) => found.get(order)!);
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 1);
}
