/** The ways in which values (and the mask over them) enter a network. */
import type { DataFacts } from '../../data/facts.ts';
import { scaled, unitsOfDataset } from '../../data/scaling/scaling.ts';
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';

/** `values` as float channels, one for each channel of the data; a hidden value is `maskValue`. `[B, L, channels]` */
export function valueChannel(context: ForwardContext, maskValue: number): Tensor {
  const { ops, feed } = context;
  const values = ops.toFloat(feed('values'));
  const visible = context.hasFeed('mask') ? ops.fill(values, feed('mask'), maskValue) : values;
  return ops.asChannel(visible);
}

/** Integer `values` one-hot over symbols 0…K−1; a hidden one is symbol K. `[B, L, channels · (K + 1)]`. */
export function symbolChannels(context: ForwardContext, symbols: number): Tensor {
  const { ops, feed } = context;
  const values = feed('values');
  const visible = context.hasFeed('mask') ? ops.fill(values, feed('mask'), symbols) : values;
  return ops.oneHot(visible, symbols + 1);
}

/** The values (`maskValue` where hidden) and channels that are 1 where hidden: `[B, L, 2 · channels]`. */
export function valueAndMaskChannels(context: ForwardContext, maskValue: number): Tensor {
  const { ops, feed } = context;
  const value = valueChannel(context, maskValue);
  const hidden = context.hasFeed('mask')
    ? ops.asChannel(ops.toFloat(feed('mask')))
    : ops.mul(value, ops.scalar(0));
  return ops.concatChannels([value, hidden]);
}

/** How values enter a network. */
export interface ModelInput {
  /** Channels of `of`. */
  readonly channels: number;
  /** The feeds as `[B, L, channels]`. */
  of(context: ForwardContext): Tensor;
}

/** One embedding for each channel, as one-hot channels: the first convolution adds them up. */
export function symbolInput({ channels, symbols }: DataFacts): ModelInput {
  return {
    channels: channels * (symbols + 1),
    of: (context) => symbolChannels(context, symbols),
  };
}

/** How a model wants numbers. */
export interface NumberOptions {
  /**
   * Held by a hidden timestep of one channel whose scaling is the same for all sequences, in the units of the dataset.
   * In all other cases a hidden value is 0, and flags tell it from a visible one. @default 0
   */
  readonly maskValue?: number;
  /** Channels that are 1 where a value is hidden, even where `maskValue` says so. @default true */
  readonly flags?: boolean;
}

/**
 * Scaled numbers for a network: one channel for each of the data, then the flags of hidden values, then the flags of
 * missing values (where the data have any), then level and log deviation of each sequence (with `data.scaling:
 * sequence`).
 */
export function numberInput(facts: DataFacts, options: NumberOptions = {}): ModelInput {
  const { channels, scaling } = facts;
  const { flags = true, maskValue = 0 } = options;
  const isMarked = flags || !hidesByValue(facts);
  const hiddenValue = hidesByValue(facts) ? scaledMaskValue(facts, maskValue) : 0;
  const parts = [1, isMarked, scaling.hasMissing, ...twoIf(scaling.kind === 'sequence')];
  return {
    channels: parts.filter(Boolean).length * channels,
    of: (context) => {
      const { ops, feed } = context;
      const own = isMarked
        ? valueAndMaskChannels(context, hiddenValue)
        : valueChannel(context, hiddenValue);
      const missing = scaling.hasMissing ? [ops.asChannel(feed('missing'))] : [];
      const profile = scaling.kind === 'sequence' ? [ops.repeatOverLength(feed('profile'))] : [];
      const more = [...missing, ...profile];
      return more.length === 0 ? own : ops.concatChannels([own, ...more]);
    },
  };
}

const twoIf = (condition: boolean): boolean[] => (condition ? [true, true] : []);

/** Whether a value outside the data's range can stand for a hidden one. */
export function hidesByValue({ channels, scaling }: DataFacts): boolean {
  return channels === 1 && scaling.kind !== 'sequence';
}

function scaledMaskValue({ scaling: { kind, channels } }: DataFacts, maskValue: number): number {
  const statistics = channels[0];
  if (kind === 'sequence' || kind === 'none' || statistics === undefined) return maskValue;
  return scaled(maskValue, unitsOfDataset(kind, statistics));
}
