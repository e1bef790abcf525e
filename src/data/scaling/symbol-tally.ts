import type { ChannelStatistics, ChannelTally } from './channel-statistics.ts';
import { TrainingMoments } from './running-moments.ts';

const SYMBOLS = 65_536;

/** The statistics of a channel of integers in [0, 65 536): counts and sums, all exact. */
export class SymbolTally implements ChannelTally {
  readonly #channel: number;
  readonly #channels: number;
  readonly #moments = new TrainingMoments();
  #minimum = SYMBOLS;
  #maximum = 0;
  /** How often each symbol occurs in the training split. */
  readonly counts = new Float64Array(SYMBOLS);

  /** @param channels number of channels of the sequences */
  constructor(channel: number, channels: number) {
    this.#channel = channel;
    this.#channels = channels;
  }

  add(values: ArrayLike<number>, isTraining: boolean): void {
    for (let index = this.#channel; index < values.length; index += this.#channels) {
      const value = values[index]!;
      if (value < this.#minimum) this.#minimum = value;
      if (value > this.#maximum) this.#maximum = value;
    }
    if (isTraining) this.#addTraining(values);
  }

  /** Distances from the first value are integers, so their sums are exact below 2⁵³. */
  #addTraining(values: ArrayLike<number>): void {
    const { counts } = this;
    const origin = values[this.#channel]!;
    let [count, sum, squares] = [0, 0, 0];
    for (let index = this.#channel; index < values.length; index += this.#channels) {
      const value = values[index]!;
      counts[value]!++;
      sum += value - origin;
      squares += (value - origin) * (value - origin);
      count++;
    }
    if (count === 0) return;
    const variance = Math.max(0, squares / count - (sum / count) ** 2);
    this.#moments.add(count, { mean: origin + sum / count, deviation: Math.sqrt(variance) });
  }

  finish(): ChannelStatistics {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    const quantile = (share: number) => this.#ranked(Math.floor(share * Math.max(0, total - 1)));
    return {
      ...this.#moments.finish(),
      median: quantile(0.5),
      quartileRange: quantile(0.75) - quantile(0.25),
      minimum: Math.min(this.#minimum, this.#maximum),
      maximum: this.#maximum,
      missing: 0,
    };
  }

  /** The value of this rank, from 0, in ascending order. */
  #ranked(rank: number): number {
    let below = 0;
    const found = this.counts.findIndex((count) => {
      below += count;
      return below > rank;
    });
    return Math.max(0, found);
  }
}
