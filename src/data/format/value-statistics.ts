/** The statistics of a dataset's values, gathered while they are written in their final order. */

import { PAIR_SYMBOLS } from '../scaling/byte-pairs.ts';
import type { ChannelTally } from '../scaling/channel-statistics.ts';
import { RealSums } from '../scaling/real-sums.ts';
import { RealTally } from '../scaling/real-tally.ts';
import { SymbolTally } from '../scaling/symbol-tally.ts';
import type { StoreManifest, ValueType } from './store.ts';
import type { StoredValues } from './values.ts';

/** What the manifest says of the values. */
export type ValueSummary = Pick<
  StoreManifest,
  | 'channels'
  | 'channelStatistics'
  | 'valueRange'
  | 'symbolCounts'
  | 'transitionCounts'
  | 'meanValue'
>;

/** Add every sequence once, then `finish`. */
export class ValueStatistics {
  readonly #valueType: ValueType;
  readonly #channels: readonly ChannelTally[];
  readonly #sums = new RealSums();
  #trainSum = 0;
  /** Real values of the training split that are not missing. */
  #trainValues = 0;

  /** @param channels values of one timestep */
  constructor(valueType: ValueType, channels: number) {
    this.#valueType = valueType;
    const Tally = valueType === 'float32' ? RealTally : SymbolTally;
    this.#channels = Array.from({ length: channels }, (_, channel) => new Tally(channel, channels));
  }

  /** @param values of one sequence */
  add(values: StoredValues, isTraining: boolean): void {
    for (const channel of this.#channels) channel.add(values, isTraining);
    if (!isTraining || !(values instanceof Float32Array)) return;
    const { total, count } = this.#sums.sums(values);
    this.#trainSum += total;
    this.#trainValues += count;
  }

  /** `[symbols · symbols]`, row-major; empty for more than `PAIR_SYMBOLS`, or for several channels. */
  #transitions(symbols: number): number[] {
    const [tally, other] = this.#channels;
    if (symbols > PAIR_SYMBOLS || other || !(tally instanceof SymbolTally)) return [];
    const { pairs } = tally;
    const row = (from: number) => from * PAIR_SYMBOLS;
    return Array.from({ length: symbols }, (_, from) => [
      ...pairs.subarray(row(from), row(from) + symbols),
    ]).flat();
  }

  /** How often each symbol occurs in the training split, in any channel. */
  #symbols(symbols: number): number[] {
    const tallies = this.#channels.filter((channel) => channel instanceof SymbolTally);
    const counts = tallies.map((tally) => tally.counts());
    return Array.from({ length: symbols }, (_, symbol) =>
      counts.reduce((sum, ofChannel) => sum + ofChannel[symbol]!, 0),
    );
  }

  /** The statistics of all added sequences, at least one. */
  finish(): ValueSummary {
    const isInteger = this.#valueType !== 'float32';
    const channelStatistics = this.#channels.map((channel) => channel.finish());
    const minimum = Math.min(...channelStatistics.map((channel) => channel.minimum));
    const maximum = Math.max(...channelStatistics.map((channel) => channel.maximum));
    const symbolCounts = isInteger ? this.#symbols(maximum + 1) : [];
    return {
      channels: channelStatistics.length,
      channelStatistics,
      valueRange: { minimum, maximum },
      symbolCounts,
      transitionCounts: this.#transitions(maximum + 1),
      meanValue: isInteger ? meanOfCounts(symbolCounts) : meanOf(this.#trainSum, this.#trainValues),
    };
  }
}

/** Exact, as sums of integers are below 2⁵³. */
function meanOfCounts(symbolCounts: readonly number[]): number {
  const sum = symbolCounts.reduce((total, count, symbol) => total + count * symbol, 0);
  const count = symbolCounts.reduce((total, count) => total + count, 0);
  return meanOf(sum, count);
}

const meanOf = (sum: number, count: number): number => (count === 0 ? 0 : sum / count);
