/** The ways in which values (and the mask over them) enter a network. */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';

/** `values` as one float channel; a hidden step holds `maskValue`, outside the data's range. */
export function valueChannel(context: ForwardContext, maskValue: number): Tensor {
  const { ops, feed } = context;
  const values = ops.toFloat(feed('values'));
  const visible = context.hasFeed('mask') ? ops.fill(values, feed('mask'), maskValue) : values;
  return ops.asChannel(visible);
}

/** Integer `values` one-hot over symbols 0…K−1; a hidden step is symbol K. `[B, L, K + 1]`. */
export function symbolChannels(context: ForwardContext, symbols: number): Tensor {
  const { ops, feed } = context;
  const values = feed('values');
  const visible = context.hasFeed('mask') ? ops.fill(values, feed('mask'), symbols) : values;
  return ops.oneHot(visible, symbols + 1);
}

/** The value (`maskValue` where hidden) and a channel that is 1 where hidden: `[B, L, 2]`. */
export function valueAndMaskChannels(context: ForwardContext, maskValue: number): Tensor {
  const { ops, feed } = context;
  const value = valueChannel(context, maskValue);
  const hidden = context.hasFeed('mask')
    ? ops.asChannel(ops.toFloat(feed('mask')))
    : ops.mul(value, ops.scalar(0));
  return ops.concatChannels([value, hidden]);
}
