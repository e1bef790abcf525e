/** Gathers the manifest's statistics while the rows are written in their final order. */
import type { ChannelTally } from '../scaling/channel-statistics.ts';
import { RealTally } from '../scaling/real-tally.ts';
import { PAIR_SYMBOLS, SymbolTally } from '../scaling/symbol-tally.ts';
import type { StoreRow } from './arrow-schema.ts';
import type { Split, StoreManifest, ValueType } from './store.ts';
import { UNLABELLED } from './store.ts';
import type { DataTarget } from './target.ts';
import type { StoredValues } from './values.ts';

interface SplitCounts {
  sequences: number;
  tokens: number;
  perClass: number[];
}

type Shape = Pick<StoreManifest, 'valueType' | 'channels' | 'target'>;

type Statistics = Pick<
  StoreManifest,
  | 'channels'
  | 'channelStatistics'
  | 'valueRange'
  | 'symbolCounts'
  | 'transitionCounts'
  | 'meanValue'
  | 'sequences'
  | 'tokens'
  | 'length'
  | 'splits'
>;

/** Add every row once, then `finish`. */
export class StoreStatistics {
  readonly #valueType: ValueType;
  readonly #targetKind: DataTarget['kind'];
  readonly #channels: readonly ChannelTally[];
  readonly #splits: Record<Split, SplitCounts>;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;
  #trainSum = 0;
  /** Real values of the training split that are not missing. */
  #trainValues = 0;

  constructor({ valueType, channels, target }: Shape, classCount: number) {
    this.#valueType = valueType;
    this.#targetKind = target.kind;
    const Tally = valueType === 'float32' ? RealTally : SymbolTally;
    this.#channels = Array.from({ length: channels }, (_, channel) => new Tally(channel, channels));
    const none = (): SplitCounts => ({
      sequences: 0,
      tokens: 0,
      perClass: Array<number>(classCount).fill(0),
    });
    this.#splits = { train: none(), validation: none(), test: none() };
  }

  add(row: StoreRow, values: StoredValues): void {
    const counts = this.#splits[row.split];
    counts.sequences++;
    counts.tokens += row.length;
    for (const label of this.#classesOf(row)) counts.perClass[label]!++;
    this.#shortest = Math.min(this.#shortest, row.length);
    this.#longest = Math.max(this.#longest, row.length);
    const isTraining = row.split === 'train';
    for (const channel of this.#channels) channel.add(values, isTraining);
    if (isTraining && values instanceof Float32Array) this.#addSum(values);
  }

  #classesOf({ label, targets = [] }: StoreRow): readonly number[] {
    if (this.#targetKind === 'classes') return targets;
    return this.#targetKind === 'class' && label !== UNLABELLED ? [label] : [];
  }

  /** Where each timestep has a class, timesteps are what is counted of it. */
  addTimestepLabels({ split }: StoreRow, labels: ArrayLike<number>): void {
    const { perClass } = this.#splits[split];
    for (let step = 0; step < labels.length; step++) {
      if (labels[step] !== UNLABELLED) perClass[labels[step]!]!++;
    }
  }

  #addSum(values: Float32Array): void {
    let sum = 0;
    let count = 0;
    for (let place = 0; place < values.length; place++) {
      const value = values[place]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    this.#trainSum += sum;
    this.#trainValues += count;
  }

  /** `[symbols · symbols]`, row-major; empty for more than `PAIR_SYMBOLS`, or for several channels. */
  #transitions(symbols: number): number[] {
    const [tally, other] = this.#channels;
    if (symbols > PAIR_SYMBOLS || other || !(tally instanceof SymbolTally)) return [];
    const row = (from: number) => from * PAIR_SYMBOLS;
    return Array.from({ length: symbols }, (_, from) => [
      ...tally.pairs.subarray(row(from), row(from) + symbols),
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

  /** The statistics of all added rows, at least one. */
  finish(): Statistics {
    const { train, validation, test } = this.#splits;
    const integer = this.#valueType !== 'float32';
    const channelStatistics = this.#channels.map((channel) => channel.finish());
    const minimum = Math.min(...channelStatistics.map((channel) => channel.minimum));
    const maximum = Math.max(...channelStatistics.map((channel) => channel.maximum));
    const symbolCounts = integer ? this.#symbols(maximum + 1) : [];
    return {
      channels: channelStatistics.length,
      channelStatistics,
      valueRange: { minimum, maximum },
      symbolCounts,
      transitionCounts: this.#transitions(maximum + 1),
      meanValue: integer ? meanOfCounts(symbolCounts) : meanOf(this.#trainSum, this.#trainValues),
      sequences: train.sequences + validation.sequences + test.sequences,
      tokens: train.tokens + validation.tokens + test.tokens,
      length: { minimum: this.#shortest, maximum: this.#longest },
      splits: { train, validation, test },
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
