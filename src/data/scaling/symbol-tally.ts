import { BytePairs, PAIR_SYMBOLS, type Sums } from './byte-pairs.ts';
import type { ChannelStatistics, ChannelTally } from './channel-statistics.ts';
import { TrainingMoments } from './running-moments.ts';

const SYMBOLS = 65_536;

/** The statistics of a channel of integers in [0, 65 536): counts and sums, all exact. */
export class SymbolTally implements ChannelTally {
  readonly #channel: number;
  readonly #channels: number;
  readonly #moments = new TrainingMoments();
  /** Of the other splits. */
  #least = SYMBOLS;
  #most = 0;
  /** How often each symbol occurs in the training split, without those that `pairs` counts. */
  readonly #counts = new Float64Array(SYMBOLS);
  readonly #pairs = new Float64Array(PAIR_SYMBOLS ** 2);
  readonly #bytePairs = new BytePairs();

  /** @param channels number of channels of the sequences */
  constructor(channel: number, channels: number) {
    this.#channel = channel;
    this.#channels = channels;
  }

  /** Of one channel, how often a symbol follows another in the training split: row-major. */
  get pairs(): Float64Array {
    this.#bytePairs.moveInto(this.#pairs, this.#counts);
    return this.#pairs;
  }

  add(values: ArrayLike<number>, isTraining: boolean): void {
    if (isTraining) this.#addTraining(values);
    else this.#addOther(values);
  }

  #addOther(values: ArrayLike<number>): void {
    const { least, most } =
      this.#channels === 1 && values instanceof Uint8Array && values.length > 0
        ? this.#bytePairs.bounds(values)
        : this.#boundsOf(values);
    this.#least = Math.min(this.#least, least);
    this.#most = Math.max(this.#most, most);
  }

  #boundsOf(values: ArrayLike<number>): { least: number; most: number } {
    let [least, most] = [SYMBOLS, 0];
    for (let index = this.#channel; index < values.length; index += this.#channels) {
      const value = values[index]!;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    return { least, most };
  }

  /** Distances from the first value are integers, so their sums are exact below 2⁵³. */
  #addTraining(values: ArrayLike<number>): void {
    const channels = this.#channels;
    const count = values.length / channels;
    if (count === 0) return;
    const origin = values[this.#channel]!;
    const { sum, squares } =
      channels === 1 ? this.#countPairs(values, origin) : this.#countSymbols(values, origin);
    const variance = Math.max(0, squares / count - (sum / count) ** 2);
    this.#moments.add(count, { mean: origin + sum / count, deviation: Math.sqrt(variance) });
  }

  #countSymbols(values: ArrayLike<number>, origin: number): Sums {
    const [counts, channels] = [this.#counts, this.#channels];
    let sum = 0;
    let squares = 0;
    for (let index = this.#channel; index < values.length; index += channels) {
      const value = values[index]!;
      counts[value]!++;
      const distance = value - origin;
      sum += distance;
      squares += distance * distance;
    }
    return { sum, squares };
  }

  /** Each symbol once: with the one ahead of it, or by itself. */
  #countPairs(values: ArrayLike<number>, origin: number): Sums {
    const [counts, pairs] = [this.#counts, this.#pairs];
    if (values instanceof Uint8Array) return this.#bytePairs.add(values, pairs, counts);
    let sum = 0;
    let squares = 0;
    let from = PAIR_SYMBOLS;
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if ((from | value) < PAIR_SYMBOLS) pairs[from * PAIR_SYMBOLS + value]!++;
      else counts[value]!++;
      from = value;
      const distance = value - origin;
      sum += distance;
      squares += distance * distance;
    }
    return { sum, squares };
  }

  /** How often each symbol occurs in the training split. */
  counts(): Float64Array {
    const pairs = this.pairs;
    const counts = this.#counts.slice();
    pairs.forEach((count, pair) => {
      counts[pair % PAIR_SYMBOLS]! += count;
    });
    return counts;
  }

  finish(): ChannelStatistics {
    const counts = this.counts();
    const total = counts.reduce((sum, count) => sum + count, 0);
    const quantile = (share: number) => ranked(counts, Math.floor(share * Math.max(0, total - 1)));
    // Of both kinds of splits; none may have a symbol.
    const isCounted = (count: number) => count > 0;
    const first = total > 0 ? counts.findIndex(isCounted) : SYMBOLS;
    const least = Math.min(first, this.#least);
    return {
      ...this.#moments.finish(),
      median: quantile(0.5),
      quartileRange: quantile(0.75) - quantile(0.25),
      minimum: least < SYMBOLS ? least : 0,
      maximum: Math.max(counts.findLastIndex(isCounted), this.#most),
      missing: 0,
    };
  }
}

/** The value of this rank, from 0, in ascending order. */
function ranked(counts: Float64Array, rank: number): number {
  let below = 0;
  const found = counts.findIndex((count) => {
    below += count;
    return below > rank;
  });
  return Math.max(0, found);
}
