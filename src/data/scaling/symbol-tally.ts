import type { ChannelStatistics, ChannelTally } from './channel-statistics.ts';
import { TrainingMoments } from './running-moments.ts';

const SYMBOLS = 65_536;

/** The statistics of a channel of integers in [0, 65 536): counts and sums, all exact. */
export class SymbolTally implements ChannelTally {
  readonly #channel: number;
  readonly #channels: number;
  readonly #moments = new TrainingMoments();
  /** 1 for each symbol of the other splits. */
  readonly #elsewhere = new Uint8Array(SYMBOLS);
  /** How often each symbol occurs in the training split. */
  readonly counts = new Float64Array(SYMBOLS);

  /** @param channels number of channels of the sequences */
  constructor(channel: number, channels: number) {
    this.#channel = channel;
    this.#channels = channels;
  }

  add(values: ArrayLike<number>, isTraining: boolean): void {
    if (isTraining) this.#addTraining(values);
    else this.#addOther(values);
  }

  #addOther(values: ArrayLike<number>): void {
    const [elsewhere, channels] = [this.#elsewhere, this.#channels];
    for (let index = this.#channel; index < values.length; index += channels) {
      elsewhere[values[index]!] = 1;
    }
  }

  /** Distances from the first value are integers, so their sums are exact below 2⁵³. */
  #addTraining(values: ArrayLike<number>): void {
    const { counts } = this;
    const channels = this.#channels;
    const origin = values[this.#channel]!;
    let sum = 0;
    let squares = 0;
    for (let index = this.#channel; index < values.length; index += channels) {
      const value = values[index]!;
      counts[value]!++;
      const distance = value - origin;
      sum += distance;
      squares += distance * distance;
    }
    const count = values.length / channels;
    if (count === 0) return;
    const variance = Math.max(0, squares / count - (sum / count) ** 2);
    this.#moments.add(count, { mean: origin + sum / count, deviation: Math.sqrt(variance) });
  }

  finish(): ChannelStatistics {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    const quantile = (share: number) => this.#ranked(Math.floor(share * Math.max(0, total - 1)));
    const isSeen = this.#elsewhere.map((seen, symbol) => (this.counts[symbol]! > 0 ? 1 : seen));
    return {
      ...this.#moments.finish(),
      median: quantile(0.5),
      quartileRange: quantile(0.75) - quantile(0.25),
      minimum: Math.max(0, isSeen.indexOf(1)),
      maximum: Math.max(0, isSeen.lastIndexOf(1)),
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
