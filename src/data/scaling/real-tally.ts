import type { ChannelStatistics, ChannelTally, Moments } from './channel-statistics.ts';
import { sequenceMoments } from './moments.ts';
import { QuantileSample } from './quantile-sample.ts';
import { RealSums } from './real-sums.ts';
import { TrainingMoments } from './running-moments.ts';

/** The statistics of a channel of real values. */
export class RealTally implements ChannelTally {
  readonly #channel: number;
  readonly #channels: number;
  readonly #moments = new TrainingMoments();
  readonly #sample = new QuantileSample();
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = Number.NEGATIVE_INFINITY;
  #missing = 0;
  #sums: RealSums | undefined;

  /** @param channels number of channels of the sequences */
  constructor(channel: number, channels: number) {
    this.#channel = channel;
    this.#channels = channels;
  }

  add(values: ArrayLike<number>, isTraining: boolean): void {
    if (this.#channels === 1 && values instanceof Float32Array) this.#addWhole(values, isTraining);
    else this.#addPart(values, isTraining);
  }

  #addWhole(values: Float32Array, isTraining: boolean): void {
    this.#sums ??= new RealSums();
    const { count, minimum, maximum } = this.#sums.sums(values);
    if (minimum < this.#minimum) this.#minimum = minimum;
    if (maximum > this.#maximum) this.#maximum = maximum;
    this.#missing += values.length - count;
    if (isTraining) this.#addTraining(values, count, this.#sums.moments(values));
  }

  #addPart(values: ArrayLike<number>, isTraining: boolean): void {
    const [begin, stride] = [this.#channel, this.#channels];
    let [minimum, maximum, missing] = [this.#minimum, this.#maximum, 0];
    for (let index = begin; index < values.length; index += stride) {
      const value = values[index]!;
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
      if (Number.isNaN(value)) missing++;
    }
    [this.#minimum, this.#maximum] = [minimum, maximum];
    this.#missing += missing;
    if (!isTraining) return;
    const { count, ...moments } = sequenceMoments(values, { begin, stride });
    this.#addTraining(values, count, moments);
  }

  #addTraining(values: ArrayLike<number>, count: number, moments: Moments): void {
    this.#sample.add(values, { begin: this.#channel, stride: this.#channels });
    this.#moments.add(count, moments);
  }

  finish(): ChannelStatistics {
    const [first, median, third] = this.#sample.at([0.25, 0.5, 0.75]);
    const isEmpty = this.#minimum > this.#maximum;
    return {
      ...this.#moments.finish(),
      median: median!,
      quartileRange: third! - first!,
      minimum: isEmpty ? 0 : this.#minimum,
      maximum: isEmpty ? 0 : this.#maximum,
      missing: this.#missing,
    };
  }
}
