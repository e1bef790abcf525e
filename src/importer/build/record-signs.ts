/** What looks wrong with single records, or is worth a word, while a dataset is made of them. */
import { formatNumber } from '../../core/format.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import type { Split } from '../../data/format/store.ts';
import type { StoredValues } from '../../data/format/values.ts';
import { NameTally, type Tally } from '../../data/info/import-report.ts';
import type { RawRecord } from '../../data/record.ts';
import type { Places } from '../../data/scaling/moments.ts';
import type { FloatFacts } from './float-check.ts';

/** A step between float32 numbers above this share of a sequence's range loses much of its shape. */
const COARSE = 1 / 500;
/** Above this one, next to nothing is left of it. */
const FLAT = 1 / 8;
/** Bits of a float32 behind its first. */
const FRACTION_BITS = 23;
const LEAST_EXPONENT = -126;

/** What was found. */
export interface FoundSigns {
  /** Sequences whose shape float32 is too coarse for; each name has the numbers. */
  readonly rounded: Tally;
  readonly unevenTimes: Tally;
  /** Sequences with integers that float32 rounds; each name has one of them. */
  readonly roundedIntegers: Tally;
  /** Sequences by their sampling rate. */
  readonly sampleRates: ReadonlyMap<number, Tally>;
  /** Names of splits that the source writes in its own way. */
  readonly splitNames: ReadonlyMap<string, Split>;
}

/** Looks at one record after the other. */
export class RecordSigns {
  readonly #rounded = new NameTally(compareUtf8);
  readonly #unevenTimes = new NameTally(compareUtf8);
  readonly #roundedIntegers = new NameTally(compareUtf8);
  readonly #sampleRates = new Map<number, NameTally>();
  readonly #splitNames = new Map<string, Split>();

  /**
   * @param stored the first of the record's values, as the dataset has them
   * @param rounding of them
   * @param facts that are known of them
   */
  look(
    record: RawRecord,
    stored: StoredValues,
    rounding: Rounding | undefined,
    facts?: FloatFacts,
  ): void {
    const { id, values, hasUnevenTimes, sampleRate, split, splitName } = record;
    if (rounding !== undefined) this.#rounded.add(`${id} (${rounding.detail})`);
    const integer = facts?.roundsInteger === false ? undefined : roundedInteger(values, stored);
    if (integer !== undefined) this.#roundedIntegers.add(`${id} (${integer})`);
    if (hasUnevenTimes) this.#unevenTimes.add(id);
    if (sampleRate !== undefined) this.#addRate(sampleRate, id);
    if (splitName !== undefined && split !== undefined) this.#splitNames.set(splitName, split);
  }

  #addRate(rate: number, id: string): void {
    const tally = this.#sampleRates.get(rate) ?? new NameTally(compareUtf8);
    tally.add(id);
    this.#sampleRates.set(rate, tally);
  }

  found(): FoundSigns {
    const rates = [...this.#sampleRates].map(([rate, tally]) => [rate, tally.finish()] as const);
    return {
      rounded: this.#rounded.finish(),
      unevenTimes: this.#unevenTimes.finish(),
      roundedIntegers: this.#roundedIntegers.finish(),
      sampleRates: new Map(rates.sort(([a], [b]) => a - b)),
      splitNames: new Map([...this.#splitNames].sort(([a], [b]) => compareUtf8(a, b))),
    };
  }
}

/** What float32 makes of a shape. */
export interface Rounding {
  /** The numbers. */
  readonly detail: string;
  /** Whether too little of the shape is left to learn of it. */
  readonly isFlat: boolean;
}

/** What float32 makes of a channel whose values lie far from zero and close together; undefined if it is good enough. */
export function coarseRounding(
  raw: ArrayLike<number>,
  stored: StoredValues,
  channels: number,
  facts?: FloatFacts,
): Rounding | undefined {
  if (!(stored instanceof Float32Array) || raw instanceof Float32Array) return undefined;
  for (let channel = 0; channel < channels; channel++) {
    const isKnown = facts !== undefined && channels === 1;
    const { minimum: least, maximum: most } = isKnown
      ? facts
      : boundsOf(raw, { begin: channel, end: stored.length, stride: channels });
    const step = stepAt(Math.max(most, -least));
    const span = most - least;
    if (span > 0 && step > COARSE * span && (facts?.isRounded ?? isRounded(raw, stored))) {
      const detail = `values near ${formatNumber(most)} span ${formatNumber(span)}, in steps of ${formatNumber(step)}`;
      return { detail, isFlat: step > FLAT * span };
    }
  }
  return undefined;
}

function boundsOf(raw: ArrayLike<number>, { begin, end, stride }: Required<Places>) {
  let [minimum, maximum] = [Infinity, -Infinity];
  for (let i = begin; i < end; i += stride) {
    const value = raw[i]!;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return { minimum, maximum };
}

/** From one float32 number to the next. */
const stepAt = (size: number): number =>
  2 ** (Math.max(LEAST_EXPONENT, Math.floor(Math.log2(size))) - FRACTION_BITS);

function isRounded(raw: ArrayLike<number>, stored: Float32Array): boolean {
  return stored.some((value, i) => value !== raw[i] && !Number.isNaN(value));
}

/**
 * The first integer that float32 rounds, and what it becomes; all of them lie beyond 2^24. Any double beyond 2^53 is an
 * integer: it counts where all others are integers, too.
 */
function roundedInteger(raw: ArrayLike<number>, stored: StoredValues): string | undefined {
  if (!(stored instanceof Float32Array) || raw instanceof Float32Array) return undefined;
  let beyond: number | undefined;
  for (let i = 0; i < stored.length; i++) {
    const value = raw[i]!;
    if (stored[i] === value || !Number.isInteger(value)) continue;
    if (Number.isSafeInteger(value)) return becomes(value, stored[i]!);
    beyond ??= i;
  }
  if (beyond === undefined) return undefined;
  for (let i = 0; i < stored.length; i++) if (Math.abs(raw[i]! % 1) > 0) return undefined;
  return becomes(raw[beyond]!, stored[beyond]!);
}

const becomes = (value: number, stored: number): string =>
  `${BigInt(value)} becomes ${BigInt(stored)}`;
