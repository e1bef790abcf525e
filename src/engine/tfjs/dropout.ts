/**
 * Dropout by counters. The host feeds 32 random bits k for each position; a layer has two constants a (odd) and b for
 * each channel. A value is dropped if x · (2x + 1) mod 2³², x = k · a + b, is below the rate · 2³². Both steps are
 * permutations of the 32-bit numbers, so each value is dropped with that probability. (The quadratic one is RC6's,
 * Rivest et al. 1998: its highest bits depend on all bits of x.) It takes whole numbers only, so all engines and
 * machines drop the same values.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LockstepError } from '../../core/errors.ts';
import { nameKey } from '../../core/name-key.ts';
import { randomStream } from '../../core/random.ts';
import type { DropoutOptions } from '../ops.ts';
import type { BatchContext } from './batch-context.ts';
import { differentiable } from './differentiable.ts';
import type { TfjsLibrary } from './library.ts';

/** `x` `[rows, 1, length, C]` or `[rows, C]`, of a pass that trains. */
export function dropout(
  tf: TfjsLibrary,
  context: BatchContext,
  x: Tensor,
  options: DropoutOptions,
): Tensor {
  const { rate } = options;
  if (!(rate >= 0 && rate < 1)) {
    throw new LockstepError(
      'CONFIG_INVALID',
      `The dropout of layer "${options.layer}" has a rate of ${rate}.`,
      'Give it a rate from 0 to below 1.',
    );
  }
  if (!context.training || rate === 0) return x;
  return differentiable(
    tf,
    (x) => {
      const factors = keptFactors(tf, keysFor(tf, context, x, options.layer), x, options);
      return { y: tf.mul(x, factors), keep: [factors] };
    },
    (dy, [factors]) => tf.mul(dy, factors!),
  )(x);
}

/** 32 random bits for each position, or for each row of `[rows, C]`: those of its first position. */
function keysFor(tf: TfjsLibrary, { rows, dropoutKeys }: BatchContext, x: Tensor, layer: string) {
  if (dropoutKeys === undefined) {
    throw new LockstepError(
      'EXTENSION_INVALID',
      `The layer "${layer}" drops values, but the micro-batch has no random bits for them.`,
      'Let the model say "drops: true".',
    );
  }
  if (x.rank === 4) return dropoutKeys;
  return tf.reshape(tf.slice(dropoutKeys, [0, 0, 0, 0], [rows, 1, 1, 1]), [rows, 1]);
}

/** 0 for each value that is dropped, 1 / (1 − rate) for the others; shaped like `x`. */
function keptFactors(
  tf: TfjsLibrary,
  keys: Tensor,
  x: Tensor,
  { layer, rate }: DropoutOptions,
): Tensor {
  const { factors, offsets } = channelConstants(layer, x.shape.at(-1)!);
  const constant = (values: Int32Array) => tf.tensor1d(values, 'int32');
  const twice = (values: Int32Array) => values.map((value) => value << 1);
  const mixed = tf.add(tf.mul(keys, constant(factors)), constant(offsets));
  // 2x + 1, by constants of its own: one pass over all values less.
  const doubled = tf.add(
    tf.mul(keys, constant(twice(factors))),
    constant(twice(offsets).map((value) => value + 1)),
  );
  const bits = tf.mul(mixed, doubled);
  const isKept = tf.greaterEqual(bits, tf.scalar(Math.floor(rate * 2 ** 32) - 2 ** 31, 'int32'));
  return tf.mul(tf.cast(isKept, 'float32'), tf.scalar(1 / (1 - rate)));
}

function channelConstants(layer: string, channels: number) {
  const { uint32 } = randomStream(0, 'dropout-channels', nameKey(layer));
  const drawn = (first: number) =>
    Int32Array.from({ length: channels }, (_, channel) => uint32(2 * channel + first));
  return { factors: drawn(0).map((value) => value | 1), offsets: drawn(1) };
}
