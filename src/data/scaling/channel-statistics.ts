/** What scaling needs to know of each channel of a dataset. */

export interface Moments {
  readonly mean: number;
  /** Square root of the mean squared distance from the mean. */
  readonly deviation: number;
}

/** One channel. All but `missing`, `minimum` and `maximum` are of the training split; zeros where it has no value. */
export interface ChannelStatistics extends Moments {
  readonly median: number;
  /** Third quartile less the first one. */
  readonly quartileRange: number;
  /** Of the means of single sequences. */
  readonly level: Moments;
  /** Of the logarithms of the deviations of single sequences; constant ones are left out. */
  readonly logDeviation: Moments;
  /** Of all splits. */
  readonly minimum: number;
  readonly maximum: number;
  /** Number of missing values, in all splits. */
  readonly missing: number;
}

/** Gathers the statistics of one channel: add every sequence once, in the dataset's order. */
export interface ChannelTally {
  /** @param values of a sequence, `[length · channels]`, NaN where missing */
  add(values: ArrayLike<number>, isTraining: boolean): void;
  finish(): ChannelStatistics;
}
