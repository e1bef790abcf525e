/** How numbers are scaled before a model sees them. */
import type { ChannelStatistics } from './channel-statistics.ts';

/**
 * `sequence`: each sequence by its own mean and deviation, which the model sees as constant channels.
 * `dataset`: by mean and deviation of the training split. `robust`: by its median and quartiles. `none`: not at all.
 */
export type ScalingKind = 'sequence' | 'dataset' | 'robust' | 'none';

/** Plain data, so that the loader's thread can receive it. */
export interface Scaling {
  readonly kind: ScalingKind;
  /** Whether the dataset has missing values, so that each channel has a second one that marks them. */
  readonly hasMissing: boolean;
  /** One for each channel; none are needed for `none`. */
  readonly channels: readonly ChannelStatistics[];
}

/** Values as they are. */
export const UNSCALED: Scaling = { kind: 'none', hasMissing: false, channels: [] };

/** scaled = (value − centre) / scale; a scale of 0 gives 0. */
export interface Units {
  readonly centre: number;
  readonly scale: number;
}

/** From the quartiles' distance to the deviation, for a normal distribution. */
const QUARTILES_IN_DEVIATIONS = 1.349;

/** The units of a channel in which all sequences are scaled alike. */
export function unitsOfDataset(
  kind: Exclude<ScalingKind, 'sequence'>,
  { mean, deviation, median, quartileRange }: ChannelStatistics,
): Units {
  if (kind === 'none') return { centre: 0, scale: 1 };
  if (kind === 'dataset') return { centre: mean, scale: deviation };
  // Where more than half of the values are equal, the quartiles say nothing of the scale.
  const scale = quartileRange > 0 ? quartileRange / QUARTILES_IN_DEVIATIONS : deviation;
  return { centre: median, scale };
}

export function scaled(value: number, { centre, scale }: Units): number {
  return scale > 0 ? (value - centre) / scale : 0;
}

/** What a model sees of rows of numbers. */
export interface ScaledRows {
  /** `[rows, paddedLength, channels]`, 0 in the padding and where a value is missing. */
  readonly values: Float32Array;
  /** The same shape: 1 where a value is missing. Absent for data without missing values. */
  readonly missing?: Float32Array;
  /** `[rows, 2 · channels]`: level and log deviation of each row's channels. With `sequence` only. */
  readonly profile?: Float32Array;
  /** `[rows · channels]`: how each row's channels were scaled. */
  readonly units: readonly Units[];
}
